"""The fast way to read labels: never another answer than OpenCV's, never silent about a damaged file."""

import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from cleanplate.data.io import label_png
from cleanplate.data.io.images import read_gray, write_image
from cleanplate.data.io.label_png import read_labels
from cleanplate.errors import DataError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RAMP = bytes(np.repeat(np.arange(256, dtype=np.uint8), 3))
LABELS = np.resize(np.array([0, 50, 85, 170, 255], np.uint8), (20, 31))
RANDOM = np.random.default_rng(0).integers(0, 256, (24, 32), dtype=np.uint8)
PNG = cv2.IMWRITE_PNG_FILTER


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def encode(image, *, kind=3, palette=RAMP, before=b"", after=b"", filters=0, interlaced=0, split=1, depth=8) -> bytes:
    """A PNG as CDnet has it, with one thing at a time changed."""
    rows = np.column_stack([np.full(len(image), filters, np.uint8), image]).tobytes()
    packed = zlib.compress(rows)
    step = -(-len(packed) // split)
    header = struct.pack(">IIBBBBB", image.shape[1], image.shape[0], depth, kind, 0, 0, interlaced)
    return b"".join(
        [
            SIGNATURE + chunk(b"IHDR", header) + before,
            chunk(b"PLTE", palette) if kind == 3 else b"",
            after,
            *(chunk(b"IDAT", packed[start : start + step]) for start in range(0, len(packed), step)),
            chunk(b"IEND", b""),
        ]
    )


@pytest.fixture
def slow(monkeypatch) -> list[Path]:
    """The files that the fast way has left to OpenCV."""
    paths: list[Path] = []

    def spy(path: Path):
        paths.append(path)
        return read_gray(path)

    monkeypatch.setattr(label_png, "read_gray", spy)
    return paths


def assert_as_opencv(path: Path) -> np.ndarray:
    read, expected = read_labels(path), cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert read.dtype == np.uint8
    assert read.flags.c_contiguous
    assert read.flags.writeable
    np.testing.assert_array_equal(read, expected)
    return read


@pytest.mark.parametrize("kind", [0, 3])
@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (1, 9), (9, 1), (24, 32)])
@pytest.mark.parametrize("split", [1, 3])
def test_a_plain_picture_is_read_without_opencv(tmp_path: Path, slow, kind: int, shape, split: int) -> None:
    image = np.ascontiguousarray(RANDOM[: shape[0], : shape[1]])
    (tmp_path / "gt.png").write_bytes(encode(image, kind=kind, split=split))
    np.testing.assert_array_equal(assert_as_opencv(tmp_path / "gt.png"), image)
    assert slow == []


@pytest.mark.parametrize(
    "parts",
    [
        {"before": chunk(b"sBIT", b"\5\5\5"), "after": chunk(b"pHYs", struct.pack(">IIB", 3780, 3780, 1))},
        {"before": chunk(b"tIME", struct.pack(">HBBBBB", 2014, 6, 1, 0, 0, 0))},
        {"kind": 0, "before": chunk(b"sBIT", b"\3")},
    ],
)
def test_chunks_that_change_no_level_are_passed_over(tmp_path: Path, slow, parts) -> None:
    (tmp_path / "gt.png").write_bytes(encode(LABELS, **parts))
    np.testing.assert_array_equal(assert_as_opencv(tmp_path / "gt.png"), LABELS)
    assert slow == []


