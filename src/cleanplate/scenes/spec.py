"""The list of scene generators: a new category is one file in ``scenes/generators/`` and nothing else."""

from __future__ import annotations

import importlib
import pkgutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cleanplate.errors import DataError

if TYPE_CHECKING:
    from cleanplate.scenes.scene import Scene

_SCENES = "cleanplate.scenes.generators"
_generators: dict[str, Callable[[SceneSpec], Scene]] = {}
_loaded = False


def generator(
    category: str,
) -> Callable[[Callable[[SceneSpec], Scene]], Callable[[SceneSpec], Scene]]:
    """Register the decorated function as the builder of a category's scenes.

    Args:
        category: the category's directory name.

    Raises:
        ValueError: two generators claim the same name.
    """

    def register(build: Callable[[SceneSpec], Scene]) -> Callable[[SceneSpec], Scene]:
        if category in _generators:
            raise ValueError(f"scene category {category!r} is registered twice")
        _generators[category] = build
        return build

    return register


def categories() -> tuple[str, ...]:
    """Names of all categories that can be rendered, sorted."""
    _load()
    return tuple(sorted(_generators))


def build(spec: SceneSpec) -> Scene:
    """Set up the scene of a spec: its stage, its actors and what happens to them."""
    _load()
    return _generators[spec.category](spec)


def _load() -> None:
    # Late, because the scenes need SceneSpec, which asks this module for the names.
    global _loaded
    if not _loaded:
        for module in pkgutil.iter_modules(importlib.import_module(_SCENES).__path__):
            importlib.import_module(f"{_SCENES}.{module.name}")
        _loaded = True


# === spec: What a scene is asked to be, and what a rendered frame is.

STATIC, SHADOW, OUTSIDE, UNKNOWN, MOVING = 0, 50, 85, 170, 255
"""Ground-truth labels of CDnet 2014."""
LABELS = (STATIC, SHADOW, OUTSIDE, UNKNOWN, MOVING)
MIN_SIDE = 32
MIN_FRAMES = 2


@dataclass(frozen=True)
class SceneSpec:
    """One scene to render; equal specs give equal pixels.

    Attributes:
        category: a name from :func:`cleanplate.scenes.categories`.
        video: any name that can be a folder; it also seeds the scene, so that two videos of a category differ.
        height: frame height in pixels, 32 or more.
        width: frame width in pixels, 32 or more.
        frames: number of frames, 2 or more.
        seed: 0 or more.

    Raises:
        DataError: a value is out of range; names the key, the value and the choices.
    """

    category: str
    video: str
    height: int = 240
    width: int = 320
    frames: int = 150
    seed: int = 0

    def __post_init__(self) -> None:
        if self.category not in categories():
            raise DataError(f"category: {self.category!r} is unknown; choose from {', '.join(categories())}")
        if (
            not isinstance(self.video, str)
            or not self.video
            or self.video in (".", "..")
            or set(self.video) & set("/\\")
        ):
            raise DataError(f"video: {self.video!r} is no folder name; use letters, digits, - and _")
        for key, least in (("height", MIN_SIDE), ("width", MIN_SIDE), ("frames", MIN_FRAMES), ("seed", 0)):
            value = getattr(self, key)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise DataError(f"{key}: {value!r} is not an integer of {least} or more")

    @property
    def scene(self) -> str:
        """``category/video``, the name of the sequence everywhere else."""
        return f"{self.category}/{self.video}"


@dataclass(frozen=True)
class RenderedFrame:
    """One frame of a scene.

    Attributes:
        image: what the camera saw, uint8 H×W×3 BGR.
        groundtruth: CDnet labels, uint8 H×W: 0, 50, 85, 170 or 255.
        background: the true clean plate, uint8 H×W×3 BGR: this frame's light, camera pose and waving, without objects,
            their shadows and their lights, falling snow or rain, and sensor noise.
    """

    image: npt.NDArray[np.uint8]
    groundtruth: npt.NDArray[np.uint8]
    background: npt.NDArray[np.uint8]


# === seeds: One independent random stream per purpose of a scene.


def stream(spec: SceneSpec, purpose: str, index: int = 0) -> np.random.Generator:
    """Random numbers for one purpose (and one frame, if ``index`` is given) of a scene.

    A stream depends on the scene's name, seed and purpose only: drawing more numbers for one purpose leaves the others
    alone, and frame 100 is the same whether or not frame 99 was rendered.

    Args:
        spec: the scene.
        purpose: a word, ``"stage"``, ``"actors"``, ``"noise"``.
        index: frame number where every frame draws anew.

    Returns:
        A PCG64 generator.
    """
    words = [zlib.crc32(text.encode()) for text in (spec.category, spec.video, purpose)]
    sequence = np.random.SeedSequence([spec.seed, spec.height, spec.width, *words, index])
    return np.random.Generator(np.random.PCG64(sequence))
