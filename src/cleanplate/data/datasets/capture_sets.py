"""Sets taken before a camera: `bkg.png`, the clean plate, then `K.png` and, where it was labelled, `K_mask.png`."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from cleanplate.data.datasets.picture_set import FOREGROUND, Defects, LabelOptions, link
from cleanplate.data.io.images import is_picture, picture_size, read_gray, write_image
from cleanplate.data.io.sources import natural_key
from cleanplate.data.sequence import CLEAN_PLATE
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image

PLATE = "bkg.png"
_MASK = "_mask"
_HALF = 127


def find_sets(root: Path) -> list[Path]:
    """All folders directly below `root` that hold a clean plate, in natural order; or `root` itself if it does."""
    if (root / PLATE).is_file():
        return [root]
    return sorted((path.parent for path in root.glob(f"*/{PLATE}")), key=lambda path: natural_key(path.name))


def write_captured(
    place: Path, folder: Path, options: LabelOptions, progress: Callable[[int], None] = lambda _: None
) -> list[str]:
    """Writes one set into `folder` in the CDnet layout, with links where the files serve as they are.

    Frames that are counted from 0 become counted from 1, as CDnet does. The clean plate is what the user took before
    the frames, for models that want one; it is no truth to score against.

    Args:
        place: the set.
        folder: where to.
        options: of it, `on_corrupt` says what a broken mask does; where it is skipped, its frame is not labelled.
        progress: called with the number of frames done.

    Returns:
        What was met and survived, in words.

    Raises:
        DataError: if there is no clean plate or no frame, a frame is there twice, or a mask is broken.
    """
    picture_size(place / PLATE)
    frames, masks = _numbered(place, ""), _numbered(place, _MASK)
    if not frames:
        raise DataError(f"{place}: no frames in it (0.png, 1.png, …)")
    (folder / "input").mkdir(parents=True, exist_ok=True)
    link(folder / CLEAN_PLATE, place / PLATE)
    shift = 0 if min(frames) else 1
    defects = Defects(options.on_corrupt)
    for done, number in enumerate(sorted(frames), 1):
        path = frames[number]
        link(folder / "input" / f"in{number + shift:06d}{path.suffix.lower()}", path)
        if number in masks:
            _take_mask(masks[number], path, folder / "groundtruth" / f"gt{number + shift:06d}.png", defects)
        progress(done)
    for number in sorted(set(masks) - set(frames)):
        defects.meet(f"{masks[number]}: a mask of no frame")
    return defects.told(folder)


def _numbered(place: Path, ending: str) -> dict[int, Path]:
    """Pictures named by a number and `ending`."""
    found: dict[int, Path] = {}
    for path in sorted(place.iterdir()):
        digits = path.stem.removesuffix(ending)
        if is_picture(path) and digits.isdecimal() and path.stem == digits + ending:
            if int(digits) in found:
                raise DataError(f"{path}: bears the same number as {found[int(digits)].name}; remove one of them")
            found[int(digits)] = path
    return found


def _take_mask(path: Path, frame: Path, target: Path, defects: Defects) -> None:
    """Links a mask, or writes it anew where it is not one channel of 0 and 255."""
    try:
        mask = read_gray(path)
        shape = picture_size(frame)
    except DataError as error:
        if path.name in str(error):
            defects.meet(str(error))
        return  # a broken frame is met, and told, where all are decoded
    if mask.shape != shape:
        defects.meet(f"{path}: is {mask.shape[1]}×{mask.shape[0]}, its frame is {shape[1]}×{shape[0]}")
        return
    clean = _binary(mask)
    target.parent.mkdir(exist_ok=True)
    if np.array_equal(clean, mask) and _is_one_channel(path):
        link(target, path)
    else:
        target.unlink(missing_ok=True)  # a link to the user's own file must not be written through
        write_image(target, clean)


def _binary(mask: Image) -> Image:
    # Some tools store 1 for foreground; others leave grey seams (JPEG, resizing).
    threshold = 0 if mask.max(initial=0) == 1 else _HALF
    return np.where(mask > threshold, np.uint8(FOREGROUND), np.uint8(0))


def _is_one_channel(path: Path) -> bool:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return path.suffix.lower() == ".png" and image is not None and image.ndim == 2 and image.dtype == np.uint8
