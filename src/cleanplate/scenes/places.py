"""Three stages without traffic: a park with a pond, a paved square, and a hall."""

import cv2
import numpy as np

from cleanplate.scenes import scenery
from cleanplate.scenes.exact import clip
from cleanplate.scenes.stage import PERSON_METRES, Canvas, Stage
from cleanplate.scenes.textures import grain, lawn, leaves, paving, surface


def park(rng: np.random.Generator, height: int, width: int, pond: bool = True) -> Stage:
    """A lawn with a path, a pond behind it and trees all around.

    Args:
        rng: random stream.
        height: rows of the plate.
        width: columns of the plate.
        pond: whether there is water between the far trees and the lawn.

    Returns:
        A stage with foliage, water and three walks.
    """
    canvas = Canvas(height, width)
    horizon, rate, w = 0.3, 0.42, canvas.width
    unit = rate * 0.5 * canvas.height / PERSON_METRES
    scenery.sky(canvas, rng, canvas.y(0.4))
    scenery.house(canvas, rng, canvas.x(0.58), canvas.x(0.86), canvas.y(0.12), canvas.y(0.4), unit * 0.5)
    for _ in range(9):
        at, tall = int(rng.integers(0, w)), canvas.y(float(rng.uniform(0.22, 0.34)))
        scenery.tree(canvas, rng, at, canvas.y(0.41), tall, unit * 0.5, hides=False)
    scenery.hedge(canvas, rng, 0, w, canvas.y(0.42), canvas.y(0.07), unit * 0.5)
    shore = canvas.y(0.58) if pond else canvas.y(0.41)
    if pond:
        top = canvas.y(0.42)
        mirror = canvas.picture[top - (shore - top) : top][::-1]
        water = surface((128, 108, 84), grain(rng, shore - top, w, {2: 8, 20: 10}))
        canvas.picture[top:shore] = clip((mirror.astype(np.int16) * 3 + water.astype(np.int16) * 5) >> 3)
        canvas.water[top + 2 : shore - 1] = 255
    canvas.picture[shore:] = lawn(rng, canvas.height - shore, w, unit)
    path = np.zeros((canvas.height, w), np.uint8)
    bend = [(0.0, 0.78), (0.3, 0.75), (0.7, 0.77), (1.0, 0.73), (1.0, 0.84), (0.7, 0.87), (0.3, 0.85), (0.0, 0.88)]
    cv2.fillPoly(path, [np.array([(canvas.x(x), canvas.y(y)) for x, y in bend], np.int32)], 255)
    sand = surface((138, 164, 178), grain(rng, canvas.height, w, {1: 12, 4: 10, unit * 2: 14}))
    canvas.picture[path > 0] = sand[path > 0]
    scenery.bench(canvas, canvas.x(0.36), canvas.y(0.745), unit * 0.8)
    for part in (0.06, 0.9):
        scenery.tree(canvas, rng, canvas.x(part), canvas.y(0.93), canvas.y(0.86), unit * 0.8)
    scenery.hedge(canvas, rng, canvas.x(0.4), canvas.x(0.62), canvas.height, canvas.y(0.09), unit * 0.8)
    return canvas.stage(horizon, rate, walks=(0.66, 0.80, 0.85))


def plaza(rng: np.random.Generator, height: int, width: int) -> Stage:
    """A paved square in front of a house, half of it in the shadow of the house."""
    canvas = Canvas(height, width)
    horizon, rate, w = 0.12, 0.5, canvas.width
    unit = rate * 0.5 * canvas.height / PERSON_METRES
    scenery.house(canvas, rng, 0, canvas.x(0.6), canvas.y(-0.05), canvas.y(0.36), unit)
    scenery.house(canvas, rng, canvas.x(0.6), w, canvas.y(-0.1), canvas.y(0.36), unit)
    canvas.picture[canvas.y(0.36) :] = paving(rng, canvas.height - canvas.y(0.36), w, unit * 0.5, (158, 168, 176))
    scenery.hedge(canvas, rng, canvas.x(0.02), canvas.x(0.3), canvas.y(0.42), canvas.y(0.09), unit * 0.7)
    scenery.bench(canvas, canvas.x(0.66), canvas.y(0.47), unit * 0.8)
    scenery.tree(canvas, rng, canvas.x(0.9), canvas.y(0.52), canvas.y(0.5), unit * 0.7)
    edge = [
        (0, canvas.y(0.36)),
        (w, canvas.y(0.36)),
        (w, canvas.y(0.42)),
        (canvas.x(0.5), canvas.y(0.52)),
        (0, canvas.y(0.5)),
    ]
    scenery.shade(canvas, edge, 0.45)
    lawn_left = np.zeros((canvas.height, w), np.uint8)
    corner = [(0, canvas.y(0.86)), (canvas.x(0.28), canvas.height), (0, canvas.height)]
    cv2.fillPoly(lawn_left, [np.array(corner, np.int32)], 255)
    canvas.picture[lawn_left > 0] = lawn(rng, canvas.height, w, unit)[lawn_left > 0]
    return canvas.stage(horizon, rate, walks=(0.56, 0.66, 0.78, 0.9))


