"""Streams of unknown length in bounded memory: in batches, subsampled evenly, or the best item of each part."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yields the items in lists of `size`; the last one may be shorter."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def subsample(items: Iterable[Item], most: int) -> tuple[list[Item], int]:
    """Returns every item, every second, every fourth, …: at most `most`, evenly spaced, never more in memory.

    Returns:
        The items kept, and the step between them.
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


def best_of_parts(items: Iterable[Item], parts: int, score: Callable[[Item], float]) -> list[Item]:
    """Returns the item of highest score in each of at most `parts` equally long parts; `2 * parts` are in memory."""
    best: list[Item] = []
    length, filled = 1, 0
    for item in items:
        if filled == length or not best:
            if len(best) == 2 * parts:
                best = [max(pair, key=score) for pair in zip(best[::2], best[1::2], strict=True)]
                length *= 2
            best.append(item)
            filled = 1
        else:
            best[-1] = max(best[-1], item, key=score)
            filled += 1
    groups = [best[len(best) * part // parts : len(best) * (part + 1) // parts] for part in range(parts)]
    return [max(group, key=score) for group in groups if group]
