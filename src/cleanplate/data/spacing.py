"""A few of many, evenly spaced: the one way in which frames are sampled."""

from collections.abc import Sequence as Listing
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


def evenly_spaced(items: Listing[Item], count: int) -> list[Item]:
    """At most `count` of the items, in order, the first and the last among them.

    Example:
        >>> evenly_spaced(range(9), 3)
        [0, 4, 8]
        >>> evenly_spaced("ab", 5)
        ['a', 'b']
    """
    total = len(items)
    return [items[position] for position in np.linspace(0, total - 1, min(count, total)).round().astype(int).tolist()]
