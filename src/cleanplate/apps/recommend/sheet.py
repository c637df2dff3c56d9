"""The contact sheet of `cleanplate recommend`: a row per model, a column per frame, the background last."""

from collections.abc import Sequence

import cv2
import numpy as np

from cleanplate.apps.recommend.sample import Sample
from cleanplate.apps.recommend.scene_analysis import WIDTH
from cleanplate.apps.recommend.trial import Trial
from cleanplate.report.clips import narrowed
from cleanplate.report.colours import tinted
from cleanplate.report.contact_sheet import PAPER
from cleanplate.report.text import FAINT, INK, Colour, shortened, width_of, write
from cleanplate.utils.arrays import Image

COLUMNS = 4
_CHOSEN: Colour = (60, 150, 40)
_CELL = 240
_MARGIN, _GAP, _TITLE, _HEADER, _LABEL = 24, 8, 56, 24, 132


def chosen_frames(trials: Sequence[Trial], count: int = COLUMNS) -> list[int]:
    """Returns the indices of frames with much foreground, spread over the sample."""
    whole = [trial.masks for trial in trials if not trial.measured.failed]
    shares = np.median([masks.mean(axis=(1, 2)) for masks in whole], axis=0)
    # Most of the picture moving is a change of light or a failure, not an object.
    worth = np.where(shares < 0.5, shares, 0.0)
    apart = len(worth) // (2 * count)  # the best of two parts may be neighbours, and show the same
    chosen: list[int] = []
    for part in np.array_split(np.arange(len(worth)), min(count, len(worth))):
        rest = [int(place) for place in part if not chosen or place - chosen[-1] >= apart]
        chosen.append(max(rest, key=lambda place: float(worth[place])))
    return chosen


def sheet_of_models(sample: Sample, trials: Sequence[Trial], best: str) -> Image:
    """The sheet.

    Args:
        sample: the frames.
        trials: of which those that did not fail get a row each; the frames alone are the first row.
        best: the name that is marked.

    Returns:
        uint8 BGR `[H, W, 3]`.
    """
    whole = [trial for trial in trials if not trial.measured.failed]
    places = chosen_frames(whole)
    height, width = sample.size
    cell = (_CELL, min(2 * _CELL, max(1, round(_CELL * height / width))))
    columns, rows = len(places) + 1, len(whole) + 1
    pitch = max(cell[1], 48) + _GAP  # three lines of label have room beside a very low picture too
    size = (
        _TITLE + _HEADER + rows * pitch - _GAP + _MARGIN,
        2 * _MARGIN + _LABEL + columns * (cell[0] + _GAP) - _GAP,
    )
    sheet = np.full((*size, 3), PAPER, np.uint8)
    lefts = [_MARGIN + _LABEL + column * (cell[0] + _GAP) for column in range(columns)]
    _headline(sheet, sample, best)
    for left, place in zip(lefts, places, strict=False):
        write(sheet, f"frame {sample.numbers[place]}", left, _TITLE + _HEADER // 2 - 2, 14, FAINT)
    write(sheet, "background", lefts[-1], _TITLE + _HEADER // 2 - 2, 14, FAINT)
    frames = [narrowed(sample.frames[place], WIDTH) for place in places]
    top = _TITLE + _HEADER
    for left, frame in zip(lefts, frames, strict=False):
        _put(sheet, frame, left, top, cell)
    write(sheet, "frames", _MARGIN, top + 10, 15, FAINT)
    for row, trial in enumerate(whole, start=1):
        top = _TITLE + _HEADER + row * pitch
        _label(sheet, trial, top, marked=trial.measured.name == best)
        for left, place, frame in zip(lefts, places, frames, strict=False):
            _put(sheet, tinted(frame, trial.masks[place].astype(np.uint8) * 255), left, top, cell)
        if trial.background is not None:
            _put(sheet, trial.background, lefts[-1], top, cell)
        if trial.measured.name == best:
            corner = (lefts[-1] + cell[0] + 2, top + cell[1] + 2)
            cv2.rectangle(sheet, (lefts[0] - 3, top - 3), corner, _CHOSEN, 2)
    return sheet


def _headline(sheet: Image, sample: Sample, best: str) -> None:
    room = sheet.shape[1] - 2 * _MARGIN
    title = shortened(f"{sample.name}: {best}", 22, room)
    write(sheet, title, _MARGIN, _TITLE // 2 + 2, 22, INK)
    offset = _MARGIN + width_of(title, 22) + 16
    note = f"{len(sample.frames)} frames looked at"
    if offset + width_of(note, 14) <= _MARGIN + room:
        write(sheet, note, offset, _TITLE // 2 + 5, 14, FAINT)


def _label(sheet: Image, trial: Trial, top: int, *, marked: bool) -> None:
    told = trial.measured
    write(sheet, shortened(told.name, 17, _LABEL - 12), _MARGIN, top + 10, 17, _CHOSEN if marked else INK)
    write(sheet, f"{told.frames_per_second:.0f} frames/s", _MARGIN, top + 28, 13, FAINT)
    write(sheet, f"{told.share:.1%} foreground", _MARGIN, top + 44, 13, FAINT)


def _put(sheet: Image, picture: Image, left: int, top: int, cell: tuple[int, int]) -> None:
    way = cv2.INTER_AREA if picture.shape[1] > cell[0] else cv2.INTER_NEAREST
    sheet[top : top + cell[1], left : left + cell[0]] = cv2.resize(picture, cell, interpolation=way)
