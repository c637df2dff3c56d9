"""Outlines of things that pass: drawn at random, so that no kind of object is learnt but that objects have outlines."""

import cv2
import numpy as np

from cleanplate.foreground.difference import Image


def silhouette(random: np.random.Generator, height: int, width: int) -> Image:
    """One of four kinds, uint8 `[height, width]` of 0 and 1."""
    kinds = (_superellipse, _polygon, _vehicle, _figure)
    return kinds[int(random.integers(len(kinds)))](random, height, width)


def _superellipse(random: np.random.Generator, height: int, width: int) -> Image:
    exponent = random.uniform(1.5, 5)  # from a rhombus with round sides to a rectangle with round corners
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.asarray(np.abs(across) ** exponent + np.abs(down) ** exponent <= 1, np.uint8)


def _polygon(random: np.random.Generator, height: int, width: int) -> Image:
    corners = int(random.integers(4, 9))
    angles = np.sort(random.uniform(0, 2 * np.pi, corners))
    reach = random.uniform(0.5, 1, corners)
    points = np.stack([(np.cos(angles) * reach + 1) / 2 * width, (np.sin(angles) * reach + 1) / 2 * height], axis=1)
    return _filled(points, height, width)


def _vehicle(random: np.random.Generator, height: int, width: int) -> Image:
    """A body with a cabin on top of it."""
    mask = np.zeros((height, width), np.uint8)
    roof = int(height * random.uniform(0.3, 0.55))
    mask[roof:] = 1
    mask[:roof, int(width * random.uniform(0.05, 0.35)) : int(width * random.uniform(0.6, 0.95))] = 1
    return np.asarray(cv2.medianBlur(mask, 5), np.uint8) if min(height, width) > 6 else mask


def _figure(random: np.random.Generator, height: int, width: int) -> Image:
    """Somebody upright: head, trunk, two legs."""
    mask = np.zeros((height, width), np.uint8)
    middle = width // 2
    head = max(2, int(height * 0.09))
    cv2.circle(mask, (middle, head + 1), head, 1, -1)
    trunk = (max(2, int(width * random.uniform(0.25, 0.45))), max(1, int(height * 0.24)))
    cv2.ellipse(mask, (middle, int(height * 0.38)), trunk, 0, 0, 360, 1, -1)
    stride, leg = int(width * random.uniform(0.05, 0.3)), max(2, int(width * 0.18))
    for side in (-1, 1):
        hip, foot = (middle + side * leg // 2, int(height * 0.55)), (middle + side * stride, height - 1)
        cv2.line(mask, hip, foot, 1, leg)
    return mask


def _filled(points: np.ndarray, height: int, width: int) -> Image:
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [points.astype(np.int32)], 1)
    return mask
