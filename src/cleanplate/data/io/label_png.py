"""Ground truth as CDnet stores it, read in a third of the time that a general PNG decoder takes.

Scoring is mostly decoding. CDnet's pictures are palette PNGs whose palette maps every level to itself and whose rows
are not filtered: decompressed, their bytes are the labels. OpenCV decodes such a picture of 320×240 in 210 µs, most of
it spent on turning the palette into colour and back; `zlib` alone needs 45 µs and lets other threads run meanwhile.
"""

import re
import struct
import zlib
from pathlib import Path

import numpy as np

from cleanplate.data.io.images import read_gray
from cleanplate.utils.arrays import Image

START = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"
HEADER = struct.Struct(">16xII5s")  # width and height; depth, colour type, compression, filter method, interlacing
CHUNK = struct.Struct(">I4s")
CHECKSUM = struct.Struct(">I")
GREY_RAMP = bytes(level for level in range(256) for _ in "rgb")
# Only chunks that cannot change a level: tRNS, gAMA, eXIf (OpenCV turns the picture by it) and the rest are not for us.
ORDERS = {
    b"\x08\x00\0\0\0": re.compile(rb"IHDR(pHYs|sBIT|tIME)*(IDAT)+IEND"),
    b"\x08\x03\0\0\0": re.compile(rb"IHDR(pHYs|sBIT|tIME)*PLTE(pHYs|tIME)*(IDAT)+IEND"),
}
MAX_BYTES = 1 << 24  # far beyond any frame; keeps a lying header from claiming memory


def read_labels(path: Path) -> Image:
    """Reads a label picture; the same as `read_gray`, faster where the picture is plain.

    Plain is: 8-bit grey, or a palette that maps every level to itself; not interlaced, no row filtered, every checksum
    right. `read_gray` decides about everything else, damaged files included.

    Returns:
        uint8 `[H, W]`.

    Raises:
        DataError: if the file is missing, empty or not a picture.
    """
    try:
        with path.open("rb", buffering=0) as file:
            labels = _plain(file.read())
    except (OSError, struct.error, zlib.error):
        labels = None
    return read_gray(path) if labels is None else labels


def _plain(data: bytes) -> Image | None:
    """The levels of a plain PNG; `None` for any other; `struct.error` or `zlib.error` for some that are damaged."""
    if not data.startswith(START):
        return None
    width, height, form = HEADER.unpack_from(data)
    size = height * (width + 1)  # each row begins with the number of its filter
    if form not in ORDERS or not 0 < width < MAX_BYTES or not 0 < size <= MAX_BYTES:
        return None
    packed = _packed(data, ORDERS[form])
    if packed is None:
        return None
    if zlib.decompressobj().decompress(packed, 1) != b"\0":  # the first row tells of most that are filtered
        return None
    stream = zlib.decompressobj()
    unpacked = stream.decompress(packed, size + 1)
    if len(unpacked) != size or not stream.eof or stream.unused_data:
        return None
    rows = np.frombuffer(unpacked, np.uint8).reshape(height, width + 1)
    return None if rows[:, 0].any() else rows[:, 1:].copy()


def _packed(data: bytes, order: re.Pattern[bytes]) -> bytes | None:
    """The compressed pixels; `None` if a checksum is wrong, a chunk unexpected, or the palette not the grey ramp."""
    kinds: list[bytes] = []
    packed: list[bytes] = []
    offset = len(START) - CHUNK.size
    while offset < len(data):
        length, kind = CHUNK.unpack_from(data, offset)
        offset += CHUNK.size
        body = data[offset : offset + length]
        offset += length
        if zlib.crc32(body, zlib.crc32(kind)) != CHECKSUM.unpack_from(data, offset)[0]:
            return None
        offset += CHECKSUM.size
        kinds.append(kind)
        if kind == b"IDAT":
            packed.append(body)
        elif kind == b"PLTE" and body != GREY_RAMP:
            return None
    return b"".join(packed) if order.fullmatch(b"".join(kinds)) else None
