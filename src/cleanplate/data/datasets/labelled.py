"""The sets that are labelled otherwise than CDnet: where their scenes are, how each is brought into its layout."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cleanplate.data.datasets.capture_sets import find_sets, write_captured
from cleanplate.data.datasets.coco import annotations_of, find_exports, find_splits, write_coco, write_export
from cleanplate.data.datasets.labelme import find_labelled, write_labelme
from cleanplate.data.datasets.picture_set import LabelOptions, Progress

Writer = Callable[[Path, Path, LabelOptions, Progress], list[str]]


@dataclass(frozen=True)
class LabelledSet:
    """One way of labelling.

    Attributes:
        find: the folders of its scenes below a root, in natural order.
        wanted: what such a root holds, in words.
        write: brings one scene into the CDnet layout: from, to, options, progress; returns what was survived, in words.
    """

    find: Callable[[Path], list[Path]]
    wanted: str
    write: Writer


def _write_split(place: Path, folder: Path, options: LabelOptions, progress: Progress) -> list[str]:
    return write_coco(annotations_of(place), place, folder, options, progress)


LABELLED = {
    "coco": LabelledSet(find_splits, "<split>/ and annotations/instances_<split>.json", _write_split),
    "capture": LabelledSet(find_sets, "<set>/bkg.png", write_captured),
    "labelme": LabelledSet(find_labelled, "<folder>/ with pictures and a labelme <picture>.json beside", write_labelme),
    "export": LabelledSet(find_exports, "<folder>/ with pictures and a JSON file in COCO's format", write_export),
}


def find_places(kind: str, root: Path) -> dict[str, Path]:
    """The scenes of a set, `<kind>/<folder>`, and where each lies, in natural order."""
    return {f"{kind}/{path.resolve().name}": path for path in LABELLED[kind].find(root)}


def label_files(kind: str, place: Path) -> list[Path]:
    """The files outside `place` that its labels depend on."""
    return [annotations_of(place)] if kind == "coco" else []
