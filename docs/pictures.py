"""Draws the README's pictures of the camera programs: real windows on a virtual screen, before a generated room.

    make pictures

Needs Xvfb, and for the palm `cleanplate download palm`.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from tests.apps import drawn_hand
from tests.apps.room import Camera
from tests.apps.screen import Handle, Screen, program, until, virtual_screen

from cleanplate.data.images import Image, write_image
from cleanplate.data.synthetic.figures import person
from cleanplate.data.synthetic.places import hall

HEIGHT, WIDTH = 480, 640
_ROOM = hall(np.random.default_rng(4), HEIGHT, WIDTH).plate
_PERSON = person(np.random.default_rng(4))
_FEET, _TALL = 470, 330


def room(seed: int, at: int | None = None, phase: int = -1) -> Image:
    """The room as a camera sees it, with somebody at a column or with nobody."""
    picture = _ROOM.astype(np.float32)
    if at is not None:
        sprite, left = _PERSON[phase].placed(_TALL, at, False)
        height, width = sprite.shape[:2]
        part = picture[_FEET - height : _FEET, left : left + width]
        part *= 1 - sprite[..., 3:] / np.float32(255)
        part += sprite[..., :3]
    picture += np.random.default_rng(seed).normal(0, 2, picture.shape)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _mirrored(frame: Image) -> Image:
    return np.ascontiguousarray(frame[:, ::-1])


@contextmanager
def _running(screen: Screen, camera: Camera, title: str, *arguments: object) -> Iterator[Handle]:
    with program(screen, *arguments, cwd=camera.folder.parent) as process:
        window = screen.window(title)
        window.shows(lambda seen: seen.shape == (HEIGHT, WIDTH, 3))
        yield window
        window.key("q")
        process.wait(30)


def _saved(out: Path, name: str, picture: Image) -> None:
    write_image(out / name, picture)
    print(out / name)
