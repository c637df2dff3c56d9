"""Things that stand on a stage: houses, trees, hedges, lamp posts, benches, parked cars."""

import cv2
import numpy as np

from cleanplate.scenes.exact import clip, resize
from cleanplate.scenes.stage import Canvas
from cleanplate.scenes.textures import Colour, bricks, grain, leaves, patches, shift_colour, surface
from cleanplate.scenes.vehicles import side_car
from cleanplate.utils.arrays import Image

_WALLS: tuple[Colour, ...] = ((92, 112, 158), (150, 170, 184), (120, 132, 140), (104, 140, 176), (168, 172, 172))


def sky(canvas: Canvas, rng: np.random.Generator, bottom: int, colour: Colour = (226, 206, 182)) -> None:
    """Sky with clouds down to a row, lighter towards it."""
    clouds = patches(rng, max(2, bottom), canvas.width, canvas.width / 6).astype(np.int16) // 6
    ramp = np.linspace(-22, 14, max(2, bottom)).astype(np.int16)[:, None]
    canvas.picture[:bottom] = surface(colour, clouds + ramp - 20)[:bottom]


def house(canvas: Canvas, rng: np.random.Generator, left: int, right: int, top: int, bottom: int, unit: float) -> None:
    """A house front with rows of windows, a door or a shop window, cornice and the shade under it."""
    height, width = max(4, bottom - top), max(4, right - left)
    colour = _WALLS[rng.integers(len(_WALLS))]
    if rng.random() < 0.5:
        wall = bricks(rng, height, width, unit, colour)
    else:
        wall = surface(colour, grain(rng, height, width, {1: 5, 6: 6, unit * 2: 14}))
    pane_w, pane_h = max(3, int(unit * 0.9)), max(4, int(unit * 1.35))
    step_x, step_y = int(pane_w * float(rng.uniform(1.7, 2.3))), int(pane_h * 1.65)
    frame = shift_colour(colour, 44 if colour[0] < 130 else -60)
    for row, y in enumerate(range(height - int(unit * 0.35) - pane_h, -pane_h // 2, -step_y)):
        for x in range(step_x // 3, width - pane_w - 1, step_x):
            depth = int(rng.integers(-18, 40))
            glass = shift_colour((84, 70, 58), depth)
            cv2.rectangle(wall, (x - 1, y - 1), (x + pane_w + 1, y + pane_h + 1), frame, -1)
            cv2.rectangle(wall, (x, y), (x + pane_w, y + pane_h), glass, -1)
            cv2.line(wall, (x, y + pane_h), (x + pane_w, y + pane_h // 3), shift_colour(glass, 30), max(1, pane_w // 5))
            cv2.line(wall, (x + pane_w // 2, y), (x + pane_w // 2, y + pane_h), frame, max(1, pane_w // 10))
            cv2.rectangle(wall, (x - 2, y + pane_h + 1), (x + pane_w + 2, y + pane_h + 2), shift_colour(frame, 16), -1)
            if rng.random() < 0.3 and row > 0:
                cv2.rectangle(wall, (x, y), (x + pane_w, y + pane_h // 2), shift_colour((150, 160, 170), depth), -1)
    door = int(rng.integers(0, max(1, width - 2 * pane_w)))
    paint = ((48, 60, 92), (70, 60, 40), (60, 84, 60))[int(rng.integers(3))]
    top_of_door = height - int(unit * 2.3)
    cv2.rectangle(wall, (door - 2, top_of_door - 2), (door + pane_w + 4, height), frame, -1)
    cv2.rectangle(wall, (door, top_of_door), (door + pane_w + 2, height), paint, -1)
    cv2.rectangle(wall, (door + 2, top_of_door + 3), (door + pane_w, height - int(unit)), shift_colour(paint, 26), 1)
    wall[: max(2, int(unit * 0.25))] = clip(wall[: max(2, int(unit * 0.25))].astype(np.int16) + 26)
    under = slice(int(unit * 0.25), int(unit * 0.6))
    wall[under] = clip(wall[under].astype(np.int16) - 30)
    wall[-max(1, int(unit * 0.3)) :] = clip(wall[-max(1, int(unit * 0.3)) :].astype(np.int16) - 24)
    canvas.paste(wall, None, left, top)


def tree(
    canvas: Canvas, rng: np.random.Generator, x: int, foot: int, height: int, unit: float, hides: bool = True,
    colour: Colour = (44, 104, 72),
) -> None:  # fmt: skip
    """A tree: trunk, crown, the crown marked as foliage; people behind it are hidden if ``hides``."""
    trunk = max(2, int(unit * 0.3))
    bark = surface((52, 66, 80), grain(rng, max(4, height // 2), trunk, {1: 14, 4: 16}))
    mask = canvas.paste(bark, None, x - trunk // 2, foot - height // 2)
    crown_w, crown_h = max(6, int(height * float(rng.uniform(0.55, 0.8)))), max(6, int(height * 0.66))
    crown, crown_mask = leaves(rng, crown_h, crown_w, max(2.0, unit * 0.34), colour)
    marked = canvas.paste(crown, crown_mask, x - crown_w // 2, foot - height)
    canvas.foliage |= marked
    if hides:
        canvas.occluders.append((mask | marked, float(foot)))


def hedge(
    canvas: Canvas, rng: np.random.Generator, left: int, right: int, foot: int, height: int, unit: float,
    colour: Colour = (40, 92, 62),
) -> None:  # fmt: skip
    """A row of bushes, marked as foliage."""
    x = left
    while x < right:
        width = max(5, int(height * float(rng.uniform(0.9, 1.7))))
        tall = max(5, int(height * float(rng.uniform(0.8, 1.2))))
        crown, mask = leaves(rng, tall, width, max(2.0, unit * 0.24), shift_colour(colour, int(rng.integers(-12, 12))))
        canvas.foliage |= canvas.paste(crown, mask, x - width // 4, foot - tall)
        x += max(3, int(width * 0.6))


def lamp_post(canvas: Canvas, x: int, foot: int, height: int, arm: int) -> None:
    """A street lamp; it hides a strip of what passes behind it, and is a light source at night."""
    before = canvas.picture.copy()
    thick = max(1, height // 40)
    cv2.rectangle(canvas.picture, (x - thick, foot - height), (x + thick, foot), (70, 72, 70), -1)
    cv2.line(canvas.picture, (x, foot - height), (x + arm, foot - height - height // 20), (70, 72, 70), max(1, thick))
    head = (x + arm, foot - height - height // 20 + thick)
    cv2.ellipse(canvas.picture, head, (max(2, height // 16), max(1, height // 40)), 0, 0, 360, (206, 214, 216), -1)
    changed: Image = np.where((canvas.picture != before).any(axis=2), np.uint8(255), np.uint8(0)).astype(np.uint8)
    canvas.occluders.append((changed, float(foot)))
    canvas.lamps.append((float(head[0]), float(head[1]), float(height)))


def bench(canvas: Canvas, x: int, foot: int, unit: float) -> None:
    """A park bench."""
    wood, iron = (62, 96, 128), (48, 48, 50)
    width, high = int(unit * 1.7), int(unit * 0.8)
    for side in (x, x + width):
        cv2.rectangle(canvas.picture, (side, foot - high), (side + max(1, int(unit * 0.08)), foot), iron, -1)
    for part in (0.95, 0.72, 0.45):
        y = foot - int(high * part)
        cv2.rectangle(canvas.picture, (x, y), (x + width, y + max(1, int(unit * 0.1))), wood, -1)


def parked_car(canvas: Canvas, rng: np.random.Generator, x: int, foot: int, person: float, flipped: bool) -> None:
    """A parked car with its contact shadow: part of the clean plate, and it hides what passes behind it."""
    sprite = side_car(rng)
    height = max(4, int(person * 0.84))
    picture = sprite.sized(height, flipped)
    width = picture.shape[1]
    cv2.ellipse(canvas.picture, (x + width // 2, foot), (width // 2, max(1, height // 9)), 0, 0, 360, (44, 42, 42), -1)
    canvas.occluders.append((canvas.paste(picture[..., :3], picture[..., 3], x, foot - height), float(foot)))


def shade(canvas: Canvas, polygon: list[tuple[int, int]], amount: float) -> None:
    """Darken a polygon: the shadow of something outside the picture."""
    small = np.zeros((canvas.height // 2, canvas.width // 2), np.uint8)
    cv2.fillPoly(small, [np.array(polygon, np.int32) // 2], round(255 * amount))
    weight = resize(small, canvas.height, canvas.width)[..., None].astype(np.uint16)
    canvas.picture = ((canvas.picture * (255 - weight)) >> 8).astype(np.uint8)
