"""A written scene reads back as what was rendered."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from cleanplate.errors import DataError
from cleanplate.scenes import SceneSpec, render, roi, temporal_roi, write_scene


@pytest.mark.parametrize(("category", "files"), [("baseline", 1), ("dynamicBackground", 5)])
def test_layout_round_trip(tmp_path: Path, category: str, files: int) -> None:
    spec = SceneSpec(category, "small", height=48, width=64, frames=5)
    folder = tmp_path / spec.scene
    reported: list[int] = []
    write_scene(spec, folder, reported.append)
    assert reported == [1, 2, 3, 4, 5]
    assert {path.name for path in folder.iterdir()} == {
        "input", "groundtruth", "background", "ROI.bmp", "ROI.jpg", "temporalROI.txt",
    }  # fmt: skip
    assert (folder / "temporalROI.txt").read_text() == "{} {}\n".format(*temporal_roi(spec))
    assert np.array_equal(cv2.imread(str(folder / "ROI.bmp"), cv2.IMREAD_GRAYSCALE), roi(spec))
    assert len(list((folder / "background").iterdir())) == files
    held = None
    for number, frame in enumerate(render(spec), start=1):
        image = cv2.imread(str(folder / f"input/in{number:06d}.jpg"))
        assert np.abs(image.astype(int) - frame.image).mean() < 5
        truth = cv2.imread(str(folder / f"groundtruth/gt{number:06d}.png"), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(truth, frame.groundtruth)
        plate = folder / f"background/bg{number:06d}.png"
        held = cv2.imread(str(plate)) if plate.exists() else held
        assert held is not None
        assert np.array_equal(held, frame.background)


def test_an_empty_folder_is_fine_and_a_full_one_is_not(tmp_path: Path) -> None:
    spec = SceneSpec("thermal", "small", height=32, width=32, frames=2)
    write_scene(spec, tmp_path)
    with pytest.raises(DataError, match=str(tmp_path)):
        write_scene(spec, tmp_path)


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scene").write_text("x")
    with pytest.raises(DataError, match="scene"):
        write_scene(SceneSpec("thermal", "small", height=32, width=32, frames=2), tmp_path / "scene")
