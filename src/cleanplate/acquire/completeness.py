"""Compares a dataset on disk with its catalogue entry: what is missing and what is extra, part by part.

Files are checked by name and size; no picture is decoded.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from cleanplate.acquire.catalogue import CatalogueEntry
from cleanplate.errors import DataError

ARCHIVES, ORIGINALS, RECORD = "archives", "originals", "cleanplate-download.json"
"""What `cleanplate download` keeps beside a dataset; not part of it."""

_COCO = ("train2017", "val2017")
_FRAME = re.compile(r"in(\d{6})\.(?:jpg|jpeg|png|bmp)")
_TRUTH = re.compile(r"gt(\d{6})\.(?:png|bmp)")
_CDNET_NAMES = frozenset({
    "input", "groundtruth", "background", "background.png", "ROI.bmp", "ROI.jpg", "temporalROI.txt",
})  # fmt: skip


@dataclass(frozen=True)
class Findings:
    """What was found of one part.

    Attributes:
        part: category, or folder.
        complete: number of videos or pictures of which nothing is missing.
        missing: what should be there and is not, or is empty; each with its path below the root.
        extra: what is there and does not belong to the dataset; each with its path below the root.
    """

    part: str
    complete: int
    missing: tuple[str, ...]
    extra: tuple[str, ...]


def check_dataset(entry: CatalogueEntry, root: Path, parts: Sequence[str] = ()) -> list[Findings]:
    """Compares the files below `root` with what the dataset should contain.

    Args:
        entry: from the catalogue.
        root: holds `<category>/<video>`, or `train2017`, `val2017` and `annotations`.
        parts: only these parts; all by default.

    Raises:
        DataError: if there is no such folder or part.
    """
    contents = list(dict.fromkeys(name for part in entry.chosen(parts) for name in part.contents))
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; `cleanplate download {entry.name} --to {root}` makes it")
    findings = check_contents(entry, root, contents)
    return findings if parts else _with_unknown(findings, root)


def check_contents(entry: CatalogueEntry, root: Path, contents: Iterable[str]) -> list[Findings]:
    """As `check_dataset`, for some scenes or folders of the dataset by name."""
    if entry.layout == "coco":
        return [_check_coco(root, name) for name in contents]
    scenes: dict[str, list[str]] = {category: [] for category in entry.counts}
    for name in contents:
        scenes.setdefault(name.split("/")[0], []).append(name)
    return [_check_category(entry, root, category, names) for category, names in scenes.items()]


def _check_category(entry: CatalogueEntry, root: Path, category: str, scenes: Iterable[str]) -> Findings:
    """Checks the videos of one category: the named ones, or their number if the catalogue has only that."""
    folder = root / category
    present = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    named = [scene.split("/")[1] for scene in scenes]
    count = entry.counts.get(category)
    missing: list[str] = []
    extra: list[str] = []
    complete = 0
    for video in named if count is None else present:
        lacks, unknown = check_video(
            folder / video, f"{category}/{video}", entry.required, half_public=category in entry.half_public
        )
        missing += lacks
        extra += unknown
        complete += not lacks
    if count is not None and len(present) < count:
        missing.append(f"{category}: {count - len(present)} of {count} videos")
    listed = {scene for part in entry.parts.values() for scene in part.contents}
    known = {f"{category}/{video}" for video in present} if count is not None else listed
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    extra += [f"{category}/{path.name}" for path in paths if f"{category}/{path.name}" not in known]
    return Findings(category, complete, tuple(missing), tuple(extra))


def check_video(
    folder: Path, name: str, required: Sequence[str], *, half_public: bool = False
) -> tuple[list[str], list[str]]:
    """Compares one video with the CDnet layout.

    Frames are numbered from 1 (or 0, as in SBI) without a gap, at least to the end of temporalROI.txt. Every frame of
    the temporal ROI has ground truth.

    Args:
        folder: `<category>/<video>`.
        name: the name used in the result.
        required: files and folders that must be there.
        half_public: ground truth is public for the first half of the temporal ROI only.

    Returns:
        What is missing and what is extra, in words, with the path.
    """
    if not folder.is_dir():
        return [name], []
    missing = [f"{name}/{file}" for file in required if not _is_filled(folder / file)]
    extra = [f"{name}/{path.name}" for path in sorted(folder.iterdir()) if path.name not in _CDNET_NAMES]
    frames, unknown, empty = _numbered(folder / "input", _FRAME)
    extra += [f"{name}/input/{file}" for file in unknown]
    missing += [f"{name}/input/{file}, which is empty" for file in empty]
    temporal_roi = _temporal_roi(folder / "temporalROI.txt")
    if frames:
        last = max(max(frames), temporal_roi[1] if temporal_roi else 0)
        missing += [f"{name}/input/in{run}" for run in _runs(set(range(1, last + 1)) - frames)]
    if "groundtruth" in required or (folder / "groundtruth").is_dir():
        truths, unknown, empty = _numbered(folder / "groundtruth", _TRUTH)
        extra += [f"{name}/groundtruth/{file}" for file in unknown]
        missing += [f"{name}/groundtruth/{file}, which is empty" for file in empty]
        extra += [f"{name}/groundtruth/gt{run}, without a frame" for run in _runs(truths - frames)]
        if temporal_roi and truths:
            first, last = temporal_roi
            last = int((first + last) / 2) - 1 if half_public else last
            missing += [f"{name}/groundtruth/gt{run}" for run in _runs(set(range(first, last + 1)) - truths)]
    return missing, extra


def _check_coco(root: Path, name: str) -> Findings:
    """Checks a folder of pictures against the list in its annotations; or the annotations themselves."""
    if name == "annotations":
        files = [f"annotations/instances_{split}.json" for split in _COCO]
        missing = [file for file in files if not _is_filled(root / file)]
        return Findings(name, len(files) - len(missing), tuple(missing), ())
    folder = root / name
    if not folder.is_dir():
        return Findings(name, 0, (f"{name}/",), ())
    present = {path.name for path in folder.iterdir() if path.stat().st_size > 0}
    annotations = root / "annotations" / f"instances_{name}.json"
    if not annotations.is_file():
        return Findings(name, len(present), (annotations.relative_to(root).as_posix(),), ())
    listed = _listed_pictures(annotations)
    missing = [f"{name}/{file}" for file in sorted(listed - present)]
    extra = [f"{name}/{file}" for file in sorted(present - listed)]
    return Findings(name, len(listed & present), tuple(missing), tuple(extra))


def _listed_pictures(annotations: Path) -> set[str]:
    try:
        content: Mapping[str, list[dict[str, str]]] = json.loads(annotations.read_text())
        return {image["file_name"] for image in content["images"]}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{annotations}: not the annotations of COCO, or damaged: {error}; fetch it again") from error


def _with_unknown(findings: list[Findings], root: Path) -> list[Findings]:
    """Adds an entry for files beside the parts, if there are any."""
    known = {found.part for found in findings} | {ARCHIVES, ORIGINALS, RECORD}
    unknown = tuple(path.name for path in sorted(root.iterdir()) if path.name not in known)
    return [*findings, Findings("(beside)", 0, (), unknown)] if unknown else findings


def _numbered(folder: Path, pattern: re.Pattern[str]) -> tuple[set[int], list[str], list[str]]:
    """Numbers of the files that match `pattern`, names of the other files, and names of the empty ones."""
    numbers: set[int] = set()
    unknown: list[str] = []
    empty: list[str] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        match = pattern.fullmatch(path.name)
        if match is None:
            unknown.append(path.name)
            continue
        numbers.add(int(match[1]))
        if not _is_filled(path):
            empty.append(path.name)
    return numbers, unknown, empty


def _is_filled(path: Path) -> bool:
    """Whether the path is a non-empty file or a non-empty folder."""
    if path.is_dir():
        return any(path.iterdir())
    return path.is_file() and path.stat().st_size > 0


def _temporal_roi(path: Path) -> tuple[int, int] | None:
    words = path.read_text(errors="replace").split() if path.is_file() else []
    if len(words) < 2 or not (words[0].isdecimal() and words[1].isdecimal()):
        return None
    return int(words[0]), int(words[1])


def _runs(numbers: Iterable[int]) -> list[str]:
    """Consecutive numbers in words: `000012`, or `000012 to 000017`."""
    runs = []
    for _, group in groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in group]
        runs.append(f"{members[0]:06d}" + (f" to {members[-1]:06d}" if len(members) > 1 else ""))
    return runs
