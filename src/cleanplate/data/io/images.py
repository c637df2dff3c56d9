"""Reads and writes pictures; every error names its file."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"})
VIDEO_SUFFIXES = frozenset({".mp4", ".avi", ".gif", ".mkv", ".mov", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv"})

# Without row filters masks are written five times faster, are smaller, and `read_labels` needs no decoder for them.
# OpenCV before 4.12 has no such option.
PNG_UNFILTERED = [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE] if hasattr(cv2, "IMWRITE_PNG_FILTER") else []


def is_picture(path: Path) -> bool:
    """Returns whether a file name is that of a picture; hidden files (macOS writes `._in000001.jpg`) are not."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def read_color(path: Path) -> Image:
    """Reads a picture as BGR.

    Args:
        path: any format OpenCV decodes; grey, alpha and 16-bit pictures are brought to 8-bit colour.

    Returns:
        uint8 `[H, W, 3]`, BGR.

    Raises:
        DataError: if the file is missing, empty or not a picture.
    """
    return _decoded(path, cv2.IMREAD_COLOR)


def read_gray(path: Path) -> Image:
    """Reads a label or mask picture of any format as one channel.

    CDnet sometimes stores ground truth as three equal channels. OpenCV's weights for grey add up to one in fixed point,
    so that the conversion keeps labels exactly.

    Returns:
        uint8 `[H, W]`.

    Raises:
        DataError: if the file is missing, empty or not a picture.
    """
    return _decoded(path, cv2.IMREAD_GRAYSCALE)


def write_image(path: Path, image: Image) -> None:
    """Writes a picture in the format of its suffix; makes its folder if needed.

    Raises:
        DataError: if it cannot be written (no such format, no space, no permission).
    """
    options: list[int] = []
    if path.suffix == ".png":
        options = [cv2.IMWRITE_PNG_COMPRESSION, 1]  # masks compress well at any level; level 1 is several times faster
        if image.ndim == 2:
            options += PNG_UNFILTERED
    elif path.suffix in {".jpg", ".jpeg"}:
        options = [cv2.IMWRITE_JPEG_QUALITY, 95]
    try:
        ok, data = cv2.imencode(path.suffix, image, options)
    except cv2.error as error:
        raise DataError(f"{path}: cannot be encoded as {path.suffix or 'a picture without suffix'}: {error}") from error
    if not ok:
        raise DataError(f"{path}: cannot be encoded as {path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error


def replace_image(target: Path, image: Image) -> None:
    """Writes an image in place of what lies at `target`.

    Raises:
        OSError: if it cannot be written; the old file is untouched then.
    """
    with _temporary(target, image) as temporary:
        temporary.replace(target)


def create_image(target: Path, image: Image) -> bool:
    """Writes an image to a new file; returns `False`, and writes nothing, if the name is taken.

    Raises:
        OSError: if it cannot be written; no part of it is left then.
    """
    if os.path.lexists(target):
        return False
    with _temporary(target, image) as temporary, contextlib.suppress(FileExistsError):
        _rename_to_new(temporary, target)
        return True
    return False


def _decoded(path: Path, flag: int) -> Image:
    # The bytes are read here to distinguish missing, empty and broken files.
    try:
        with path.open("rb", buffering=0) as file:
            data = np.frombuffer(file.read(), dtype=np.uint8)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    if data.size == 0:
        raise DataError(f"{path}: the file is empty")
    try:
        image = cv2.imdecode(data, flag)
    except cv2.error as error:  # a header that claims more pixels than OpenCV allows
        raise DataError(f"{path}: cannot be decoded: {error}") from error
    if image is None:
        raise DataError(f"{path}: not a picture, or a damaged one")
    return np.asarray(image, dtype=np.uint8)


_ORIENTATION, _FIRST_ROTATED = 0x0112, 5
_TAIL = 4096
_ENDS = {
    "JPEG": b"\xff\xd9",
    "PNG": b"IEND",
}  # neither occurs inside the pixels of a JPEG, nor at a PNG's end by chance


def picture_size(path: Path) -> tuple[int, int]:
    """Returns height and width of a picture as `read_color` returns it, after rotation by its EXIF orientation.

    A truncated file is detected, which OpenCV does not do: it fills the rest of a JPEG with grey.

    Raises:
        DataError: if the file is missing, empty, truncated or not a picture.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            width, height = picture.size
            if picture.getexif().get(_ORIENTATION, 1) >= _FIRST_ROTATED:
                width, height = height, width
            mark = _ENDS.get(picture.format or "")
            if mark is not None and mark not in _tail(path):
                picture.load()  # other data may follow the picture; only decoding can tell
    except UnidentifiedImageError as error:
        empty = path.stat().st_size == 0
        raise DataError(f"{path}: {'the file is empty' if empty else 'not a picture, or a damaged one'}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: a damaged picture: {error}") from error
    return height, width


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _TAIL))
        return file.read()


@contextmanager
def _temporary(target: Path, image: Image) -> Iterator[Path]:
    """A complete file beside the target, removed at the end."""
    temporary = target.with_name(f".{target.stem}.part.png")
    try:
        try:
            write_image(temporary, image)
        except DataError as error:
            if isinstance(error.__cause__, OSError):
                raise error.__cause__ from None  # the message would name the temporary file
            raise
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _rename_to_new(temporary: Path, target: Path) -> None:
    """Gives a file a new name. A hard link fails where a rename would replace somebody's file."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # memory cards and some network drives have no links
        target.open("xb").close()
        try:
            temporary.replace(target)
        except OSError:
            target.unlink(missing_ok=True)
            raise
