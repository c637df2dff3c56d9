"""One writer per kind of output. Each takes results until there are no more, and leaves complete files."""

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
from cleanplate.data.streams.stream import best_of_parts, subsample
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
    """Consumes results in a thread of its own."""

    completed: int
    """Frames that are on disk."""

    def __call__(self, results: Iterator[FrameResult]) -> None:
        """Writes until there are no more."""
        ...


@dataclass(frozen=True)
class WriterOptions:
    """What writers need to know.

    Attributes:
        frames_per_second: of the source.
        title: over the contact sheet.
        subtitle: beside the title.
        new_background: the picture to put the foreground on, uint8 BGR; `None` where it is not used.
        done: frames that are on disk from an earlier run.
    """

    frames_per_second: float
    title: str
    subtitle: str
    new_background: Image | None = None
    done: int = 0


def writer(target: Target, settings: WriterOptions) -> Writer:
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

    def __call__(self, results: Iterator[FrameResult]) -> None:
        """See `Writer`."""
        background: Image | None = None
        for result in results:
            if self._name == "backgrounds" and self.completed and background is None:
                background = self._before(result.number)
            if self._name == "masks":
                self._write(f"bin{result.number:06d}.png", result.mask)
            elif self._name == "cutout":
                self._write(f"cut{result.number:06d}.png", with_alpha(result.frame, result.mask))
            elif background is None or not np.array_equal(background, _plate(result)):
                background = _plate(result)
                self._write(f"bg{result.number:06d}.png", background)
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

    def __call__(self, results: Iterator[FrameResult]) -> None:
        """See `Writer`."""
        with atomic_write(self._path) as work:
            write_mask_video(work, self._masks(results), self._rate)

    def _masks(self, results: Iterator[FrameResult]) -> Iterator[Image]:
        for result in results:
            yield result.mask
            self.completed += 1


class ClipWriter:
    """A video or GIF, encoded as the frames come; a GIF of a long source leaves frames out."""

    def __init__(self, path: Path, picture_of: Callable[[FrameResult], Image], frames_per_second: float) -> None:
        self.completed = 0
        self._path = path
        self._picture_of = picture_of
        self._rate = _as_fraction(frames_per_second)

    def __call__(self, results: Iterator[FrameResult]) -> None:
        """See `Writer`."""
        pictures = self._counted(results)
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

    def _counted(self, results: Iterator[FrameResult]) -> Iterator[Image]:
        for result in results:
            yield self._picture_of(result)
            self.completed += 1


def _as_fraction(frames_per_second: float) -> Fraction:
    return Fraction(frames_per_second).limit_denominator(1001)


class SheetWriter:
    """A contact sheet of a few frames with much foreground; small pictures of some are held until the end."""

    def __init__(self, path: Path, settings: WriterOptions) -> None:
        self.completed = 0
        self._path = path
        self._settings = settings

    def __call__(self, results: Iterator[FrameResult]) -> None:
        """See `Writer`."""
        chosen = best_of_parts(self._small(results), _SHEET_ROWS, lambda item: item[0])
        sheet = sheet_of(
            [moment for _, moment in chosen], self._settings.title, self._settings.subtitle, cell_width=_SHEET_CELL
        )
        with atomic_write(self._path) as work:
            write_image(work, sheet)

    def _small(self, results: Iterator[FrameResult]) -> Iterator[tuple[float, Moment]]:
        for result in results:
            pictures = (narrowed(picture, _SHEET_CELL) for picture in (result.frame, result.mask, _plate(result)))
            frame, mask, background = pictures
            # Most of the picture moving is a change of light or a failure, not an object.
            yield (result.share if result.share < 0.5 else 0.0), Moment(result.number, frame, mask, background, None)
            self.completed += 1


def _plate(result: FrameResult) -> Image:
    if result.background is None:
        raise DataError(f"frame {result.number}: no background was asked for")
    return result.background


def _picture_of(name: str, settings: WriterOptions) -> Callable[[FrameResult], Image]:
    picture = settings.new_background

    @cache
    def fitted(size: tuple[int, int]) -> Image:
        if picture is None:
            raise ConfigError("--write replaced: say which picture to put the foreground on: --background PICTURE")
        return center_crop(picture, size)

    pictures: dict[str, Callable[[FrameResult], Image]] = {
        "mask-video": lambda result: np.asarray(cv2.cvtColor(result.mask, cv2.COLOR_GRAY2BGR), np.uint8),
        "overlay": lambda result: tinted(result.frame, result.mask),
        "foreground": lambda result: cut_out(result.frame, result.mask, result.background),
        "cutout-video": lambda result: with_alpha(result.frame, result.mask),
        "replaced": lambda result: on_background(
            result.frame, result.mask, fitted((result.frame.shape[0], result.frame.shape[1]))
        ),
        "blurred": lambda result: on_background(result.frame, result.mask, blurred(_plate(result))),
    }
    return pictures[name]
