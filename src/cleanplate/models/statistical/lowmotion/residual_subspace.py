"""Principal components of the residual: changes of light, waves and other common motion of the background.

Changing light, moving shade and waves change many pixels together; eight coefficients per frame follow them. An object
fits no component and does not change the coefficients. The classical name is eigenbackgrounds (Oliver et al., 2000).
Components and coefficients are computed from background pixels only.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.utils.arrays import Image

Floats = NDArray[np.float32]

SCALE = 4
_RANK = 8
_ROUNDS = 4
ALIKE_LEVELS = 20
TRIM_LEVELS = (12, 12)
LEAST_SHARE = 0.05
RIDGE = 1.0


class ResidualSubspace:
    """Residual of the background against a plate, at a quarter of its resolution.

    Args:
        plate: uint8 BGR `[H, W, 3]`.
        mean: of the residual, float32 `[D]`, D = h·w·3 values of the small picture.
        components: orthonormal, float32 `[K, D]`.
    """

    def __init__(self, plate: Image, mean: Floats, components: Floats) -> None:
        self.mean = mean
        self.components = components
        self.move_to(plate)

    def move_to(self, plate: Image) -> None:
        """Takes another plate of the same scene, which has changed a little; what it does beyond that stays."""
        self.plate = plate
        self._small = _shrunk(plate)

    @classmethod
    def learned(cls, plate: Image, frames: Sequence[Image]) -> "ResidualSubspace":
        """Fills what is not background with the model's own idea of it and takes the principal components, in turn."""
        small = _shrunk(plate)
        residuals = np.stack([_shrunk(frame) - small for frame in frames])
        known = np.stack([_background(residual) for residual in residuals])
        seen = np.repeat(known[..., None], 3, axis=3).reshape(len(frames), -1)
        values = residuals.reshape(len(frames), -1)
        filled = np.where(seen, values, np.float32(0))
        for _ in range(_ROUNDS):
            mean = filled.mean(axis=0)
            centred = filled - mean
            # Far fewer frames than pixels: the eigenvectors of the small Gram matrix give those of the large one.
            _, vectors = np.linalg.eigh(centred @ centred.T)
            components = vectors[:, -min(_RANK, len(frames) - 1) :].T @ centred
            components /= np.linalg.norm(components, axis=1, keepdims=True) + 1e-6
            filled = np.where(seen, values, mean + (centred @ components.T) @ components)
        return cls(plate, mean.astype(np.float32), components.astype(np.float32))

    def background(self, frame: Image) -> Image:
        """The plate with the frame's residual: its numbers by least squares on background pixels, trimmed twice."""
        residual = (_shrunk(frame) - self._small).reshape(-1)
        known = _background(residual.reshape(self._small.shape)).reshape(-1)
        centred = residual - self.mean
        found = np.zeros_like(self.mean)
        for trim in (*TRIM_LEVELS, None):
            if known.mean() < LEAST_SHARE:
                return self.plate  # hardly anything to go by
            weights = np.repeat(known, 3).astype(np.float32)
            weighted = self.components * weights
            system = weighted @ self.components.T + RIDGE * np.eye(len(self.components), dtype=np.float32)
            found = np.asarray(np.linalg.solve(system, weighted @ centred), np.float32) @ self.components
            if trim is not None:
                known = _largest(np.abs(centred - found).reshape(-1, 3)) < trim
        height, width = self.plate.shape[:2]
        small = (self.mean + found).reshape(self._small.shape)
        full = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.add(self.plate, full, dtype=cv2.CV_8U), np.uint8)  # rounds and saturates


def _shrunk(frame: Image) -> Floats:
    height, width = frame.shape[:2]
    size = (max(8, width // SCALE), max(8, height // SCALE))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.float32)


def _background(residual: Floats) -> NDArray[np.bool_]:
    """Where a small residual is background: beyond a change of light that the whole picture shares, under 20 levels."""
    light = np.median(np.ascontiguousarray(residual[::2, ::2].reshape(-1, 3).T), axis=1)
    gap = np.clip(_largest(np.abs(residual - light)), 0, 255).astype(np.uint8)
    return np.asarray(cv2.medianBlur(gap, 3) < ALIKE_LEVELS)


def _largest(values: Floats) -> Floats:
    """The largest of the three channels, `[…]` of `[…, 3]`: many times as fast as a maximum along so short an axis."""
    return np.asarray(np.maximum(np.maximum(values[..., 0], values[..., 1]), values[..., 2]))
