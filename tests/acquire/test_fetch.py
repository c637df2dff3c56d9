"""Fetching from a server that misbehaves: an archive lies there whole and verified, or not at all."""

import hashlib
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from acquire.archives import archive_of, lying
from acquire.server import Fault, Request, Server
from cleanplate.acquire.fetch import fetch
from cleanplate.acquire.transfer import TransferOptions, split
from cleanplate.errors import DataError
from cleanplate.utils.retry import RetryPolicy
from waiting import HUNG


def test_a_good_server_gives_the_file_in_parts_side_by_side(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    told: list[tuple[int, int | None]] = []
    path, verified = fetch(
        archive_of(content, server.serve("/set.zip", content)), tmp_path, options, lambda *step: told.append(step)
    )
    assert path.read_bytes() == content
    assert lying(tmp_path) == {"set.zip"}
    assert verified["by"] == "md5"
    assert verified["sha256"] == hashlib.sha256(content).hexdigest()
    assert len(server.fetched()) == 4
    assert sorted(request.start for request in server.fetched()) == [len(content) * part // 4 for part in range(4)]
    assert told[0] == (0, len(content))
    assert told[-1] == (len(content), len(content))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_the_parts_really_come_at_the_same_time(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    together = threading.Barrier(4, timeout=HUNG)  # passed by four requests that are under way at a time
    served = server.behave

    def behave(request: Request) -> Fault | None:
        if not request.is_look:
            server.lock.release()
            try:
                together.wait()
            finally:
                server.lock.acquire()
        return served(request)

    server.behave = behave
    path, _ = fetch(archive_of(content, server.serve("/set.zip", content)), tmp_path, options)
    assert path.read_bytes() == content


def test_what_lies_there_and_is_right_is_not_fetched_again(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    archive = archive_of(content, server.serve("/set.zip", content))
    fetch(archive, tmp_path, options)
    count = len(server.requests)
    fetch(archive, tmp_path, options)
    assert len(server.requests) == count


def test_what_lies_there_and_is_wrong_is_replaced(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    (tmp_path / "set.zip").write_bytes(content[:-1])
    path, _ = fetch(archive_of(content, server.serve("/set.zip", content)), tmp_path, options)
    assert path.read_bytes() == content


def test_connections_cut_in_the_middle_are_taken_up_where_they_broke(
    server: Server, content: bytes, options: TransferOptions, pauses: list[float], tmp_path: Path
) -> None:
    server.behave = lambda request: Fault(cut=3000) if not request.is_look and request.number < 12 else None
    path, _ = fetch(archive_of(content, server.serve("/set.zip", content)), tmp_path, options)
    assert path.read_bytes() == content
    assert pauses
    # Taken up, not begun anew: no byte range was asked for twice from its start.
    starts = [request.start for request in server.fetched()]
    assert len(starts) == len(set(starts))


def test_a_line_that_breaks_all_the_time_but_brings_something_is_enough(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    server.behave = lambda request: None if request.is_look else Fault(cut=2048)
    one_by_one = replace(options, connections=1)
    path, _ = fetch(archive_of(content, server.serve("/set.zip", content)), tmp_path, one_by_one)
    assert path.read_bytes() == content
    assert len(server.fetched()) > 2 * options.retry.tries


def test_a_line_that_brings_nothing_ends_with_what_came_kept_for_the_next_time(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    archive = archive_of(content, server.serve("/set.zip", content))
    served = 0

    def dies(request: Request) -> Fault | None:
        nonlocal served
        if request.is_look:
            return None
        served += 1
        return Fault(cut=5000) if served == 1 else Fault(cut=0)

    server.behave = dies
    with pytest.raises(DataError, match=r"gave up after 4 attempts"):
        fetch(archive, tmp_path, replace(options, connections=1))
    assert lying(tmp_path) == {"set.zip.part", "set.zip.part.json"}
    server.behave = lambda request: None
    before = len(server.requests)
    path, _ = fetch(archive, tmp_path, replace(options, connections=1))
    assert path.read_bytes() == content
    assert lying(tmp_path) == {"set.zip"}
    again = [request for request in server.requests[before:] if not request.is_look]
    assert [request.start for request in again] == [5000]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_is_asked_again_with_longer_pauses(
    server: Server, content: bytes, options: TransferOptions, pauses: list[float], tmp_path: Path, status: int
) -> None:
    server.behave = lambda request: Fault(status=status) if request.number <= 3 else None
    path, _ = fetch(archive_of(content, server.serve("/set.zip", content)), tmp_path, options)
    assert path.read_bytes() == content
    assert pauses == [0.75, 1.5, 3.0]  # 1, 2 and 4 seconds, with the jitter of the fixture


def test_a_server_that_says_how_long_to_wait_is_obeyed(
    server: Server, content: bytes, options: TransferOptions, pauses: list[float], tmp_path: Path
) -> None:
    def behave(request: Request) -> Fault | None:
        answers = {1: "7", 2: "Fri, 13 Nov 2026 00:00:30 GMT", 3: "soon"}
        return Fault(status=429, retry_after=answers[request.number]) if request.number in answers else None

    server.behave = behave
    thirteenth = 1794528000.0
    patient = replace(options.retry, now=lambda: thirteenth)
    fetch(archive_of(content, server.serve("/set.zip", content)), tmp_path, replace(options, retry=patient))
    assert pauses == [7.0, 30.0, 3.0]


def test_a_server_that_asks_for_an_hour_is_given_up(
    server: Server, content: bytes, options: TransferOptions, pauses: list[float], tmp_path: Path
) -> None:
    server.behave = lambda request: Fault(status=503, retry_after="3600")
    with pytest.raises(DataError, match="asks to wait 60 minutes"):
        fetch(archive_of(content, server.serve("/set.zip", content)), tmp_path, options)
    assert pauses == []
    assert lying(tmp_path) == set()


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_file_that_is_not_to_be_had_is_told_at_once(
    server: Server, content: bytes, options: TransferOptions, pauses: list[float], tmp_path: Path, status: int
) -> None:
    server.behave = lambda request: Fault(status=status)
    with pytest.raises(DataError, match=rf"set\.zip: cannot be fetched: .*/set\.zip: the server answers {status}"):
        fetch(archive_of(content, server.serve("/set.zip", content)), tmp_path, options)
    assert pauses == []
    assert lying(tmp_path) == set()


def test_wrong_bytes_are_thrown_away(server: Server, content: bytes, options: TransferOptions, tmp_path: Path) -> None:
    server.behave = lambda request: None if request.is_look else Fault(body=b"wrong")
    with pytest.raises(DataError, match=r"md5 is [0-9a-f]{32}, must be"):
        fetch(archive_of(content, server.serve("/set.zip", content)), tmp_path, options)
    assert lying(tmp_path) == set()


def test_a_server_without_ranges_is_read_from_start_to_end(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    server.ranges = False
    cut = iter([Fault(cut=20_000), Fault(cut=30_000), None])
    server.behave = lambda request: None if request.is_look else next(cut)
    path, _ = fetch(archive_of(content, server.serve("/set.zip", content)), tmp_path, options)
    assert path.read_bytes() == content
    assert [request.start for request in server.fetched()] == [None, None, None]


def test_a_server_that_tells_no_length_is_read_to_its_end(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    server.ranges = server.lengths = False
    told: list[int | None] = []
    path, _ = fetch(
        archive_of(content, server.serve("/set.zip", content)), tmp_path, options, lambda _, total: told.append(total)
    )
    assert path.read_bytes() == content
    assert set(told[:1]) == {None}


def test_without_length_a_cut_connection_looks_like_the_end_but_does_not_pass(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    server.ranges = server.lengths = False
    server.behave = lambda request: None if request.is_look else Fault(cut=20_000)
    with pytest.raises(DataError, match=rf"20000 bytes came, it must have {len(content)}"):
        fetch(archive_of(content, server.serve("/set.zip", content)), tmp_path, options)
    assert lying(tmp_path) == set()


def test_a_length_that_is_too_short_or_too_long_does_not_pass(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    server.ranges = False
    for length in (len(content) - 100, len(content) + 100):
        server.behave = lambda request, length=length: Fault(length=length)
        with pytest.raises(DataError, match=rf"offers {length} bytes, the archive has {len(content)}"):
            fetch(archive_of(content, server.serve("/set.zip", content)), tmp_path, options)
        with pytest.raises(DataError, match="not a whole archive|gave up after 4 attempts"):
            fetch(archive_of(content, server.url("/set.zip"), checked=False), tmp_path / "unchecked", options)
        assert lying(tmp_path) <= {"unchecked"}
        assert "set.zip" not in lying(tmp_path / "unchecked")


def test_a_range_of_wrong_length_is_asked_for_again(
    server: Server, content: bytes, options: TransferOptions, tmp_path: Path
) -> None:
    faults = iter([Fault(length=50_000), Fault(length=10)])
    server.behave = lambda request: None if request.is_look else next(faults, None)
    path, _ = fetch(archive_of(content, server.serve("/set.zip", content)), tmp_path, options)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("size", "ranges", "expected"),
    [
        (None, False, [(0, None)]),
        (100_000, False, [(0, 100_000)]),
        (5000, True, [(0, 5000)]),
        (9000, True, [(0, 4500), (4500, 9000)]),
        (100_001, True, [(0, 25_000), (25_000, 50_000), (50_000, 75_000), (75_000, 100_001)]),
        (0, True, [(0, 0)]),
    ],
)  # fmt: skip
def test_a_file_is_split_as_far_as_it_pays(
    options: TransferOptions, size: int | None, ranges: bool, expected: list[tuple[int, int | None]]
) -> None:
    assert [(part.start, part.end) for part in split(size, options, ranges=ranges)] == expected


def test_pauses_grow_are_spread_and_have_a_longest() -> None:
    retry = RetryPolicy(first=1, longest=8, jitter=lambda: 0.0)
    assert [retry.seconds(failures, None) for failures in (1, 2, 3, 4, 5, 400)] == [0.5, 1, 2, 4, 4, 4]
    assert replace(retry, jitter=lambda: 0.999).seconds(1, None) == pytest.approx(1, abs=1e-3)
    assert retry.seconds(5, 20.0) == 20.0
