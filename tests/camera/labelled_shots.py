"""Small sets of pictures to label, and how a window's places are those of a picture."""

from pathlib import Path

import cv2
import numpy as np
from tests.apps.clips import frames

from cleanplate.camera.annotate.images import find_images
from cleanplate.camera.annotate.program import Annotate
from cleanplate.camera.annotate.proposals import Proposals
from cleanplate.camera.annotate.session import Session
from cleanplate.camera.annotate.storage import Json, Storage
from cleanplate.data.io.images import write_image
from cleanplate.utils.window import Key, Mouse
from in_memory import photographed, textured

HEIGHT, WIDTH = 90, 160
SQUARE = ((30, 20), (120, 20), (120, 70), (30, 70))
INNER = ((60, 35), (90, 35), (90, 55), (60, 55))


def captured(root: Path, count: int = 3, name: str = "set1") -> Path:
    """A set with a clean plate: a bright square crosses a wall."""
    place = root / name
    write_image(place / "bkg.png", photographed(textured(HEIGHT, WIDTH), 99))
    for index, frame in enumerate(frames(count, HEIGHT, WIDTH)):
        write_image(place / f"{index}.png", frame)
    return place


def program(
    place: Path, json: Json = "labelme", *, again: bool = False, proposals: Proposals | None = None
) -> Annotate:
    """The program without a window."""
    session = Session(find_images(place), Storage(json), again=again)
    return Annotate(session, proposals, print)


def press(running: Annotate, *names: str) -> None:
    """Keys."""
    for name in names:
        running.on(Key(name))


def click(running: Annotate, *pixels: tuple[int, int], button: str = "left") -> None:
    """Clicks in the middle of pixels of the picture."""
    for pixel in pixels:
        x, y = seen_at(running, pixel)
        running.on(Mouse("down", x, y, button))
        running.on(Mouse("up", x, y, button))


def move(running: Annotate, pixel: tuple[int, int], button: str | None = None) -> None:
    """Moves the mouse to a pixel of the picture."""
    running.on(Mouse("move", *seen_at(running, pixel), button))


def seen_at(running: Annotate, pixel: tuple[int, int]) -> tuple[int, int]:
    """Where a pixel of the picture is in the window."""
    x, y = running.view.centre_of(pixel)
    return round(x), round(y)


def filled(*outlines: tuple[tuple[int, int], ...], size: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    """OpenCV's own filling, even-odd where outlines lie within one another."""
    return cv2.fillPoly(np.zeros(size, np.uint8), [np.array(outline, np.int32) for outline in outlines], 255)


def mask_of(place: Path, name: str = "0") -> np.ndarray:
    """The mask that was written, as it is."""
    mask = cv2.imread(str(place / f"{name}_mask.png"), cv2.IMREAD_UNCHANGED)
    assert mask is not None
    assert mask.dtype == np.uint8
    assert mask.ndim == 2
    return mask