def hall(rng: np.random.Generator, height: int, width: int) -> Stage:
    """A hall indoors: doors, posters, a window front, a tiled floor that reflects the wall, and plants."""
    canvas = Canvas(height, width)
    horizon, rate, w = 0.16, 0.56, canvas.width
    unit = rate * 0.5 * canvas.height / PERSON_METRES
    skirting = canvas.y(0.46)
    wall = surface((168, 186, 196), grain(rng, skirting, w, {1: 3, 6: 4, unit * 3: 16}))
    wall[:] = clip(wall.astype(np.int16) + np.linspace(16, -14, w).astype(np.int16)[None, :, None])
    canvas.picture[:skirting] = wall
    for at, paint in ((0.08, (66, 92, 126)), (0.3, (66, 92, 126)), (0.86, (98, 84, 60))):
        left, right, top = canvas.x(at), canvas.x(at) + int(unit * 1.1), skirting - int(unit * 2.1)
        door = surface(paint, grain(rng, skirting - top, right - left, {1: 5, 3: 6, unit: 12}))
        canvas.paste(door, None, left, top)
        cv2.rectangle(canvas.picture, (left - 2, top - 2), (right + 2, skirting), (120, 136, 146), 2)
        cv2.circle(
            canvas.picture,
            (right - int(unit * 0.15), skirting - int(unit)),
            max(1, int(unit * 0.06)),
            (200, 210, 214),
            -1,
        )
    for column in range(2):
        left, top = canvas.x(0.46) + column * int(unit * 1.15), canvas.y(0.05)
        view = surface((210, 196, 170), grain(rng, int(unit * 1.7), int(unit), {3: 16, unit * 0.5: 40}))
        canvas.paste(view, None, left, top)
        cv2.rectangle(canvas.picture, (left, top), (left + int(unit), top + int(unit * 1.7)), (232, 236, 236), 3)
    for at, paint in ((0.235, (90, 120, 180)), (0.775, (150, 120, 70))):
        high, wide = int(unit * 0.75), max(3, int(unit * 0.5))
        poster = surface(paint, grain(rng, high, wide, {3: 10, unit * 0.3: 40}))
        poster[high // 8 : high // 4, wide // 6 : -(wide // 6)] = (228, 230, 232)
        poster[high * 3 // 4 : high * 7 // 8 : 3, wide // 6 : -(wide // 3)] = (40, 40, 44)
        canvas.paste(poster, None, canvas.x(at), canvas.y(0.2))
    cv2.rectangle(canvas.picture, (0, skirting - max(2, int(unit * 0.12))), (w, skirting), (96, 104, 108), -1)
    floor = paving(rng, canvas.height - skirting, w, unit * 0.9, (140, 148, 152)).astype(np.int16)
    depth = min(skirting, canvas.height - skirting)
    mirror = canvas.picture[skirting - depth : skirting][::-1].astype(np.int16)
    fade = np.linspace(5, 0, depth).astype(np.int16)[:, None, None]
    floor[:depth] = (floor[:depth] * (16 - fade) + mirror * fade) >> 4
    canvas.picture[skirting:] = clip(floor)
    for at in (0.01, 0.95):
        crown, mask = leaves(rng, int(unit * 1.3), int(unit), unit * 0.22, (50, 104, 66))
        foot = canvas.y(0.56)
        cv2.rectangle(
            canvas.picture,
            (canvas.x(at), foot - int(unit * 0.5)),
            (canvas.x(at) + int(unit * 0.6), foot),
            (60, 84, 120),
            -1,
        )
        covered = canvas.paste(crown, mask, canvas.x(at) - int(unit * 0.2), foot - int(unit * 1.7))
        canvas.occluders.append((covered, float(foot)))
    return canvas.stage(horizon, rate, walks=(0.54, 0.66, 0.8, 0.94))
