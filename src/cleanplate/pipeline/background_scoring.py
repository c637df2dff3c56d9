"""Scores estimated backgrounds against true ones, by the rules of the scene-background challenge."""

from collections.abc import Callable
from pathlib import Path

from cleanplate.data.io.images import read_color
from cleanplate.data.io.results import VideoResults
from cleanplate.data.sequence import FrameLookup, FrameSequence
from cleanplate.errors import DataError
from cleanplate.metrics.functional.background import BACKGROUND_SIX, best_background_quality
from cleanplate.metrics.functional.cdnet import Metrics
from cleanplate.utils.arrays import Image
from cleanplate.utils.parallel import ordered_map

FRAMES_JUDGED = 20  # a background changes slowly, and its six metrics cost a hundred times a mask's seven


def score_background(sequence: FrameSequence, results: VideoResults, threads: int) -> Metrics | None:
    """The six, averaged over at most 20 frames: every k-th estimate, with the smallest k that gives no more.

    A true background belongs to the frame of its number and those after it, and is compared with that frame's estimate.
    Several true backgrounds are alternatives, of which the one with the highest MS-SSIM counts, where they are named as
    in SBMnet (`GT_background1.jpg`, …) or where there is one estimate for the whole video.

    Returns:
        The six, or `None` where there is no true background or no estimate.

    Raises:
        DataError: for a picture that cannot be read, or an estimate of another size than the truth.
    """
    estimates = results.backgrounds()
    if sequence.plates is None or not estimates:
        return None
    truths_of = _truths(sequence, sequence.plates)
    numbers = list(estimates)[:: -(-len(estimates) // FRAMES_JUDGED)]

    def judge(number: int | None) -> Metrics:
        return _judged(estimates[number], truths_of(number))

    rows = [quality for _, quality in ordered_map(judge, numbers, threads)]
    return {name: sum(row[name] for row in rows) / len(rows) for name in BACKGROUND_SIX}


def _truths(sequence: FrameSequence, plates: FrameLookup) -> Callable[[int | None], list[Path]]:
    """Which true backgrounds an estimate is held against, by its frame number."""
    every = list(dict.fromkeys(path for number in sequence.numbers if (path := plates.path(number)) is not None))
    alternatives = [path for path in every if path.stem.lower().startswith("gt_background")]

    def truths_of(number: int | None) -> list[Path]:
        if alternatives or number is None:
            return alternatives or every[:: -(-len(every) // FRAMES_JUDGED)]
        path = plates.path(number)
        return [] if path is None else [path]

    return truths_of


def _judged(estimate_path: Path, truth_paths: list[Path]) -> Metrics:
    estimate = read_color(estimate_path)
    truths = [_of_size(estimate, estimate_path, path) for path in truth_paths]
    return best_background_quality(estimate, truths)


def _of_size(estimate: Image, estimate_path: Path, path: Path) -> Image:
    truth = read_color(path)
    if truth.shape != estimate.shape:
        raise DataError(
            f"{estimate_path}: is {estimate.shape[1]}×{estimate.shape[0]}, the true background {path} is "
            f"{truth.shape[1]}×{truth.shape[0]}; backgrounds are scored at the size of the frames"
        )
    return truth
