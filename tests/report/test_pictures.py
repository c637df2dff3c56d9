"""Contact sheets show what is right and wrong; scenes choose frames that have something to show."""

from pathlib import Path

import numpy as np
import pytest
from tests.report.scenes import FRAMES, HEIGHT, WIDTH, write_predictions, write_sequence

from cleanplate.data import open_sequence
from cleanplate.errors import DataError
from cleanplate.report.colours import EMPTY, FALSE_ALARM, HIT, IGNORED, LEGEND, MISS, cut_out, error_picture, tinted
from cleanplate.report.contact_sheet import PAPER, contact_sheet
from cleanplate.report.scene import SceneResult
from cleanplate.report.text import shortened, width_of


@pytest.fixture(params=[True, False], ids=["truth", "no truth"])
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> SceneResult:
    write_sequence(tmp_path / "baseline/square", truth=request.param)
    write_predictions(tmp_path / "predictions")
    return SceneResult(open_sequence(tmp_path / "baseline/square"), tmp_path / "predictions")


def test_colours_of_right_and_wrong() -> None:
    truth = np.array([[255, 255, 0, 0, 50, 85, 170, 255]], np.uint8)
    mask = np.array([[255, 127, 255, 127, 255, 255, 0, 255]], np.uint8)
    roi = np.array([[255] * 7 + [0]], np.uint8)
    picture = error_picture(truth, mask, roi)
    expected = [HIT, MISS, FALSE_ALARM, EMPTY, FALSE_ALARM, IGNORED, IGNORED, IGNORED]
    assert [tuple(map(int, pixel)) for pixel in picture[0]] == expected
    assert len(dict(LEGEND)) == 4


def test_the_foreground_keeps_its_pixels() -> None:
    frame = np.full((4, 4, 3), 200, np.uint8)
    mask = np.zeros((4, 4), np.uint8)
    mask[0, 0], mask[1, 1] = 255, 127
    assert cut_out(frame, mask)[0, 0].tolist() == [200] * 3 and cut_out(frame, mask)[1, 1].tolist() == [0] * 3
    on_plate = cut_out(frame, mask, np.full((4, 4, 3), 100, np.uint8))
    assert on_plate[0, 0].tolist() == [200] * 3 and 0 < on_plate[2, 2, 0] < 50
    assert (tinted(frame, mask)[3, 3] == 200).all() and (tinted(frame, mask)[0, 0] != 200).any()


def test_frames_with_foreground_are_chosen(scene: SceneResult) -> None:
    chosen = scene.eventful(3)
    assert len(chosen) == 3 and chosen == sorted(chosen)
    assert all(scene.activity(number) > 0 for number in chosen)
    window = scene.liveliest(8)
    assert len(window) == 8 and window[-1] - window[0] == 7 and window[0] > 6
    assert scene.liveliest(1000) == scene.numbers
    assert scene.eventful(100) == scene.numbers


def test_scored_frames_are_those_of_the_temporal_roi(scene: SceneResult) -> None:
    assert scene.numbers == list(range(5 if scene.sequence.truth else 1, FRAMES + 1))


def test_a_held_background_serves_later_frames(scene: SceneResult) -> None:
    background = scene.moment(FRAMES).background
    assert background is not None and background.shape == (HEIGHT, WIDTH, 3)


def test_contact_sheet(scene: SceneResult) -> None:
    sheet = contact_sheet(scene, rows=3, subtitle="median · " + "long " * 60, cell_width=2 * WIDTH)
    columns, footer = (5, 40) if scene.sequence.truth else (3, 24)
    assert sheet.shape == (58 + 26 + 3 * (2 * HEIGHT + 8) - 8 + footer, 48 + 52 + columns * (2 * WIDTH + 8) - 8, 3)
    assert all((sheet[row, column] == PAPER).all() for row in (0, -1) for column in (0, -1))
    colours = {tuple(map(int, colour)) for colour in np.unique(sheet.reshape(-1, 3), axis=0)}
    assert ({FALSE_ALARM, MISS, IGNORED} <= colours) == (scene.sequence.truth is not None)


def test_no_masks_is_an_error(tmp_path: Path) -> None:
    write_sequence(tmp_path / "a/b", truth=False)
    with pytest.raises(DataError, match="holds no mask"):
        SceneResult(open_sequence(tmp_path / "a/b"), tmp_path)


def test_captions_fit() -> None:
    assert shortened("baseline/highway", 15, 1000) == "baseline/highway"
    cut = shortened("baseline/highway", 15, 60)
    assert cut.endswith("…") and width_of(cut, 15) <= 60
