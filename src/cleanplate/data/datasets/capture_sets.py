"""Captured sets: `bkg.png`, the clean plate, frames `K.png` and, if labelled, masks `K_mask.png`."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from cleanplate.data.datasets.base import LabelledFolders, register
from cleanplate.data.datasets.layout import FOREGROUND, link
from cleanplate.data.datasets.picture_set import Defects, LabelOptions
from cleanplate.data.io.images import is_picture, picture_size, read_gray, write_image
from cleanplate.data.io.sources import natural_key
from cleanplate.data.sequence import CLEAN_PLATE
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image

PLATE = "bkg.png"
MASK = "_mask"
_HALF = 127


@register
class CapturedSets(LabelledFolders):
    """Sets that were taken with a camera, `<root>/<set>/bkg.png`, or a single set as the root."""

    name = "capture"
    contents = "<set>/bkg.png"

    def folders(self, root: Path) -> list[Path]:
        """See `LabelledFolders`."""
        return find_sets(root)

    def write_masks(
        self, place: Path, folder: Path, options: LabelOptions, progress: Callable[[int], None]
    ) -> list[str]:
        """See `LabelledFolders`."""
        return write_captured(place, folder, options, progress)


def find_sets(root: Path) -> list[Path]:
    """Returns all folders directly below `root` with a clean plate, in natural order; or `root` if it has one."""
    if (root / PLATE).is_file():
        return [root]
    return sorted((path.parent for path in root.glob(f"*/{PLATE}")), key=lambda path: natural_key(path.name))


def write_captured(
    place: Path, folder: Path, options: LabelOptions, progress: Callable[[int], None] = lambda _: None
) -> list[str]:
    """Writes one set into `folder` in the CDnet layout, with links to files that can be used unchanged.

    Frames numbered from 0 are renumbered from 1, as in CDnet. The clean plate is a picture that the user took before
    the frames; models may use it, but it is not ground truth.

    Args:
        place: the set.
        folder: the target folder.
        options: only `on_corrupt` is used: with `skip`, the frame of a broken mask is unlabelled.
        progress: called with the number of frames done.

    Returns:
        Defects that were found and tolerated, in words.

    Raises:
        DataError: if there is no clean plate or no frame, two frames have one number, or a mask is broken.
    """
    picture_size(place / PLATE)
    frames, masks = _numbered(place, ""), _numbered(place, MASK)
    if not frames:
        raise DataError(f"{place}: no frames in it (0.png, 1.png, …)")
    (folder / "input").mkdir(parents=True, exist_ok=True)
    link(place / PLATE, folder / CLEAN_PLATE)
    shift = 0 if min(frames) else 1
    defects = Defects(options.on_corrupt)
    for done, number in enumerate(sorted(frames), 1):
        path = frames[number]
        link(path, folder / "input" / f"in{number + shift:06d}{path.suffix.lower()}")
        if number in masks:
            _add_mask(masks[number], path, folder / "groundtruth" / f"gt{number + shift:06d}.png", defects)
        progress(done)
    for number in sorted(set(masks) - set(frames)):
        defects.add(f"{masks[number]}: a mask without a frame")
    return defects.summary(folder)


def _numbered(place: Path, ending: str) -> dict[int, Path]:
    """Returns the pictures whose name is a number and `ending`."""
    found: dict[int, Path] = {}
    for path in sorted(place.iterdir()):
        digits = path.stem.removesuffix(ending)
        if is_picture(path) and digits.isdecimal() and path.stem == digits + ending:
            if int(digits) in found:
                raise DataError(f"{path}: has the same number as {found[int(digits)].name}; remove one of them")
            found[int(digits)] = path
    return found


def _add_mask(path: Path, frame: Path, target: Path, defects: Defects) -> None:
    """Links a mask, or writes a clean copy if it is not a single channel of 0 and 255."""
    try:
        mask = read_gray(path)
        shape = picture_size(frame)
    except DataError as error:
        if path.name in str(error):
            defects.add(str(error))
        return  # a broken frame is reported by `check_frames`
    if mask.shape != shape:
        defects.add(f"{path}: is {mask.shape[1]}×{mask.shape[0]}, its frame is {shape[1]}×{shape[0]}")
        return
    clean = _binary(mask)
    target.parent.mkdir(exist_ok=True)
    if np.array_equal(clean, mask) and _is_one_channel(path):
        link(path, target)
    else:
        target.unlink(missing_ok=True)  # never write through a link to the user's file
        write_image(target, clean)


def _binary(mask: Image) -> Image:
    # Some tools store foreground as 1; others leave grey values at edges (JPEG, resizing).
    threshold = 0 if mask.max(initial=0) == 1 else _HALF
    return np.where(mask > threshold, np.uint8(FOREGROUND), np.uint8(0))


def _is_one_channel(path: Path) -> bool:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return path.suffix.lower() == ".png" and image is not None and image.ndim == 2 and image.dtype == np.uint8
