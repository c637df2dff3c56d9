"""Results in the layout of a CDnet submission: `<category>/<video>/bin%06d.png`, `background/` beside them."""

from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.data.io.images import read_gray
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image

MASK_VALUES = (0, 127, 255)

Bits = NDArray[np.uint8]


class VideoResults:
    """The results of a method for one video: a mask per frame, and optionally backgrounds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(path.name for path in self.folder.iterdir()) if self.folder.is_dir() else frozenset()

    def mask_path(self, number: int) -> Path:
        """Returns the path of the mask of frame `number`."""
        return self.folder / f"bin{number:06d}.png"

    def has_masks(self) -> bool:
        """Returns whether there is any mask."""
        return next(self.folder.glob("bin*.png"), None) is not None

    def read_mask(self, number: int, shape: tuple[int, ...]) -> Image:
        """Returns the mask of frame `number`.

        Args:
            number: the frame's number on disk.
            shape: height and width it must have.

        Returns:
            uint8 `[H, W]` of 0, 127 (shadow) and 255 (foreground).

        Raises:
            DataError: if the mask is missing, unreadable, of another size, or holds other values.
        """
        mask = self._decoded(number, shape)
        if not _only_foreground(mask):
            _require_mask_values(mask, self.mask_path(number))
        return mask

    def read_foreground(self, number: int, shape: tuple[int, ...]) -> Bits:
        """Returns the pixels of frame `number` that are exactly 255, packed eight to a byte as by `np.packbits`.

        This is all that scoring needs of tens of thousands of masks, and packed values are checked almost for free.
        Arguments and errors as in `read_mask`.
        """
        mask = self._decoded(number, shape)
        marked = np.packbits(mask)
        if _set_bits(mask) == 8 * _set_bits(marked):
            return marked
        _require_mask_values(mask, self.mask_path(number))
        return np.packbits(mask == 255)

    def _decoded(self, number: int, shape: tuple[int, ...]) -> Image:
        path = self.mask_path(number)
        # A single call reads and decodes: with several threads, each call waits for the interpreter lock. OpenCV prints
        # a warning for a missing file, so it gets existing files only.
        read = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) if path.name in self._names else None
        mask = _read_existing(path) if read is None else np.asarray(read, dtype=np.uint8)
        if mask.shape != shape:
            raise DataError(
                f"{path}: is {mask.shape[1]}×{mask.shape[0]}, the ground truth is {shape[1]}×{shape[0]}; "
                "masks are scored at the size of the frames"
            )
        return mask

    def backgrounds(self) -> dict[int | None, Path]:
        """Returns estimated backgrounds by frame number (`background/bg%06d.png`), or a single one under `None`."""
        by_frame: dict[int | None, Path] = {
            int(path.stem[2:]): path
            for path in sorted((self.folder / "background").glob("bg*.png"))
            if path.stem[2:].isdigit()
        }
        single = self.folder / "background.png"
        return by_frame or ({None: single} if single.is_file() else {})


class ResultFolder:
    """The results of one method on many videos."""

    def __init__(self, root: Path) -> None:
        """Opens `root`; raises `DataError` if it is not a folder."""
        if not root.is_dir():
            raise DataError(f"{root}: no such folder of results")
        self.root = root

    def scenes(self) -> list[str]:
        """Returns all `category/video` that have a mask or a background, sorted."""
        folders = (path for path in self.root.glob("*/*") if path.is_dir())
        held = (path for path in folders if self._holds_results(VideoResults(path)))
        return sorted(f"{path.parent.name}/{path.name}" for path in held)

    def video(self, scene: str) -> VideoResults:
        """Returns the results of `category/video`."""
        return VideoResults(self.root / scene)

    @staticmethod
    def _holds_results(video: VideoResults) -> bool:
        return video.has_masks() or bool(video.backgrounds())


def _read_existing(path: Path) -> Image:
    try:
        return read_gray(path)
    except DataError as error:
        if path.exists():
            raise
        raise DataError(f"{path}: no such mask; every frame with ground truth needs one") from error


def _only_foreground(mask: Image) -> bool:
    """Returns whether every non-zero pixel is 255, the only value with all eight bits set."""
    return _set_bits(mask) == 8 * cv2.countNonZero(mask)


def _require_mask_values(mask: Image, path: Path) -> None:
    invalid = [value for value in np.unique(mask).tolist() if value not in MASK_VALUES]
    if invalid:
        listed = ", ".join(map(str, invalid[:5])) + (", …" if len(invalid) > 5 else "")
        raise DataError(
            f"{path}: holds the values {listed}; a mask holds only 0 (background), 127 (shadow) and "
            "255 (foreground): threshold after any resizing and store it lossless"
        )


def _set_bits(array: Image) -> int:
    return int(cv2.norm(array, cv2.NORM_HAMMING))
