"""A bounded choice of an endless row: evenly spaced, or one eventful item in each part."""

from collections.abc import Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")


def evenly(items: Iterable[Item], most: int) -> tuple[list[Item], int]:
    """Keeps every item, then every second, every fourth, …, so that never more than `most` are held.

    Returns:
        The items, and of how many one was kept.
    """
    kept: list[Item] = []
    step = 1
    for index, item in enumerate(items):
        if index % step == 0:
            if len(kept) == most:
                kept = kept[::2]
                step *= 2
                if index % step:
                    continue
            kept.append(item)
    return kept, step


def eventful(items: Iterable[Item], parts: int, worth: Callable[[Item], float]) -> list[Item]:
    """Of each of at most `parts` equally long stretches the item that is worth most; holds `2 * parts` of them."""
    best: list[Item] = []
    length, filled = 1, 0
    for item in items:
        if filled == length or not best:
            if len(best) == 2 * parts:
                best = [max(pair, key=worth) for pair in zip(best[::2], best[1::2], strict=True)]
                length *= 2
            best.append(item)
            filled = 1
        else:
            best[-1] = max(best[-1], item, key=worth)
            filled += 1
    groups = [best[len(best) * part // parts : len(best) * (part + 1) // parts] for part in range(parts)]
    return [max(group, key=worth) for group in groups if group]
