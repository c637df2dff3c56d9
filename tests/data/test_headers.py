"""What is told of a picture without decoding it: its size as it was held, and that it was cut off."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cleanplate.data.io.images import picture_size, read_color
from cleanplate.errors import DataError


def photograph(path: Path, orientation: int = 1) -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    grain = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
    Image.fromarray(grain).save(path, exif=exif)
    return path


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "webp", "tif"])
def test_the_size_is_that_of_the_decoded_picture(tmp_path: Path, suffix: str) -> None:
    path = photograph(tmp_path / f"a.{suffix}")
    assert picture_size(path) == read_color(path).shape[:2] == (48, 64)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_as_it_was_held(tmp_path: Path, orientation: int) -> None:
    path = photograph(tmp_path / "a.jpg", orientation)
    assert picture_size(path) == read_color(path).shape[:2]


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.99])
def test_a_picture_that_was_cut_off_is_noticed(tmp_path: Path, suffix: str, kept: float) -> None:
    path = photograph(tmp_path / f"a.{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(DataError, match=rf"a\.{suffix}: "):
        picture_size(path)


def test_what_follows_a_whole_picture_does_not_matter(tmp_path: Path) -> None:
    path = photograph(tmp_path / "a.jpg")
    path.write_bytes(path.read_bytes() + bytes(10_000))
    assert picture_size(path) == (48, 64)


def test_a_header_that_claims_more_pixels_than_there_can_be_is_refused(tmp_path: Path) -> None:
    path = photograph(tmp_path / "a.bmp")
    content = bytearray(path.read_bytes())
    content[18:26] = (60_000).to_bytes(4, "little") * 2
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.bmp: a damaged picture: "):
        picture_size(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read: No such file"), (b"", "the file is empty"), (b"text", "not a picture, or a damaged one")],
)
def test_what_is_no_picture_is_said(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(DataError, match=message):
        picture_size(tmp_path / "a.jpg")
