"""Contact sheet of a scene: frames, backgrounds, scores, masks and errors in one picture."""

from collections.abc import Sequence

import cv2
import numpy as np

from cleanplate.report.clips import boxed
from cleanplate.report.colours import LEGEND, error_picture
from cleanplate.report.scene import Moment, SceneResult
from cleanplate.report.text import FAINT, INK, Colour, shortened, width_of, write
from cleanplate.utils.arrays import Image

PAPER: Colour = (250, 250, 250)
_BLANK: Colour = (232, 232, 232)
_MARGIN, _GAP, _TITLE, _HEADER, _FOOTER, _GUTTER = 24, 8, 58, 26, 40, 52


def contact_sheet(
    scene: SceneResult, rows: int = 4, subtitle: str = "", roi: Image | None = None, cell_width: int = 256
) -> Image:
    """A table of pictures: a few eventful frames, and what became of them.

    Args:
        scene: frames and predictions.
        rows: frames to show, spread over the scored range.
        subtitle: model and numbers, beside the title.
        roi: the sequence's region of interest, where pixels outside are not scored.
        cell_width: of one picture in pixels; small frames are enlarged by whole pixels' copies.

    Returns:
        uint8 BGR `[H, W, 3]`. Columns: frame, ground truth, background, mask, errors; without ground truth frame,
        background and mask.
    """
    moments = [scene.moment(number) for number in scene.eventful(rows)]
    region = roi if roi is not None else scene.sequence.roi
    return sheet_of(moments, scene.name, subtitle, region, cell_width)


def sheet_of(
    moments: Sequence[Moment], title: str, subtitle: str = "", roi: Image | None = None, cell_width: int = 256
) -> Image:
    """The table of `contact_sheet` of moments that somebody else chose, at least one."""
    labelled = any(moment.truth is not None for moment in moments)
    titles = ["frame", "ground truth", "background", "mask", "errors"] if labelled else ["frame", "background", "mask"]
    height, width = moments[0].frame.shape[:2]
    cell = (cell_width, max(1, round(cell_width * height / width)))
    sheet_width = 2 * _MARGIN + _GUTTER + len(titles) * (cell[0] + _GAP) - _GAP
    sheet_height = _TITLE + _HEADER + len(moments) * (cell[1] + _GAP) - _GAP + (_FOOTER if labelled else _MARGIN)
    sheet = np.full((sheet_height, sheet_width, 3), PAPER, np.uint8)
    _headline(sheet, title, subtitle)
    for column, heading in enumerate(titles):
        left = _MARGIN + _GUTTER + column * (cell[0] + _GAP)
        write(sheet, heading, left, _TITLE + _HEADER // 2 - 2, 15, INK)
    for row, moment in enumerate(moments):
        top = _TITLE + _HEADER + row * (cell[1] + _GAP)
        write(sheet, str(moment.number), _MARGIN + _GUTTER - 10, top + 9, 13, FAINT, "rm")
        pictures = _pictures(moment, roi)
        for column, heading in enumerate(titles):
            left = _MARGIN + _GUTTER + column * (cell[0] + _GAP)
            picture = pictures[heading]
            place = sheet[top : top + cell[1], left : left + cell[0]]
            alike = moment.frame.shape == moments[0].frame.shape  # still pictures have many sizes
            place[:] = (
                _BLANK if picture is None else _fitted(picture, cell) if alike else boxed(_coloured(picture), cell)
            )
    if labelled:
        _legend(sheet, sheet_height - _FOOTER // 2)
    return sheet


def _pictures(moment: Moment, roi: Image | None) -> dict[str, Image | None]:
    truth = moment.truth
    return {
        "frame": moment.frame,
        "ground truth": truth,
        "background": moment.background,
        "mask": moment.mask,
        "errors": None if truth is None else error_picture(truth, moment.mask, roi),
    }


def _fitted(picture: Image, cell: tuple[int, int]) -> Image:
    picture = _coloured(picture)
    shrinks = picture.shape[1] > cell[0]
    resized = cv2.resize(picture, cell, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST)
    return np.asarray(resized, np.uint8)


def _coloured(picture: Image) -> Image:
    return np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture


def _headline(sheet: Image, title: str, subtitle: str) -> None:
    left, size = _MARGIN + _GUTTER, 24
    write(sheet, title, left, _TITLE // 2 + 4, size, INK)
    offset = left + width_of(title, size) + 18
    room = sheet.shape[1] - _MARGIN - offset
    if subtitle and room > 40:
        write(sheet, shortened(subtitle, 15, room), offset, _TITLE // 2 + 7, 15, FAINT)


def _legend(sheet: Image, middle: int) -> None:
    left = sheet.shape[1] - _MARGIN
    for text, colour in reversed(LEGEND):
        left -= width_of(text, 13)
        write(sheet, text, left, middle, 13, FAINT)
        left -= 20
        cv2.rectangle(sheet, (left, middle - 6), (left + 12, middle + 6), colour, -1)
        cv2.rectangle(sheet, (left, middle - 6), (left + 12, middle + 6), FAINT, 1)
        left -= 18
