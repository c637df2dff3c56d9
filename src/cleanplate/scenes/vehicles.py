"""Cars and vans from the side, the front and the back."""

import cv2
import numpy as np

from cleanplate.scenes.exact import clip
from cleanplate.scenes.sprites import Sprite
from cleanplate.scenes.textures import Colour, grain, shift_colour
from cleanplate.utils.arrays import Image

_PAINTS: tuple[Colour, ...] = (
    (40, 36, 150), (200, 202, 204), (46, 46, 50), (140, 80, 36),
    (150, 152, 154), (60, 120, 60), (40, 150, 200), (92, 90, 88),
)  # fmt: skip
# Outlines as parts of a 360×130 box, driving to the right.
_SEDAN = [(4, 92), (8, 62), (62, 54), (112, 14), (216, 12), (264, 52), (336, 62), (354, 78), (354, 104), (6, 104)]
_SEDAN_GLASS = [[(84, 54), (118, 22), (162, 20), (162, 54)], [(172, 54), (172, 20), (212, 20), (246, 54)]]
_VAN = [(6, 96), (8, 12), (20, 4), (262, 4), (312, 52), (350, 64), (356, 104), (6, 104)]
_VAN_GLASS = [[(232, 50), (232, 16), (258, 16), (292, 50)], [(120, 50), (120, 16), (220, 16), (220, 50)]]


def side_car(rng: np.random.Generator, paint: Colour | None = None) -> Sprite:
    """A sedan or a van, driving to the right.

    Args:
        rng: random stream; chooses shape and paint.
        paint: colour of the body, if the scene needs a car that is hard to see.
    """
    body = paint or _PAINTS[rng.integers(len(_PAINTS))]
    van = bool(rng.random() < 0.3)
    outline, glass = (_VAN, _VAN_GLASS) if van else (_SEDAN, _SEDAN_GLASS)
    colour: Image = np.zeros((130, 360, 3), np.uint8)
    mask: Image = np.zeros((130, 360), np.uint8)
    shape = np.array(outline, np.int32)
    cv2.fillPoly(colour, [shape], body)
    cv2.fillPoly(mask, [shape], 255)
    # Paint reflects the sky above and the road below.
    ramp = np.interp(np.arange(130), [0, 30, 62, 66, 104, 130], [34, 20, 4, 22, -34, -50]).astype(np.int16)
    colour = clip(colour.astype(np.int16) + ramp[:, None, None] + grain(rng, 130, 360, {2: 4, 40: 14})[..., None])
    for pane in glass:
        cv2.fillPoly(colour, [np.array(pane, np.int32)], (66, 58, 50))
        cv2.line(colour, pane[1], ((pane[0][0] + pane[3][0]) // 2, pane[3][1]), (112, 104, 92), 5)
    for x in (88, 168, 250):
        cv2.line(colour, (x, 56), (x, 100), shift_colour(body, -46), 2)
    cv2.line(colour, (8, 80), (352, 80), shift_colour(body, -30), 2)
    cv2.rectangle(colour, (4, 96), (354, 104), (40, 40, 42), -1)
    cv2.rectangle(colour, (5, 66), (18, 78), (40, 36, 190), -1)
    cv2.rectangle(colour, (336, 66), (352, 78), (210, 232, 240), -1)
    for x in (72, 284):
        for target, tyre, rim, hub in (
            (colour, (26, 26, 28), (136, 138, 140), (60, 60, 62)),
            (mask, (255,), (255,), (255,)),
        ):
            cv2.circle(target, (x, 102), 27, tyre, -1)
            cv2.circle(target, (x, 102), 15, rim, -1)
            cv2.circle(target, (x, 102), 6, hub, -1)
    return Sprite(colour, mask, lamps=((0.97, 0.55),))


def end_car(rng: np.random.Generator, front: bool, paint: Colour | None = None) -> Sprite:
    """A car seen from its front or its back.

    Args:
        rng: random stream; chooses the paint.
        front: True for headlights and grille, False for tail lights.
        paint: colour of the body, or None for any.
    """
    body = paint or _PAINTS[rng.integers(len(_PAINTS))]
    colour: Image = np.zeros((150, 180, 3), np.uint8)
    mask: Image = np.zeros((150, 180), np.uint8)
    cabin = np.array([(34, 62), (50, 8), (130, 8), (146, 62)], np.int32)
    hull = np.array([(6, 84), (20, 58), (160, 58), (174, 84), (174, 128), (6, 128)], np.int32)
    tyres = (((12, 118), (40, 148)), ((140, 118), (168, 148)))
    for corner, end in tyres:
        cv2.rectangle(colour, corner, end, (24, 24, 26), -1)
        cv2.rectangle(mask, corner, end, 255, -1)
    for shape in (cabin, hull):
        cv2.fillPoly(colour, [shape], body)
        cv2.fillPoly(mask, [shape], 255)
    ramp = np.interp(np.arange(150), [0, 20, 58, 70, 128, 150], [30, 16, 0, 26, -30, -40]).astype(np.int16)
    colour = clip(colour.astype(np.int16) + ramp[:, None, None] + grain(rng, 150, 180, {2: 4, 30: 10})[..., None])
    cv2.fillPoly(colour, [np.array([(44, 58), (56, 16), (124, 16), (136, 58)], np.int32)], (70, 62, 54))
    cv2.line(colour, (64, 18), (52, 56), (118, 110, 98), 6)
    cv2.rectangle(colour, (62, 88), (118, 104), (36, 36, 38), -1)
    cv2.rectangle(colour, (72, 108), (108, 120), (190, 200, 204), -1)
    cv2.rectangle(colour, (6, 122), (174, 130), (44, 44, 46), -1)
    lamp: Colour = (220, 240, 246) if front else (44, 40, 200)
    for x in (14, 138):
        cv2.rectangle(colour, (x, 80), (x + 28, 98), lamp, -1)
    return Sprite(colour, mask, lamps=((0.16, 0.6), (0.84, 0.6)))


def parcel(rng: np.random.Generator) -> Sprite:
    """Return a suitcase, to be left behind."""
    colour: Image = np.full((64, 48, 3), (50, 56, 92), np.uint8)
    mask: Image = np.zeros((64, 48), np.uint8)
    cv2.rectangle(mask, (2, 14), (45, 63), 255, -1)
    cv2.rectangle(mask, (14, 2), (33, 14), 255, 4)
    cv2.rectangle(colour, (2, 34), (45, 39), (30, 34, 56), -1)
    return Sprite(clip(colour.astype(np.int16) + grain(rng, 64, 48, {2: 8, 16: 20})[..., None]), mask)
