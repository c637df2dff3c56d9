"""Work done ahead: in order, bounded, and honest about exceptions."""

import threading
from collections.abc import Iterator

import pytest

from cleanplate.utils.parallel import ordered_map
from waiting import HUNG


@pytest.mark.parametrize("threads", [-1, 0, 1, 3, 16])
def test_results_come_in_the_order_of_the_items(threads: int) -> None:
    assert list(ordered_map(lambda item: item * item, range(50), threads)) == [(i, i * i) for i in range(50)]


def test_a_slow_item_holds_its_place() -> None:
    second_is_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert second_is_done.wait(HUNG)
        if item == 1:
            second_is_done.set()
        return item

    assert [item for item, _ in ordered_map(work, range(5), 2)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("threads", [0, 2])
def test_no_items_give_no_results(threads: int) -> None:
    assert list(ordered_map(str, [], threads)) == []


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_at_most_four_items_per_thread_are_in_flight(threads: int) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(100):
            taken += 1
            yield item

    for delivered, _ in enumerate(ordered_map(abs, items(), threads), start=1):
        assert taken - delivered <= 4 * threads


def test_without_threads_nothing_is_done_ahead() -> None:
    done: list[int] = []
    results = ordered_map(done.append, range(10), 0)
    next(results)
    assert done == [0]


@pytest.mark.parametrize("threads", [0, 1, 4])
def test_an_exception_is_raised_at_its_items_turn(threads: int) -> None:
    results = ordered_map(lambda item: 10 // (item - 3), range(20), threads)
    assert [next(results)[0] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        next(results)
    with pytest.raises(StopIteration):
        next(results)


def test_an_exception_of_the_items_themselves_comes_through() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        list(ordered_map(abs, items(), 2))


def test_closing_early_leaves_no_thread_and_begins_nothing_new() -> None:
    before = threading.active_count()
    done: list[int] = []
    results = ordered_map(done.append, range(1000), 2)
    next(results)
    results.close()
    finished = len(done)
    assert finished <= 8
    assert threading.active_count() == before
    assert len(done) == finished


def test_items_that_break_off_come_after_all_that_was_before() -> None:
    def items() -> Iterator[int]:
        yield from range(7)
        raise OSError("no more")

    delivered = []
    with pytest.raises(OSError, match="no more"):
        for item, _ in ordered_map(abs, items(), 3):
            delivered.append(item)
    assert delivered == list(range(7))


@pytest.mark.parametrize("ahead", [1, 2, 5])
def test_no_more_is_in_flight_than_was_asked_for(ahead: int) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(50):
            taken += 1
            yield item

    for delivered, _ in enumerate(ordered_map(abs, items(), 3, ahead=ahead), start=1):
        assert taken - delivered <= ahead


def test_each_thread_is_prepared_once() -> None:
    prepared: set[int] = set()
    count = []

    def prepare() -> None:
        prepared.add(threading.get_ident())
        count.append(1)

    found = [home for _, home in ordered_map(lambda _: threading.get_ident(), range(40), 2, prepare=prepare)]
    assert set(found) <= prepared
    assert len(count) == len(prepared) <= 2
