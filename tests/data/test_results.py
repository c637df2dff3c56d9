"""The reader of result folders: what it takes, and every fault with its message."""

import cv2
import numpy as np
import pytest

from cleanplate.data.io.results import ResultFolder
from cleanplate.errors import DataError

SHAPE = (6, 8)


@pytest.fixture
def video(tmp_path):
    (tmp_path / "a" / "one").mkdir(parents=True)
    return ResultFolder(tmp_path).video("a/one")


def write(video, mask, number=3):
    cv2.imwrite(str(video.mask_path(number)), np.asarray(mask, np.uint8))


@pytest.mark.parametrize("values", [[0], [255], [0, 255], [0, 127, 255], [127]])
def test_masks_come_back_as_they_were_written(video, values):
    mask = np.resize(np.array(values, np.uint8), SHAPE)
    write(video, mask)
    assert (video.read_mask(3, SHAPE) == mask).all()
    assert (video.read_foreground(3, SHAPE) == np.packbits(mask == 255)).all()


def test_a_mask_of_three_equal_channels_is_a_mask(video):
    mask = np.resize(np.array([0, 127, 255], np.uint8), SHAPE)
    write(video, cv2.merge([mask] * 3))
    assert (video.read_mask(3, SHAPE) == mask).all()


def test_missing_mask(video):
    with pytest.raises(DataError, match=r"a/one/bin000007\.png: no such mask; every frame with ground truth needs one"):
        video.read_mask(7, SHAPE)


def test_wrong_size(video):
    write(video, np.zeros((3, 4)))
    with pytest.raises(DataError, match=r"bin000003\.png: is 4×3, the ground truth is 8×6"):
        video.read_mask(3, SHAPE)


@pytest.mark.parametrize("strange", [1, 15, 126, 128, 129, 170, 254])
@pytest.mark.parametrize("shadow", [0, 127])
def test_one_pixel_of_another_value(video, strange, shadow):
    mask = np.full(SHAPE, 255)
    mask[2, 3], mask[1, 1] = strange, shadow
    write(video, mask)
    for read in (video.read_mask, video.read_foreground):
        with pytest.raises(DataError, match=rf"bin000003\.png: holds the values {strange}; .* 0 \(background\)"):
            read(3, SHAPE)


def test_many_other_values_are_not_all_listed(video):
    write(video, np.arange(48).reshape(SHAPE))
    with pytest.raises(DataError, match=r"the values 1, 2, 3, 4, 5, …;"):
        video.read_mask(3, SHAPE)


@pytest.mark.parametrize(("content", "message"), [(b"", "the file is empty"), (b"no picture", "not a picture")])
def test_unreadable_mask(video, content, message):
    video.mask_path(3).write_bytes(content)
    with pytest.raises(DataError, match=rf"bin000003\.png: {message}"):
        video.read_mask(3, SHAPE)


def test_no_folder(tmp_path):
    with pytest.raises(DataError, match=r"nowhere: no such folder of results"):
        ResultFolder(tmp_path / "nowhere")


def test_scenes_are_folders_that_hold_results(tmp_path, video):
    write(video, np.zeros(SHAPE))
    for name in ("b/two/background/bg000001.png", "b/three/background.png", "b/four/notes.txt", "b/five.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    folder = ResultFolder(tmp_path)
    assert folder.scenes() == ["a/one", "b/three", "b/two"]
    assert list(folder.video("b/two").backgrounds()) == [1]
    assert list(folder.video("b/three").backgrounds()) == [None]
    assert folder.video("a/one").backgrounds() == {}
