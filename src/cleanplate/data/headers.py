"""What can be told of a picture file without decoding it."""

from pathlib import Path

from cleanplate.errors import DataError

_ORIENTATION, _LIES_ON_ITS_SIDE = 0x0112, 5
_TAIL = 4096
_ENDS = {
    "JPEG": b"\xff\xd9",
    "PNG": b"IEND",
}  # neither occurs inside the pixels of a JPEG, nor at a PNG's end by chance


def picture_size(path: Path) -> tuple[int, int]:
    """Height and width of a picture as `read_color` gives it, which turns photographs the way they were held.

    A file that was cut off is noticed: OpenCV would fill the rest of a JPEG with grey and say nothing.

    Raises:
        DataError: if the file is missing, empty, no picture, or cut off.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            width, height = picture.size
            if picture.getexif().get(_ORIENTATION, 1) >= _LIES_ON_ITS_SIDE:
                width, height = height, width
            mark = _ENDS.get(picture.format or "")
            if mark is not None and mark not in _tail(path):
                picture.load()  # something else may follow the picture: then only decoding tells
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
