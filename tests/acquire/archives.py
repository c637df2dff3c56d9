"""Small archives of the layouts that the sets really have, made on the fly."""

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from cleanplate.acquire.catalogue import Archive

SIZE = 40_000


def picture(suffix: str, value: int | tuple[int, int, int] = 90, *, channels: int = 3) -> bytes:
    """A picture of 12×16 in one colour (BGR), encoded."""
    image = np.full((12, 16, 3) if channels == 3 else (12, 16), value, np.uint8)
    ok, data = cv2.imencode(suffix, image)
    assert ok
    return data.tobytes()


def zipped(files: Mapping[str, bytes], *, stored: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def cdnet_video(prefix: str = "", frames: int = 6) -> dict[str, bytes]:
    """The files of one CDnet video: frames, truth, both regions of interest."""
    files = {f"{prefix}input/in{number:06d}.jpg": picture(".jpg", 20 * number) for number in range(1, frames + 1)}
    files |= {
        f"{prefix}groundtruth/gt{number:06d}.png": picture(".png", 255 if number % 2 else 0, channels=1)
        for number in range(1, frames + 1)
    }
    return files | {
        f"{prefix}ROI.bmp": picture(".bmp", 255, channels=1),
        f"{prefix}ROI.jpg": picture(".jpg", 255, channels=1),
        f"{prefix}temporalROI.txt": f"2 {frames}".encode(),  # no newline, as in the original
    }


def coco_annotations(names: list[str]) -> bytes:
    images = [{"id": number, "file_name": name, "height": 12, "width": 16} for number, name in enumerate(names)]
    return json.dumps({"images": images, "annotations": [], "categories": []}).encode()


def noise(size: int, seed: int = 0) -> bytes:
    """Bytes that do not shrink, the same for the same seed."""
    return np.random.default_rng(seed).bytes(size)


def archive_of(content: bytes, *urls: str, name: str = "set.zip", checked: bool = True) -> Archive:
    """The catalogue's entry for it, with size and checksum unless nobody vouches for them."""
    md5 = hashlib.md5(content).hexdigest() if checked else None
    return Archive(name, urls, bytes=len(content) if checked else None, md5=md5)


def lying(folder: Path) -> set[str]:
    """Names of what lies in a folder."""
    return {path.name for path in folder.iterdir()} if folder.exists() else set()
