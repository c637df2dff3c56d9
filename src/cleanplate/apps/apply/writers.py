"""One writer per kind of output: each takes shots until there are no more, and leaves files that are whole."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from cleanplate.apps.apply.mask_video import write_mask_video
from cleanplate.apps.apply.outputs import Target
from cleanplate.apps.apply.table import TableWriter
from cleanplate.data.io.images import read_color, write_image
from cleanplate.data.subsampling import best_of_parts, subsample
from cleanplate.errors import ConfigError, DataError
from cleanplate.report.clips import narrowed, write_gif, write_mp4, write_webm
from cleanplate.report.colours import cut_out, tinted
from cleanplate.report.contact_sheet import sheet_of
from cleanplate.report.frame_result import FrameResult, blurred, center_crop, on_background, with_alpha
from cleanplate.report.scene import Moment
from cleanplate.utils.arrays import Image
from cleanplate.utils.files import atomic_write, unwritable

_GIF_FRAMES = 240
_GIF_WIDTH = 320
_GIF_RATE = 50  # more than this no viewer shows
_FAST_RATE = 12  # of a GIF that leaves frames out
_NOT_H264 = {".gif", ".webm"}
_SHEET_ROWS = 5
_SHEET_CELL = 256


class Writer(Protocol):
    """Consumes shots in a thread of its own."""

    completed: int
    """Frames that are on disk."""

    def __call__(self, shots: Iterator[FrameResult]) -> None:
        """Writes until there are no more."""
        ...


@dataclass(frozen=True)
class Settings:
    """What writers must know.

    Attributes:
        frames_per_second: of the source.
        title: over the contact sheet.
        subtitle: beside it.
        scenery: the picture to put the foreground before, uint8 BGR; `None` where nobody asked for it.
        done: frames that are on disk from an earlier run.
    """

    frames_per_second: float
    title: str
    subtitle: str
    scenery: Image | None = None
    done: int = 0


def writer(target: Target, settings: Settings) -> Writer:
    """The writer of a kind of output."""
    if target.name == "csv":
        return TableWriter(target.path, settings.done)
    if target.name == "sheet":
        return SheetWriter(target.path, settings)
    if target.kind.numbered:
        return PictureWriter(target, settings.done)
    if target.name == "mask-video" and target.path.suffix.lower() not in _NOT_H264:
        return MaskVideoWriter(target.path, settings.frames_per_second)
    return ClipWriter(target.path, _picture_of(target.name, settings), settings.frames_per_second)


class PictureWriter:
    """A numbered picture per frame; of backgrounds only those that differ from the one before."""

    def __init__(self, target: Target, done: int = 0) -> None:
        self.completed = done
        self._folder = target.path
        self._name = target.name

    def __call__(self, shots: Iterator[FrameResult]) -> None:
        """See `Writer`."""
        background: Image | None = None
        for shot in shots:
            if self._name == "backgrounds" and self.completed and background is None:
                background = self._before(shot.number)
            if self._name == "masks":
                self._write(f"bin{shot.number:06d}.png", shot.mask)
            elif self._name == "cutout":
                self._write(f"cut{shot.number:06d}.png", with_alpha(shot.frame, shot.mask))
            elif background is None or not np.array_equal(background, _plate(shot)):
                background = _plate(shot)
                self._write(f"bg{shot.number:06d}.png", background)
            self.completed += 1

    def _before(self, number: int) -> Image | None:
        """The last background that an earlier run has left."""
        earlier = [path for path in self._folder.glob("bg*.png") if path.stem[2:] < f"{number:06d}"]
        return read_color(max(earlier)) if earlier else None

    def _write(self, name: str, picture: Image) -> None:
        work = self._folder / f".part.{name}"
        try:
            write_image(work, picture)
            work.replace(self._folder / name)
        except DataError as error:
            work.unlink(missing_ok=True)
            cause = error.__cause__
            raise unwritable(self._folder / name, cause) if isinstance(cause, OSError) else error from cause
        except OSError as error:
            raise unwritable(self._folder / name, error) from error


class MaskVideoWriter:
    """The masks as a video."""

    def __init__(self, path: Path, frames_per_second: float) -> None:
        self.completed = 0
        self._path = path
        self._rate = _as_fraction(frames_per_second)

    def __call__(self, shots: Iterator[FrameResult]) -> None:
        """See `Writer`."""
        with atomic_write(self._path) as work:
            write_mask_video(work, self._masks(shots), self._rate)

    def _masks(self, shots: Iterator[FrameResult]) -> Iterator[Image]:
        for shot in shots:
            yield shot.mask
            self.completed += 1


class ClipWriter:
    """A video or GIF, encoded as the frames come; a GIF of a long source leaves frames out."""

    def __init__(self, path: Path, picture_of: Callable[[FrameResult], Image], frames_per_second: float) -> None:
        self.completed = 0
        self._path = path
        self._picture_of = picture_of
        self._rate = _as_fraction(frames_per_second)

    def __call__(self, shots: Iterator[FrameResult]) -> None:
        """See `Writer`."""
        pictures = self._counted(shots)
        suffix = self._path.suffix.lower()
        with atomic_write(self._path) as work:
            if suffix == ".gif":
                self._write_gif(work, pictures)
            elif suffix == ".webm":
                write_webm(work, pictures, self._rate)
            else:
                write_mp4(work, pictures, self._rate, preset="veryfast")  # must keep up with the model

    def _write_gif(self, work: Path, pictures: Iterator[Image]) -> None:
        kept, step = subsample((narrowed(picture, _GIF_WIDTH) for picture in pictures), _GIF_FRAMES)
        rate = min(_GIF_RATE, max(1, round(self._rate)))
        write_gif(work, kept, rate if step == 1 else max(_FAST_RATE, math.ceil(rate / step)))

    def _counted(self, shots: Iterator[FrameResult]) -> Iterator[Image]:
        for shot in shots:
            yield self._picture_of(shot)
            self.completed += 1


def _as_fraction(frames_per_second: float) -> Fraction:
    return Fraction(frames_per_second).limit_denominator(1001)


class SheetWriter:
    """A contact sheet of a few frames with much foreground; small pictures of some are held until the end."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.completed = 0
        self._path = path
        self._settings = settings

    def __call__(self, shots: Iterator[FrameResult]) -> None:
        """See `Writer`."""
        chosen = best_of_parts(self._small(shots), _SHEET_ROWS, lambda item: item[0])
        sheet = sheet_of(
            [moment for _, moment in chosen], self._settings.title, self._settings.subtitle, cell_width=_SHEET_CELL
        )
        with atomic_write(self._path) as work:
            write_image(work, sheet)

    def _small(self, shots: Iterator[FrameResult]) -> Iterator[tuple[float, Moment]]:
        for shot in shots:
            pictures = (narrowed(picture, _SHEET_CELL) for picture in (shot.frame, shot.mask, _plate(shot)))
            frame, mask, background = pictures
            # Most of the picture moving is a change of light or a failure, not an object.
            yield (shot.share if shot.share < 0.5 else 0.0), Moment(shot.number, frame, mask, background, None)
            self.completed += 1


def _plate(shot: FrameResult) -> Image:
    if shot.background is None:
        raise DataError(f"frame {shot.number}: no background was asked for")
    return shot.background


def _picture_of(name: str, settings: Settings) -> Callable[[FrameResult], Image]:
    scenery = settings.scenery

    @cache
    def fitted(size: tuple[int, int]) -> Image:
        if scenery is None:
            raise ConfigError("--write replaced: say which picture to put the foreground before: --background PICTURE")
        return center_crop(scenery, size)

    pictures: dict[str, Callable[[FrameResult], Image]] = {
        "mask-video": lambda shot: np.asarray(cv2.cvtColor(shot.mask, cv2.COLOR_GRAY2BGR), np.uint8),
        "overlay": lambda shot: tinted(shot.frame, shot.mask),
        "foreground": lambda shot: cut_out(shot.frame, shot.mask, shot.background),
        "cutout-video": lambda shot: with_alpha(shot.frame, shot.mask),
        "replaced": lambda shot: on_background(
            shot.frame, shot.mask, fitted((shot.frame.shape[0], shot.frame.shape[1]))
        ),
        "blurred": lambda shot: on_background(shot.frame, shot.mask, blurred(_plate(shot))),
    }
    return pictures[name]
