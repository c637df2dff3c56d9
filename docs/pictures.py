"""Draws the README's pictures of the camera programs: real windows on a virtual screen, before a generated room.

    make pictures

Needs Xvfb, and for the palm `cleanplate download palm`.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tests.camera import drawn_hand
from tests.camera.room import Camera
from tests.camera.screen import WAIT, Handle, Screen, program, until, virtual_screen

from cleanplate.data.io.images import write_image
from cleanplate.scenes.figures import person
from cleanplate.scenes.places import hall
from cleanplate.utils.arrays import Image

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
        process.wait(WAIT)


def _saved(out: Path, name: str, picture: Image) -> None:
    write_image(out / name, picture)
    print(out / name)


def capture(screen: Screen, work: Path, out: Path) -> None:
    """Both countdowns run, the second one started by a palm."""
    camera = Camera(work / "camera")
    camera.shows(lambda seed: _mirrored(room(seed, 250)))
    hand = round(0.85 * WIDTH), round(0.45 * HEIGHT)
    with _running(screen, camera, "cleanplate capture", "capture", camera.folder, "-b", 4, "-s", 6) as window:
        window.key("b")
        until(lambda: (work / "captured/set1/bkg.png").exists() or None, "no background")
        window.key("b")
        camera.shows(lambda seed: _mirrored(drawn_hand.draw(room(seed, 250), hand, 82)))
        _saved(out, "capture.jpg", window.shows(lambda seen: _greener(seen[hand[1] - 30, hand[0]], 40)))


def annotate(screen: Screen, work: Path, out: Path) -> None:
    """What the model proposed was taken; an outline of one's own is begun."""
    place = work / "sets/set1"
    write_image(place / "bkg.png", room(0))
    for index, column in enumerate((330, 150, 500)):
        write_image(place / f"{index}.png", room(index + 1, column))
    with program(screen, "annotate", work / "sets", cwd=work) as process:
        window = screen.window("cleanplate annotate")
        window.shows(_holds((255, 80, 255)))
        window.key("a")
        window.shows(_holds((80, 220, 120)))
        for place_ in ((52, 60), (134, 60), (134, 212)):
            window.click(*place_)
        window.move(60, 205)
        _saved(out, "annotate.jpg", window.shows(lambda seen: bool((seen[205, 60] > 200).all())))
        window.key("q")
        process.wait(WAIT)


def live(screen: Screen, work: Path, out: Path) -> None:
    """The tinted foreground, and the clean plate beside it."""
    camera = Camera(work / "camera")
    camera.shows(room)
    with _running(
        screen, camera, "cleanplate live", "live", camera.folder, "--seconds", 1, "--learn-seconds", 2
    ) as window:
        beside = screen.window("cleanplate live: background")
        camera.shows(lambda seed: room(seed, 330))
        shown = window.shows(lambda seen: _greener(seen[300, 330], 30))
        _saved(out, "live.jpg", np.hstack([shown, beside.picture()]))


def mirror(screen: Screen, work: Path, out: Path) -> None:
    """The person and the mirrored double."""
    camera = Camera(work / "camera")
    camera.shows(room)
    with _running(
        screen, camera, "cleanplate mirror", "mirror", camera.folder, "--seconds", 1, "--learn-seconds", 2
    ) as window:
        window.click(WIDTH // 2, HEIGHT // 2)
        empty = window.shows(_band)
        camera.shows(lambda seed: room(seed, 460))
        window.shows(_differs(empty, 180))
        window.click(WIDTH // 2, HEIGHT // 2)
        twice = window.shows(_differs(empty, 460))
        _saved(out, "mirror.jpg", twice)


def _holds(colour: tuple[int, int, int]) -> Callable[[Image], bool]:
    return lambda seen: int((np.abs(seen.astype(int) - colour).max(axis=2) < 12).sum()) > 100


def _greener(pixel: Image, levels: int) -> bool:
    """Whether it is green rather than anything else, by so much."""
    return int(pixel[1]) - int(max(pixel[0], pixel[2])) > levels


def _differs(empty: Image, column: int) -> Callable[[Image], bool]:
    around = np.s_[300, column - 20 : column + 20]
    return lambda seen: int(np.abs(seen[around].astype(int) - empty[around]).max()) > 60


def _band(seen: Image) -> bool:
    """Whether the dark band is there that asks to come back."""
    return float(seen[400:416, 8:100].mean()) < 100


def main(out: Path) -> None:
    """Draws all four."""
    for draw in (capture, annotate, live, mirror):
        with virtual_screen() as screen, tempfile.TemporaryDirectory() as work:
            draw(screen, Path(work), out)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
