"""Whether a set that lies on disk is whole: what is missing and what is extra, by part."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cleanplate.acquire.catalogue import DataSet
from cleanplate.acquire.videos import check_video
from cleanplate.errors import DataError

ARCHIVES, ORIGINALS, RECORD = "archives", "originals", "cleanplate-download.json"
"""What `cleanplate download` keeps beside a set; no part of it."""

_COCO = ("train2017", "val2017")


@dataclass(frozen=True)
class Findings:
    """What was found of one part.

    Attributes:
        part: category, or folder.
        there: videos or pictures that are whole.
        missing: what should be there and is not, or is empty, each with its path below the root.
        extra: what is there and belongs to no set, each with its path below the root.
    """

    part: str
    there: int
    missing: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is missing; what is extra does no harm."""
        return not self.missing


def check_set(data_set: DataSet, root: Path, parts: Sequence[str] = ()) -> list[Findings]:
    """Compares what lies in `root` with what the set should hold.

    Args:
        data_set: from the catalogue.
        root: holds `<category>/<video>`, or `train2017`, `val2017` and `annotations`.
        parts: only these; all by default.

    Raises:
        DataError: if there is no such folder or part.
    """
    holds = list(dict.fromkeys(name for part in data_set.chosen(parts) for name in part.holds))
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; `cleanplate download {data_set.name} --to {root}` makes it")
    found = check_holdings(data_set, root, holds)
    return found if parts else _with_strangers(found, root)


def check_holdings(data_set: DataSet, root: Path, holds: Iterable[str]) -> list[Findings]:
    """The same for some scenes or folders of the set, by name."""
    if data_set.layout == "coco":
        return [_coco(root, name) for name in holds]
    scenes: dict[str, list[str]] = {category: [] for category in data_set.counts}
    for name in holds:
        scenes.setdefault(name.split("/")[0], []).append(name)
    return [_category(data_set, root, category, names) for category, names in scenes.items()]


def _category(data_set: DataSet, root: Path, category: str, scenes: Iterable[str]) -> Findings:
    """Videos of one category: those that are named, or as many as there should be where nobody names them."""
    place = root / category
    lying = sorted(path.name for path in place.iterdir() if path.is_dir()) if place.is_dir() else []
    named = [scene.split("/")[1] for scene in scenes]
    counted = data_set.counts.get(category)
    expected = named if counted is None else lying
    missing: list[str] = []
    extra: list[str] = []
    there = 0
    for video in expected:
        lacks, strange = check_video(
            place / video, f"{category}/{video}", data_set.needs, half_public=category in data_set.half_public
        )
        missing += lacks
        extra += strange
        there += not lacks
    if counted is not None and len(lying) < counted:
        missing.append(f"{category}: {counted - len(lying)} of {counted} videos")
    whole = {scene.split("/")[1] for part in data_set.parts.values() for scene in part.holds if _under(scene, category)}
    known = set(lying) if counted is not None else whole
    strangers = [path for path in sorted(place.iterdir()) if path.name not in known] if place.is_dir() else []
    extra += [path.relative_to(root).as_posix() for path in strangers]
    return Findings(category, there, tuple(missing), tuple(extra))


def _under(scene: str, category: str) -> bool:
    return scene.startswith(f"{category}/")


def _coco(root: Path, name: str) -> Findings:
    """A folder of pictures against the list in its annotations; or the annotations themselves."""
    if name == "annotations":
        wanted = [f"annotations/instances_{split}.json" for split in _COCO]
        lacking = [file for file in wanted if not _is_filled(root / file)]
        return Findings(name, len(wanted) - len(lacking), tuple(lacking), ())
    folder = root / name
    if not folder.is_dir():
        return Findings(name, 0, (f"{name}/",), ())
    lying = {path.name for path in folder.iterdir() if path.stat().st_size > 0}
    listing = root / "annotations" / f"instances_{name}.json"
    if not listing.is_file():
        return Findings(name, len(lying), (listing.relative_to(root).as_posix(),), ())
    wanted_pictures = _pictures(listing)
    lacking = [f"{name}/{file}" for file in sorted(wanted_pictures - lying)]
    extra = [f"{name}/{file}" for file in sorted(lying - wanted_pictures)]
    return Findings(name, len(wanted_pictures & lying), tuple(lacking), tuple(extra))


def _pictures(listing: Path) -> set[str]:
    try:
        content: Mapping[str, list[dict[str, str]]] = json.loads(listing.read_text())
        return {image["file_name"] for image in content["images"]}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{listing}: not the annotations of COCO, or damaged: {error}; fetch it again") from error


def _is_filled(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _with_strangers(found: list[Findings], root: Path) -> list[Findings]:
    """Adds what lies beside the parts, where any does."""
    ours = {findings.part for findings in found} | {ARCHIVES, ORIGINALS, RECORD}
    strangers = tuple(path.name for path in sorted(root.iterdir()) if path.name not in ours)
    return [*found, Findings("(beside)", 0, (), strangers)] if strangers else found
