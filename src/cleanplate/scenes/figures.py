"""People: head, hair, torso, arms and legs, in eight phases of a stride."""

from itertools import pairwise

import cv2
import numpy as np

from cleanplate.scenes.exact import clip, sine
from cleanplate.scenes.sprites import Sprite
from cleanplate.scenes.textures import Colour, grain, shift_colour
from cleanplate.utils.arrays import Image

PHASES = 8
"""Pictures per stride; one more, standing, follows them."""
HEIGHT, WIDTH = 192, 112

_SKINS: tuple[Colour, ...] = ((150, 180, 222), (110, 145, 200), (62, 92, 140))
_HAIRS: tuple[Colour, ...] = ((24, 28, 36), (40, 62, 92), (120, 160, 190))
_CLOTHES: tuple[Colour, ...] = (
    (44, 40, 170), (150, 70, 30), (60, 60, 64), (210, 212, 214),
    (60, 130, 70), (40, 170, 210), (120, 60, 120), (100, 90, 60),
)  # fmt: skip
_TROUSERS: tuple[Colour, ...] = ((96, 62, 42), (44, 44, 48), (84, 104, 122), (34, 28, 26))


def person(rng: np.random.Generator, shirt: Colour | None = None) -> tuple[Sprite, ...]:
    """Draw a person walking to the right.

    Args:
        rng: random stream; chooses clothes, build and a bag.
        shirt: colour of the clothes, if the scene needs a person who is hard to see.

    Returns:
        Eight phases of the stride and, last, the person standing.
    """
    skin, hair = _SKINS[rng.integers(len(_SKINS))], _HAIRS[rng.integers(len(_HAIRS))]
    top = shirt or _CLOTHES[rng.integers(len(_CLOTHES))]
    trousers = shift_colour(shirt, -14) if shirt else _TROUSERS[rng.integers(len(_TROUSERS))]
    bulk = float(rng.uniform(0.85, 1.2))
    bag = bool(rng.random() < 0.4)
    cloth = grain(rng, HEIGHT, WIDTH, {3: 9, 14: 20, 50: 14})
    stripes = int(rng.integers(0, 3))
    swings = [sine(phase / PHASES) for phase in range(PHASES)] + [0.12]
    return tuple(_draw(swing, skin, hair, top, trousers, bulk, bag, cloth, stripes) for swing in swings)


def _draw(
    swing: float, skin: Colour, hair: Colour, top: Colour, trousers: Colour, bulk: float, bag: bool,
    cloth: np.ndarray[tuple[int, ...], np.dtype[np.int16]], stripes: int,
) -> Sprite:  # fmt: skip
    colour: Image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    mask: Image = np.zeros((HEIGHT, WIDTH), np.uint8)
    middle = WIDTH // 2
    # The body is lower when the legs are apart; the feet stay on the ground.
    sink = int(5 * abs(swing))
    hip, shoulder = 100 + sink, 42 + sink

    def limb(points: list[tuple[int, int]], paint: Colour, thickness: int) -> None:
        for start, end in pairwise(points):
            cv2.line(colour, start, end, paint, thickness)
            cv2.line(mask, start, end, 255, thickness)

    def leg(side: float, paint: Colour) -> None:
        foot = (middle + int(34 * side), HEIGHT - 7 - max(0, int(-10 * side)))
        knee = (middle + int(20 * side) + 4, (hip + HEIGHT) // 2 - 4)
        limb([(middle, hip - 6), knee, foot], paint, int(17 * bulk))
        limb([(foot[0] - 3, HEIGHT - 6 - max(0, int(-10 * side))), (foot[0] + 10, foot[1] + 1)], (28, 28, 32), 9)

    def arm(side: float, paint: Colour) -> None:
        hand = (middle + int(30 * side) + 4, hip + 2 - int(6 * abs(side)))
        limb([(middle - 2, shoulder + 8), (middle + int(14 * side) - 4, shoulder + 32), hand], paint, int(12 * bulk))
        limb([hand, hand], skin, 10)

    leg(-swing, shift_colour(trousers, -14))
    arm(swing, shift_colour(top, -22))
    leg(swing, trousers)
    if bag:
        limb([(middle - int(20 * bulk), shoulder + 14), (middle - int(20 * bulk), shoulder + 38)], (52, 60, 70), 20)
    half = int(17 * bulk)
    torso = np.array(
        [
            [middle - half + 2, shoulder], [middle + half - 3, shoulder], [middle + half, shoulder + 26],
            [middle + half - 4, hip + 4], [middle - half + 4, hip + 4], [middle - half, shoulder + 26],
        ],
        np.int32,
    )  # fmt: skip
    for target, paint in ((colour, top), (mask, (255,))):
        cv2.fillPoly(target, [torso], paint)
        cv2.circle(target, (middle, shoulder + 4), half - 2, paint, -1)
    for line in range(stripes * 3):
        y = shoulder + 8 + line * 9
        cv2.line(colour, (middle - half + 3, y), (middle + half - 4, y), shift_colour(top, 36), 3)
    arm(-swing, shift_colour(top, 8))
    limb([(middle + 1, shoulder - 2), (middle + 1, shoulder - 8)], skin, 11)
    for target, face, crown in ((colour, skin, hair), (mask, (255,), (255,))):
        cv2.ellipse(target, (middle + 2, shoulder - 22), (13, 17), 0, 0, 360, face, -1)
        cv2.ellipse(target, (middle, shoulder - 27), (14, 14), 0, 150, 340, crown, -1)
        cv2.ellipse(target, (middle - 5, shoulder - 22), (9, 13), 0, 0, 360, crown, -1)
    light = np.linspace(18, -22, WIDTH).astype(np.int16)[None, :] + cloth
    return Sprite(clip(colour.astype(np.int16) + light[..., None]), mask)
