"""Whether one video in the CDnet layout is whole, by names and sizes; no picture is decoded."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

_FRAME = re.compile(r"in(\d{6})\.(?:jpg|jpeg|png|bmp)")
_TRUTH = re.compile(r"gt(\d{6})\.(?:png|bmp)")
_KNOWN = frozenset({
    "input", "groundtruth", "background", "background.png", "ROI.bmp", "ROI.jpg", "temporalROI.txt",
})  # fmt: skip


def check_video(
    folder: Path, name: str, needs: Sequence[str], *, half_public: bool = False
) -> tuple[list[str], list[str]]:
    """What a video lacks, and what lies in it besides.

    Frames are counted from 1 (or 0, as SBI does) without a gap, and reach as far as temporalROI.txt says. Ground truth
    is there for every frame of the temporal ROI.

    Args:
        folder: `<category>/<video>`.
        name: what to call it.
        needs: what must be in it.
        half_public: ground truth is public for the first half of the temporal ROI only.

    Returns:
        What is missing and what is extra, in words, with the path.
    """
    if not folder.is_dir():
        return [name], []
    missing = [f"{name}/{need}" for need in needs if not _is_filled(folder / need)]
    extra = [f"{name}/{path.name}" for path in sorted(folder.iterdir()) if path.name not in _KNOWN]
    frames, strays, empty = _numbered(folder / "input", _FRAME)
    extra += [f"{name}/input/{stray}" for stray in strays]
    missing += [f"{name}/input/{file}, which is empty" for file in empty]
    span = _temporal_roi(folder / "temporalROI.txt")
    if frames:
        last = max(max(frames), span[1] if span else 0)
        gaps = set(range(1, last + 1)) - frames
        missing += [f"{name}/input/in{run}" for run in _runs(gaps)]
    if "groundtruth" in needs or (folder / "groundtruth").is_dir():
        truths, strays, empty = _numbered(folder / "groundtruth", _TRUTH)
        extra += [f"{name}/groundtruth/{stray}" for stray in strays]
        missing += [f"{name}/groundtruth/{file}, which is empty" for file in empty]
        extra += [f"{name}/groundtruth/gt{run}, without a frame" for run in _runs(truths - frames)]
        if span and truths:
            first, last = span
            last = int((first + last) / 2) - 1 if half_public else last
            missing += [f"{name}/groundtruth/gt{run}" for run in _runs(set(range(first, last + 1)) - truths)]
    return missing, extra


def _numbered(folder: Path, pattern: re.Pattern[str]) -> tuple[set[int], list[str], list[str]]:
    """Numbers of the files that are named by `pattern`; names of the others; names of those that are empty."""
    numbers: set[int] = set()
    strays: list[str] = []
    empty: list[str] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        match = pattern.fullmatch(path.name)
        if match is None:
            strays.append(path.name)
            continue
        numbers.add(int(match[1]))
        if not _is_filled(path):
            empty.append(path.name)
    return numbers, strays, empty


def _is_filled(path: Path) -> bool:
    """Whether something is there: a file of some bytes, a folder of some files."""
    if path.is_dir():
        return any(path.iterdir())
    return path.is_file() and path.stat().st_size > 0


def _temporal_roi(path: Path) -> tuple[int, int] | None:
    words = path.read_text(errors="replace").split() if path.is_file() else []
    if len(words) < 2 or not (words[0].isdecimal() and words[1].isdecimal()):
        return None
    return int(words[0]), int(words[1])


def _runs(numbers: Iterable[int]) -> list[str]:
    """`000012`, or `000012 to 000017` for six in a row."""
    runs = []
    for _, group in groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in group]
        runs.append(f"{members[0]:06d}" + (f" to {members[-1]:06d}" if len(members) > 1 else ""))
    return runs
