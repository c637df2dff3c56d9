"""Which bytes may be put together: mirrors, files that change on the server, and a state that is not to be trusted."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from acquire.archives import SIZE, archive_of, lying, noise, tarred, zipped
from acquire.server import Fault, Request, Server
from cleanplate.acquire.fetch import fetch
from cleanplate.acquire.partial import PartFile
from cleanplate.acquire.transfer import TransferOptions
from cleanplate.errors import DataError


def test_mirrors_are_tried_in_order(server: Server, content: bytes, options: TransferOptions, tmp_path: Path) -> None:
    urls = [server.url("/gone.zip"), server.serve("/good.zip", content), server.serve("/unused.zip", content)]
    path, _ = fetch(archive_of(content, *urls), tmp_path, options)
    assert path.read_bytes() == content
    assert {request.path for request in server.requests} == {"/gone.zip", "/good.zip"}


def test_a_mirror_goes_on_with_what_another_brought_because_the_checksum_tells(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    urls = [server.serve("/first.zip", content), server.serve("/second.zip", content)]

    def dies(request: Request) -> Fault | None:
        if request.path != "/first.zip" or request.is_look:
            return None
        return Fault(cut=9000) if len(server.fetched()) == 1 else Fault(status=404)

    server.behave = dies
    path, _ = fetch(archive_of(content, *urls), tmp_path, replace(options, connections=1))
    assert path.read_bytes() == content
    assert [request.start for request in server.fetched() if request.path == "/second.zip"] == [9000]


def test_a_mirror_begins_anew_where_no_checksum_could_tell(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    urls = [server.serve("/first.zip", content), server.serve("/second.zip", content)]

    def dies(request: Request) -> Fault | None:
        if request.path != "/first.zip" or request.is_look:
            return None
        return Fault(cut=9000) if len(server.fetched()) == 1 else Fault(status=404)

    server.behave = dies
    path, _ = fetch(archive_of(content, *urls, checked=False), tmp_path, replace(options, connections=1))
    assert path.read_bytes() == content
    assert [request.start for request in server.fetched() if request.path == "/second.zip"] == [0]


def test_wrong_bytes_of_one_mirror_do_not_spoil_the_next(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    server.behave = lambda request: Fault(body=b"wrong") if request.path == "/bad.zip" and not request.is_look else None
    urls = [server.serve("/bad.zip", content), server.serve("/good.zip", content)]
    path, _ = fetch(archive_of(content, *urls), tmp_path, options)
    assert path.read_bytes() == content


@pytest.mark.parametrize("damage", ["cut", "changed", "page"])
@pytest.mark.parametrize("name", ["set.zip", "set.tar.gz"])
def test_without_a_published_checksum_the_archives_own_tells(
    server: Server, options: TransferOptions, tmp_path: Path, damage: str, name: str
) -> None:
    whole = {"set.zip": zipped, "set.tar.gz": tarred}[name]({"dataset/noise.bin": noise(SIZE)})
    middle = len(whole) // 2
    sent = {
        "cut": whole[:-200],
        "changed": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "page": b"<!DOCTYPE html><title>please log in</title>",
    }[damage]
    with pytest.raises(DataError, match="a web page came" if damage == "page" else "damaged|not a whole archive"):
        fetch(archive_of(whole, server.serve("/x", sent), name=name, checked=False), tmp_path, options)
    assert lying(tmp_path) == set()
    path, verified = fetch(archive_of(whole, server.serve("/x", whole), name=name, checked=False), tmp_path, options)
    assert path.read_bytes() == whole
    assert "own checksums" in verified["by"]


@pytest.mark.parametrize("named", ["etag", "date", "both"])
def test_a_file_that_changes_between_two_ranges_is_fetched_anew(
    server: Server, options: TransferOptions, tmp_path: Path, named: str
) -> None:
    """The same size, so that only the server's name for the version tells."""
    old, new = (zipped({"noise.bin": noise(SIZE, seed)}, stored=True) for seed in (1, 2))
    assert len(old) == len(new)
    server.etags, server.dates = named != "date", named != "etag"

    def changes(request: Request) -> Fault | None:
        if len(server.fetched()) == 3 and server.content["/set.zip"] == old:
            server.content["/set.zip"] = new
            server.date += 60
        return None

    server.behave = changes
    archive = archive_of(new, server.serve("/set.zip", old), checked=False)
    path, _ = fetch(archive, tmp_path, options)
    assert path.read_bytes() == new
    assert all(request.if_range for request in server.fetched())


