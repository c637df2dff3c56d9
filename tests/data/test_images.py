"""Decoding and encoding: every form of picture comes back as promised, every failure names its file."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from cleanplate.data.io.images import is_picture, read_color, read_gray, write_image
from cleanplate.errors import DataError

LABELS = np.resize(np.array([0, 50, 85, 170, 255], np.uint8), (20, 30))


@pytest.fixture
def picture() -> np.ndarray:
    return cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8), (5, 5), 0)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".ppm"])
def test_a_lossless_picture_comes_back_as_it_was_written(tmp_path: Path, picture: np.ndarray, suffix: str) -> None:
    write_image(tmp_path / "new" / f"a{suffix}", picture)
    np.testing.assert_array_equal(read_color(tmp_path / "new" / f"a{suffix}"), picture)


def test_channels_are_blue_green_red(tmp_path: Path) -> None:
    PillowImage.new("RGB", (4, 3), (10, 20, 30)).save(tmp_path / "a.png")
    assert read_color(tmp_path / "a.png")[0, 0].tolist() == [30, 20, 10]


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_every_level_survives_storage_as_three_equal_channels(tmp_path: Path, suffix: str) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    write_image(tmp_path / f"a{suffix}", cv2.merge([levels] * 3))
    np.testing.assert_array_equal(read_gray(tmp_path / f"a{suffix}"), levels)


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA", "LA"])
def test_labels_are_read_alike_from_every_kind_of_png(tmp_path: Path, mode: str) -> None:
    PillowImage.fromarray(LABELS).convert(mode).save(tmp_path / "gt.png")
    read = read_gray(tmp_path / "gt.png")
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, LABELS)


def test_a_bilevel_mask_is_read_as_0_and_255(tmp_path: Path) -> None:
    PillowImage.fromarray(LABELS).point(lambda level: 255 if level > 100 else 0).convert("1").save(tmp_path / "m.png")
    np.testing.assert_array_equal(read_gray(tmp_path / "m.png"), np.where(LABELS > 100, 255, 0))


@pytest.mark.parametrize(
    "image",
    [np.full((5, 6), 200, np.uint8), np.full((5, 6, 4), 200, np.uint8), np.full((5, 6, 3), 200 * 257, np.uint16)],
)
def test_grey_alpha_and_16_bit_become_8_bit_colour(tmp_path: Path, image: np.ndarray) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), image)
    read = read_color(tmp_path / "a.png")
    assert (read.dtype, read.shape) == (np.uint8, (5, 6, 3))
    assert (read == 200).all()


def test_names_need_not_be_ascii(tmp_path: Path, picture: np.ndarray) -> None:
    write_image(tmp_path / "straße 道路" / "ä.png", picture)
    np.testing.assert_array_equal(read_color(tmp_path / "straße 道路" / "ä.png"), picture)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tif", ".webp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("read", [read_color, read_gray])
def test_a_truncated_picture_is_refused_by_name(tmp_path: Path, picture, suffix: str, share: float, read) -> None:
    write_image(tmp_path / f"cut{suffix}", picture)
    data = (tmp_path / f"cut{suffix}").read_bytes()
    (tmp_path / f"cut{suffix}").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(DataError, match=rf"cut\{suffix}: not a picture, or a damaged one"):
        read(tmp_path / f"cut{suffix}")


def test_an_empty_file_a_missing_one_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    for name, reason in {"empty": "the file is empty", "missing": "No such file", "folder": "Is a directory"}.items():
        with pytest.raises(DataError, match=rf"{name}\.png: .*{reason}"):
            read_color(tmp_path / f"{name}.png")


def test_a_header_that_claims_too_many_pixels_is_refused_by_name(tmp_path: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IEND", b""))
    with pytest.raises(DataError, match=r"bomb\.png"):
        read_color(tmp_path / "bomb.png")


@pytest.mark.parametrize("name", ["a.xyz", "a"])
def test_a_suffix_that_cannot_be_written_is_named(tmp_path: Path, picture: np.ndarray, name: str) -> None:
    with pytest.raises(DataError, match=f"{name}: cannot be encoded"):
        write_image(tmp_path / name, picture)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, picture: np.ndarray) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"file/a\.png: cannot be written"):
        write_image(tmp_path / "file" / "a.png", picture)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("in1.jpg", True), ("IN1.JPG", True), ("._in1.jpg", False), ("Thumbs.db", False), ("notes.txt", False)],
)
def test_pictures_are_known_by_their_names(name: str, expected: bool) -> None:
    assert is_picture(Path(name)) is expected
