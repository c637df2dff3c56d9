"""Two stages with traffic: a street seen from the side, and an avenue seen lengthwise."""

import cv2
import numpy as np

from cleanplate.scenes import scenery
from cleanplate.scenes.stage import PERSON_METRES, Canvas, Stage
from cleanplate.scenes.textures import Colour, asphalt, lawn, paving
from cleanplate.utils.arrays import Image


def street(rng: np.random.Generator, height: int, width: int, reach: float = 1.0) -> Stage:
    """A street with houses behind it and a lawn in front.

    Args:
        rng: random stream; chooses houses, trees and parked cars.
        height: rows of the plate.
        width: columns of the plate.
        reach: frame widths that the plate spans, for a camera that pans; sets how many things stand around.

    Returns:
        A stage with two lanes and two walks.
    """
    canvas = Canvas(height, width)
    horizon, rate = 0.24, 0.34
    unit = rate * 0.5 * canvas.height / PERSON_METRES
    scenery.sky(canvas, rng, canvas.y(0.5))
    x = -int(rng.integers(0, canvas.width // 8 + 1))
    while x < canvas.width:
        wide = int(canvas.width / reach * float(rng.uniform(0.22, 0.42)))
        top = canvas.y(float(rng.uniform(-0.04, 0.12)))
        scenery.house(canvas, rng, x, x + wide, top, canvas.y(0.47), unit * 0.72)
        x += wide + int(rng.random() < 0.25) * canvas.width // 20
    w = canvas.width
    canvas.picture[canvas.y(0.46) : canvas.y(0.55)] = paving(rng, canvas.y(0.55) - canvas.y(0.46), w, unit * 0.5)
    canvas.picture[canvas.y(0.55) : canvas.y(0.81)] = asphalt(rng, canvas.y(0.81) - canvas.y(0.55), w, unit)
    canvas.picture[canvas.y(0.55) : canvas.y(0.56) + 1] = (128, 132, 134)
    canvas.picture[canvas.y(0.81) : canvas.y(0.87)] = paving(rng, canvas.y(0.87) - canvas.y(0.81), w, unit * 0.8)
    canvas.picture[canvas.y(0.80) : canvas.y(0.815)] = (140, 144, 146)
    canvas.picture[canvas.y(0.87) :] = lawn(rng, canvas.height - canvas.y(0.87), w, unit)
    dash = canvas.width / reach / 9
    for start in np.arange(0, canvas.width, dash).tolist():
        cv2.rectangle(
            canvas.picture,
            (int(start), canvas.y(0.665)),
            (int(start + dash * 0.5), canvas.y(0.672)),
            (196, 204, 206),
            -1,
        )
    bays = round(2 * reach)
    for bay in range(bays):
        at = int(canvas.width * (bay + 0.45 * float(rng.random())) / bays)
        scenery.parked_car(canvas, rng, at, canvas.y(0.575), rate * 0.335 * canvas.height, bool(rng.random() < 0.5))
    for _ in range(round(2 * reach)):
        at, tall = int(rng.integers(0, canvas.width)), canvas.y(float(rng.uniform(0.24, 0.32)))
        scenery.tree(canvas, rng, at, canvas.y(0.54), tall, unit * 0.7)
    for part in np.arange(0.14, 1.0, 0.8 / reach).tolist():
        scenery.lamp_post(canvas, canvas.x(part), canvas.y(0.9), canvas.y(0.62), canvas.x(0.07 / reach))
    scenery.hedge(canvas, rng, canvas.x(0.55), canvas.x(0.8), canvas.height, canvas.y(0.08), unit)
    # A tall house outside the picture casts its shadow over one end of the street.
    edge = canvas.x(float(rng.uniform(0.66, 0.8)))
    corner = [
        (edge + canvas.y(0.3), canvas.y(0.46)),
        (w + 2, canvas.y(0.46)),
        (w + 2, canvas.y(0.82)),
        (edge, canvas.y(0.82)),
    ]
    scenery.shade(canvas, corner, 0.38)
    return canvas.stage(horizon, rate, lanes=((0.645, -1), (0.775, 1)), walks=(0.525, 0.86, 0.93))


AVENUE_VANISH = 0.53
"""Column of the avenue's vanishing point, as a part of the width."""


def avenue(
    rng: np.random.Generator, height: int, width: int, ground: Image | None = None, leaf: Colour = (44, 104, 72)
) -> Stage:
    """A road that runs away from the camera, with trees, houses and lamps on both sides.

    Args:
        rng: random stream.
        height: rows of the plate.
        width: columns of the plate.
        ground: texture of double size for the verge instead of a lawn (snow, gravel).
        leaf: colour of trees and hedges.

    Returns:
        A stage whose cars follow :func:`cleanplate.scenes.traffic.drive_along`; people walk across.
    """
    canvas = Canvas(height, width)
    horizon, rate = 0.26, 0.3
    unit = rate * 0.5 * canvas.height / PERSON_METRES
    vanish = (canvas.x(AVENUE_VANISH), canvas.y(horizon + 0.02))
    scenery.sky(canvas, rng, canvas.y(horizon + 0.06))
    x = 0
    while x < canvas.width:
        wide = int(canvas.width * float(rng.uniform(0.1, 0.2)))
        far = 1 - abs(x + wide / 2 - vanish[0]) / canvas.width
        scenery.house(canvas, rng, x, x + wide, canvas.y(0.02 + 0.16 * far), canvas.y(horizon + 0.05), unit * 0.4)
        x += wide
    band = canvas.height - canvas.y(horizon + 0.04)
    verge = lawn(rng, band, canvas.width, unit) if ground is None else ground[-band:]
    canvas.picture[-band:] = verge
    road = np.zeros((canvas.height, canvas.width), np.uint8)
    left, right = canvas.x(-0.06), canvas.x(1.02)
    shape = [(vanish[0] - 2, vanish[1]), (vanish[0] + 2, vanish[1]), (right, canvas.height), (left, canvas.height)]
    kerb = [
        (vanish[0] - 4, vanish[1]),
        (vanish[0] + 4, vanish[1]),
        (canvas.x(1.1), canvas.height),
        (canvas.x(-0.14), canvas.height),
    ]
    cv2.fillPoly(road, [np.array(kerb, np.int32)], 255)
    canvas.picture[road > 0] = paving(rng, canvas.height, canvas.width, unit * 0.5)[road > 0]
    road[:] = 0
    cv2.fillPoly(road, [np.array(shape, np.int32)], 255)
    canvas.picture[road > 0] = asphalt(rng, canvas.height, canvas.width, unit)[road > 0]
    for near in np.arange(1.0, 14.0, 0.9).tolist():
        # Equal distances on the road are proportional to 1 / distance in the picture.
        y0, y1 = (vanish[1] + (canvas.height - vanish[1]) / z for z in (near + 0.4, near))
        for part in (0.5,):
            x0, x1 = (vanish[0] + (left + (right - left) * part - vanish[0]) * (y - vanish[1]) / band for y in (y0, y1))
            half = (y1 - vanish[1]) / band * unit * 0.12
            stripe = [
                (int(x0 - half), int(y0)),
                (int(x0 + half), int(y0)),
                (int(x1 + half), int(y1)),
                (int(x1 - half), int(y1)),
            ]
            cv2.fillPoly(canvas.picture, [np.array(stripe, np.int32)], (190, 198, 200))
    for z in (5.0, 3.2, 2.1, 1.5):
        for side in (-1, 1):
            scale = 1 / z
            foot = int(vanish[1] + band * scale)
            base = int(vanish[0] + side * canvas.width * 0.74 * scale)
            if rng.random() < 0.75:
                tall = int(canvas.height * float(rng.uniform(0.55, 0.75)) * scale)
                scenery.tree(canvas, rng, base, foot, tall, unit * scale * 1.1, colour=leaf)
            else:
                ends = (base - int(unit), base + int(unit * 2))
                scenery.hedge(canvas, rng, *ends, foot, int(unit * scale), unit * scale, colour=leaf)
        post = int(vanish[0] - canvas.width * 0.62 / z)
        scenery.lamp_post(
            canvas, post, int(vanish[1] + band / z), int(canvas.height * 0.85 / z), int(canvas.width * 0.1 / z)
        )
    return canvas.stage(horizon, rate, walks=(0.5, 0.66, 0.9))
