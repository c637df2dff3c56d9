"""What ends a download from this side: a full disk, Ctrl-C, SIGKILL, a proxy, nobody at the address."""

import errno
import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from acquire.archives import archive_of, lying, noise, zipped
from acquire.server import Fault, Proxy, Server
from cleanplate.acquire.fetch import fetch
from cleanplate.acquire.partial import PartFile
from cleanplate.acquire.transfer import TransferOptions
from cleanplate.errors import DataError
from waiting import wait_until


def test_a_disk_that_is_too_small_is_told_before_anything_is_fetched(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(10**9, 10**9 - 50_000, 50_000))
    with pytest.raises(DataError, match=r"the disk has 50\.0 kB free; make room"):
        fetch(archive_of(content, server.serve("/set.zip", content)), tmp_path, options)
    assert server.fetched() == []
    assert "set.zip" not in lying(tmp_path)


class _FullAfter(io.FileIO):
    """A file on a disk that takes 10 000 bytes more and then none."""

    room = 10_000

    def write(self, data: "memoryview | bytes") -> int:  # type: ignore[override]
        room = self.room - self.tell()
        if room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(memoryview(data)[:room])


def test_a_disk_that_is_full_in_the_middle_ends_in_one_line_and_goes_on_when_there_is_room(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = archive_of(content, server.serve("/set.zip", content))
    one = replace(options, connections=1)
    really = Path.open
    with monkeypatch.context() as full:
        full.setattr(
            Path,
            "open",
            lambda self, mode="r", *rest, **named: (
                _FullAfter(self, "r+") if mode == "r+b" else really(self, mode, *rest, **named)
            ),
        )
        with pytest.raises(DataError, match=r"set\.zip: cannot be written: No space left"):
            fetch(archive, tmp_path, one)
    assert lying(tmp_path) == {"set.zip.part", "set.zip.part.json"}
    before = len(server.requests)
    path, _ = fetch(archive, tmp_path, one)
    assert path.read_bytes() == content
    again = [request for request in server.requests[before:] if not request.is_look]
    assert again[0].start == 10_000


def test_a_really_full_disk(
    server: Server, options: TransferOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same on a file system of one megabyte, where the machine lets one be mounted."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small file system here: {mounted.stderr.decode().strip()}")
    try:
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(10**12, 0, 10**12))  # filled by another meanwhile
        content = zipped({"noise.bin": noise(3 << 20)}, stored=True)
        with pytest.raises(DataError, match=r"set\.zip: cannot be written: No space left"):
            fetch(archive_of(content, server.serve("/set.zip", content)), small, options)
        assert "set.zip" not in lying(small)
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_proxy_that_the_environment_names_is_used(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve("/set.zip", content)
    url = f"http://sets.invalid:{server.port}/set.zip"  # resolves nowhere: only the proxy can reach it
    with Proxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        path, _ = fetch(archive_of(content, url), tmp_path, options)
        assert path.read_bytes() == content
        assert set(proxy.asked) == {url}
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        count = len(proxy.asked)
        fetch(archive_of(content, server.url("/set.zip")), tmp_path / "direct", options)
        assert len(proxy.asked) == count


def test_a_proxy_that_cannot_be_used_is_told(
    content: bytes, options: TransferOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "gopher://127.0.0.1:1")
    with pytest.raises(DataError, match="HTTP_PROXY.*cannot be used"):
        fetch(archive_of(content, "http://127.0.0.1:1/set.zip"), tmp_path, options)


def test_nobody_at_the_address_is_tried_again_and_then_told(
    content: bytes, options: TransferOptions, pauses: list[float], tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"http://127\.0\.0\.1:1/set\.zip: gave up after 4 attempts: .*refused"):
        fetch(archive_of(content, "http://127.0.0.1:1/set.zip"), tmp_path, options)
    assert len(pauses) == 3


def test_without_httpx_the_message_says_what_to_install(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(DataError, match=r"pip install 'cleanplate\[download\]'"):
        fetch(archive_of(content, "http://127.0.0.1:1/set.zip"), tmp_path)


def test_a_process_that_is_killed_leaves_what_the_next_one_takes_up(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    server.serve("/set.zip", content)
    server.behave = lambda request: None if request.is_look else Fault(stall=6000)
    md5 = hashlib.md5(content).hexdigest()
    code = (
        "import sys; from pathlib import Path\n"
        "from cleanplate.acquire.catalogue import Archive\n"
        "from cleanplate.acquire.fetch import fetch\n"
        "from cleanplate.acquire.transfer import TransferOptions\n"
        f"fetch(Archive('set.zip', ({server.url('/set.zip')!r},), md5={md5!r}), Path(sys.argv[1]),\n"
        "      TransferOptions(connections=2, least=4096, save_bytes=1))\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    try:
        file = PartFile(tmp_path / "set.zip")

        def both_parts_have_come_as_far_as_the_server_lets_them() -> bool:
            assert child.poll() is None
            partial = file.load()
            return partial is not None and partial.done == 12_000

        wait_until(both_parts_have_come_as_far_as_the_server_lets_them)
    finally:
        child.kill()
        child.wait()
        server.release.set()
    assert lying(tmp_path) == {"set.zip.part", "set.zip.part.json"}
    before = len(server.requests)
    server.behave = lambda request: None
    path, _ = fetch(archive_of(content, server.url("/set.zip")), tmp_path, options)
    assert path.read_bytes() == content
    assert lying(tmp_path) == {"set.zip"}
    again = [request for request in server.requests[before:] if not request.is_look]
    assert sorted(request.start for request in again) == [6000, len(content) // 2 + 6000]


def test_ctrl_c_keeps_what_has_come(server: Server, content: bytes, options: TransferOptions, tmp_path: Path) -> None:
    server.behave = lambda request: None if request.is_look else Fault(stall=6000)
    archive = archive_of(content, server.serve("/set.zip", content))

    def interrupts(done: int, total: int | None) -> None:
        if done >= 12_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(archive, tmp_path, replace(options, connections=2), interrupts)
    assert lying(tmp_path) == {"set.zip.part", "set.zip.part.json"}
    partial = PartFile(tmp_path / "set.zip").load()
    assert partial is not None
    assert partial.done >= 12_000
    server.release.set()
    server.behave = lambda request: None
    path, _ = fetch(archive, tmp_path, options)
    assert path.read_bytes() == content


def test_a_zip_that_holds_a_bomb_is_refused_before_it_is_read(
    server: Server, options: TransferOptions, tmp_path: Path
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("zeros", bytes(64 << 20))
    with pytest.raises(DataError, match="no honest archive"):
        fetch(archive_of(b"", server.serve("/x", buffer.getvalue()), checked=False), tmp_path, options)
    assert lying(tmp_path) == set()
