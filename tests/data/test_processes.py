"""Work shared out to processes: in order, and clear where one of them dies."""

import os
import signal

import pytest

from cleanplate.errors import DataError
from cleanplate.utils.parallel import ITEMS_PER_PROCESS, mapped


def process_of(_: int) -> int:
    return os.getpid()


def doubled(item: int) -> int:
    return 2 * item


def killed(item: int) -> int:
    if item == 100:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def broken(item: int) -> int:
    if item == 100:
        raise DataError("a.jpg: cannot be written")
    return item


MANY = range(2 * ITEMS_PER_PROCESS)


def test_results_come_in_order() -> None:
    assert list(mapped(doubled, MANY, 2)) == [2 * item for item in MANY]


def test_few_items_stay_in_this_process() -> None:
    assert set(mapped(process_of, MANY[:-1], 2)) == {os.getpid()}
    assert os.getpid() not in set(mapped(process_of, MANY, 2))


def test_a_process_that_is_killed_is_told() -> None:
    with pytest.raises(DataError, match=r"one of 2 processes was killed; .*data\.workers"):
        list(mapped(killed, MANY, 2))


def test_an_error_arrives_as_it_was_raised() -> None:
    with pytest.raises(DataError, match="^a.jpg: cannot be written$"):
        list(mapped(broken, MANY, 2))