def test_a_server_that_stops_serving_ranges_is_read_from_the_start(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    server.etags = server.dates = False

    def changes(request: Request) -> Fault | None:
        server.ranges = server.ranges and len(server.fetched()) < 2
        return None

    server.behave = changes
    path, _ = fetch(archive_of(content, server.serve("/set.zip", content)), tmp_path, options)
    assert path.read_bytes() == content


@pytest.mark.parametrize("way", ["If-Range is not heeded", "no name for the version, another size"])
def test_a_file_that_changes_on_a_careless_server_is_fetched_anew(
    server: Server, options: TransferOptions, tmp_path: Path, way: str
) -> None:
    unnamed = way.startswith("no name")
    old, new = (zipped({"noise.bin": noise(SIZE + unnamed * seed, seed)}, stored=True) for seed in (1, 2))
    server.etags = server.dates = not unnamed
    server.heeds_if_range = False

    def changes(request: Request) -> Fault | None:
        if len(server.fetched()) == 3:
            server.content["/set.zip"] = new
            server.date += 60
        return None

    server.behave = changes
    path, _ = fetch(archive_of(new, server.serve("/set.zip", old), checked=False), tmp_path, options)
    assert path.read_bytes() == new


@pytest.mark.parametrize("checked", [True, False])
def test_a_file_that_changes_between_two_runs_is_fetched_anew(
    server: Server, options: TransferOptions, tmp_path: Path, checked: bool
) -> None:
    old, new = (zipped({"noise.bin": noise(SIZE, seed)}, stored=True) for seed in (1, 2))
    one = replace(options, connections=1)
    archive = archive_of(new, server.serve("/set.zip", old), checked=checked)
    server.behave = lambda request: (
        Fault(cut=9000 if len(server.fetched()) == 1 else 0) if not request.is_look else None
    )
    with pytest.raises(DataError):
        fetch(archive, tmp_path, one)
    assert (tmp_path / "set.zip.part").stat().st_size == 9000
    server.behave = lambda request: None
    server.content["/set.zip"] = new
    path, _ = fetch(archive, tmp_path, one)
    assert path.read_bytes() == new


def test_a_file_that_never_stays_the_same_is_given_up(server: Server, options: TransferOptions, tmp_path: Path) -> None:
    versions = [zipped({"noise.bin": noise(SIZE, seed)}, stored=True) for seed in range(20)]

    def changes(request: Request) -> Fault | None:
        server.content["/set.zip"] = versions[request.number % 20]
        return None

    server.behave = changes
    with pytest.raises(DataError, match="changed on the server 3 times"):
        fetch(archive_of(versions[0], server.serve("/set.zip", versions[0]), checked=False), tmp_path, options)
    assert lying(tmp_path) == set()


def test_a_state_that_is_damaged_is_not_trusted(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    for state in ("{", "[]", '{"url": 1}', '{"url": "x", "etag": null, "modified": null, "size": 9, "segments": [7]}'):
        (tmp_path / "set.zip.part").write_bytes(b"x" * 500)
        (tmp_path / "set.zip.part.json").write_text(state)
        path, _ = fetch(archive_of(content, server.serve("/set.zip", content)), tmp_path, options)
        assert path.read_bytes() == content
        assert lying(tmp_path) == {"set.zip"}
        path.unlink()


def test_a_state_that_promises_more_than_is_there_is_not_trusted(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    archive = archive_of(content, server.serve("/set.zip", content))
    server.behave = lambda request: (
        Fault(cut=9000 if len(server.fetched()) == 1 else 0) if not request.is_look else None
    )
    with pytest.raises(DataError):
        fetch(archive, tmp_path, replace(options, connections=1))
    os.truncate(tmp_path / "set.zip.part", 100)
    assert PartFile(tmp_path / "set.zip").load() is None
    server.behave = lambda request: None
    path, _ = fetch(archive, tmp_path, options)
    assert path.read_bytes() == content