@pytest.mark.parametrize(
    "parts",
    [
        {"palette": bytes(reversed(RAMP))},
        {"palette": np.random.default_rng(1).bytes(768)},
        {"palette": RAMP[:-3]},
        {"after": chunk(b"tRNS", bytes(range(256)))},
        {"kind": 0, "before": chunk(b"tRNS", b"\0\x32")},
        {"before": chunk(b"gAMA", struct.pack(">I", 45455))},
        {"before": chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0")},
        {"before": chunk(b"tEXt", b"Software\0paint")},
        {"filters": 1},
        {"filters": 2},
        {"filters": 3},
        {"filters": 4},
        {"filters": np.resize(np.arange(5, dtype=np.uint8), len(LABELS))},
    ],
)
def test_whatever_is_not_plain_is_left_to_opencv(tmp_path: Path, slow, parts) -> None:
    (tmp_path / "gt.png").write_bytes(encode(LABELS, **parts))
    assert_as_opencv(tmp_path / "gt.png")
    assert slow == [tmp_path / "gt.png"]


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_small_palettes(tmp_path: Path, bits: int) -> None:
    picture = PillowImage.fromarray(RANDOM & ((1 << bits) - 1)).convert("P")
    picture.putpalette([level * 255 // ((1 << bits) - 1) for level in range(1 << bits) for _ in "rgb"])
    picture.save(tmp_path / "gt.png", bits=bits)
    assert_as_opencv(tmp_path / "gt.png")


@pytest.mark.parametrize(
    "image",
    [
        RANDOM.astype(np.uint16) * 257,
        np.dstack([RANDOM, RANDOM[::-1], RANDOM]),
        np.dstack([RANDOM, RANDOM[::-1], RANDOM, RANDOM]),
    ],
    ids=["16-bit", "colour", "alpha"],
)
def test_more_bits_and_channels(tmp_path: Path, slow, image: np.ndarray) -> None:
    cv2.imwrite(str(tmp_path / "gt.png"), image)
    assert_as_opencv(tmp_path / "gt.png")
    assert len(slow) == 1


def test_interlaced_rows_are_left_to_opencv(tmp_path: Path, slow) -> None:
    # Of a 1×1 picture the interlaced form has the same bytes; only the header tells.
    (tmp_path / "gt.png").write_bytes(encode(RANDOM[:1, :1], interlaced=1))
    assert_as_opencv(tmp_path / "gt.png")
    assert len(slow) == 1


@pytest.mark.parametrize("image", [RANDOM, LABELS], ids=["random", "labels"])
@pytest.mark.parametrize("name", ["NONE", "SUB", "UP", "AVG", "PAETH"])
def test_every_filter_that_opencv_writes(tmp_path: Path, slow, image: np.ndarray, name: str) -> None:
    cv2.imwrite(str(tmp_path / "gt.png"), image, [PNG, getattr(cv2, f"IMWRITE_PNG_FILTER_{name}")])
    np.testing.assert_array_equal(assert_as_opencv(tmp_path / "gt.png"), image)
    assert len(slow) == (name != "NONE")


def test_what_this_package_writes_is_plain(tmp_path: Path, slow) -> None:
    write_image(tmp_path / "bin.png", LABELS)
    np.testing.assert_array_equal(assert_as_opencv(tmp_path / "bin.png"), LABELS)
    assert slow == []


def test_a_flipped_byte_is_never_scored_silently(tmp_path: Path) -> None:
    """Wherever one byte of a file is flipped: OpenCV's own answer, or an error that names the file."""
    data, path = encode(RANDOM[:7, :5]), tmp_path / "flipped.png"
    for position in range(len(data)):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x55]) + data[position + 1 :])
        expected = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if expected is None:
            with pytest.raises(DataError, match=r"flipped\.png"):
                read_labels(path)
        else:
            np.testing.assert_array_equal(read_labels(path), expected)


@pytest.mark.parametrize("place", [3, 10, -6])
def test_a_flipped_byte_of_the_pixels_is_an_error(tmp_path: Path, place: int) -> None:
    data = bytearray(encode(RANDOM))
    start = data.index(b"IDAT") + 4
    data[start + place if place > 0 else data.index(b"IEND") - 8 + place] ^= 0x55
    (tmp_path / "flipped.png").write_bytes(data)
    with pytest.raises(DataError, match=r"flipped\.png"):
        read_labels(tmp_path / "flipped.png")


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_an_error(tmp_path: Path, share: float) -> None:
    data = encode(RANDOM)
    (tmp_path / "cut.png").write_bytes(data[: int(len(data) * share)])
    try:
        expected = read_gray(tmp_path / "cut.png")
    except DataError:
        with pytest.raises(DataError, match=r"cut\.png"):
            read_labels(tmp_path / "cut.png")
    else:
        assert share == 0.99  # only the end mark is missing
        np.testing.assert_array_equal(read_labels(tmp_path / "cut.png"), expected)


@pytest.mark.parametrize("rows", [-1, 1])
def test_pixels_that_do_not_fill_the_header_exactly_are_left_to_opencv(tmp_path: Path, slow, rows: int) -> None:
    data = encode(RANDOM)
    header = struct.pack(">IIBBBBB", RANDOM.shape[1], len(RANDOM) + rows, 8, 3, 0, 0, 0)
    (tmp_path / "gt.png").write_bytes(SIGNATURE + chunk(b"IHDR", header) + data[33:])
    try:
        expected = read_gray(tmp_path / "gt.png")
    except DataError:
        with pytest.raises(DataError, match=r"gt\.png"):
            read_labels(tmp_path / "gt.png")
    else:
        np.testing.assert_array_equal(read_labels(tmp_path / "gt.png"), expected)
    assert len(slow) == 1


def test_a_header_that_claims_too_much_is_an_error(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(SIGNATURE + body)
    with pytest.raises(DataError, match=r"bomb\.png"):
        read_labels(tmp_path / "bomb.png")


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    reasons = {"text": "not a picture", "empty": "the file is empty", "missing": "No such", "folder": "Is a directory"}
    for name, reason in reasons.items():
        with pytest.raises(DataError, match=rf"{name}\.png: .*{reason}"):
            read_labels(tmp_path / f"{name}.png")


@pytest.mark.realdata
def test_all_ground_truth_of_canoe(slow) -> None:
    data = os.environ.get("CLEANPLATE_DATA")
    if not data:
        pytest.skip("CLEANPLATE_DATA is not set; it names the folder that holds cdnet/")
    paths = sorted((Path(data) / "cdnet/dynamicBackground/canoe/groundtruth").glob("*.png"))
    assert paths
    for path in paths:
        assert_as_opencv(path)
    assert slow == []
