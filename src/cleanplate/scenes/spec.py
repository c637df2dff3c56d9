"""A scene: its specification, its parts, and the registry of the generators that build it.

A new category is one function in one file below ``scenes/generators/``, from a :class:`SceneSpec` to a :class:`Scene`,
under the decorator :func:`generator`.
"""

import importlib
import pkgutil
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cleanplate.errors import DataError
from cleanplate.scenes.camera import Sensor, Warp
from cleanplate.scenes.shadows import Sun
from cleanplate.scenes.stage import Stage
from cleanplate.scenes.traffic import Actor, Placement
from cleanplate.utils.arrays import Image

STATIC, SHADOW, OUTSIDE, UNKNOWN, MOVING = 0, 50, 85, 170, 255
"""Ground-truth labels of CDnet 2014."""
LABELS = (STATIC, SHADOW, OUTSIDE, UNKNOWN, MOVING)
MIN_SIDE = 32
MIN_FRAMES = 2

_PACKAGE = "cleanplate.scenes.generators"
_generators: dict[str, "Callable[[SceneSpec], Scene]"] = {}
_loaded = False


@dataclass(frozen=True)
class SceneSpec:
    """One scene to render; equal specs give equal pixels.

    Attributes:
        category: a name from :func:`cleanplate.scenes.categories`.
        video: any folder name; it also seeds the scene, so that two videos of a category differ.
        height: frame height in pixels, 32 or more.
        width: frame width in pixels, 32 or more.
        frames: number of frames, 2 or more.
        seed: 0 or more.

    Raises:
        DataError: if a value is out of range; names the key, the value and the choices.
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
            raise DataError(f"video: {self.video!r} is not a folder name; use letters, digits, - and _")
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
        background: the true clean plate, uint8 H×W×3 BGR: with this frame's light, camera pose and moving background,
            without objects, their shadows and lights, falling snow or rain, and sensor noise.
    """

    image: npt.NDArray[np.uint8]
    groundtruth: npt.NDArray[np.uint8]
    background: npt.NDArray[np.uint8]


@dataclass
class Layers:
    """The layers of a frame while it is composed; all have the size of the stage, and after the warp that of the frame.

    Attributes:
        image: uint8 H×W×3 with all objects.
        plate: uint8 H×W×3 without objects.
        cover: uint8 H×W, opacity of the objects.
        shade: uint8 H×W, depth of their shadows.
        unknown: uint8 H×W, 128 or more where the label is unknown (glare, heat halo).
    """

    image: Image
    plate: Image
    cover: Image
    shade: Image
    unknown: Image


@dataclass(frozen=True)
class Scene:
    """A scene ready to be rendered. Every function takes the frame number, counted from 0.

    Attributes:
        stage: the place.
        actors: the moving objects.
        sun: light that casts shadows; None for none.
        sensor: blur and noise of the camera.
        backdrop: returns the plate of a frame, if the background is dynamic.
        glow: adds the light that objects emit to the layers.
        light: changes the illumination of image and plate alike.
        warp: returns the camera's view; the frame may be smaller than the stage.
        weather: adds what falls between camera and scene, to the image only.
        roi: uint8 H×W of the frame, 255 inside; None is everything.
    """

    stage: Stage
    actors: Sequence[Actor]
    sun: Sun | None = None
    sensor: Sensor = field(default_factory=Sensor)
    backdrop: Callable[[int], Image] | None = None
    glow: Callable[[int, Layers, Sequence[Placement]], None] | None = None
    light: Callable[[int, Image], Image] | None = None
    warp: Callable[[int], Warp] | None = None
    weather: Callable[[int, Image], Image] | None = None
    roi: Image | None = None


def generator(category: str) -> Callable[[Callable[[SceneSpec], Scene]], Callable[[SceneSpec], Scene]]:
    """Register the decorated function as the builder of a category's scenes.

    Args:
        category: the category's directory name.

    Raises:
        ValueError: if the category has a generator already.
    """

    def register(build: Callable[[SceneSpec], Scene]) -> Callable[[SceneSpec], Scene]:
        if category in _generators:
            raise ValueError(f"scene category {category!r} is registered twice")
        _generators[category] = build
        return build

    return register


def categories() -> tuple[str, ...]:
    """Return the names of all categories that can be rendered, sorted."""
    _load()
    return tuple(sorted(_generators))


def build(spec: SceneSpec) -> Scene:
    """Build the scene of a spec with its generator."""
    _load()
    return _generators[spec.category](spec)


def _load() -> None:
    # Imported late, because the generators need SceneSpec, which asks this module for the names.
    global _loaded
    if not _loaded:
        for module in pkgutil.iter_modules(importlib.import_module(_PACKAGE).__path__):
            importlib.import_module(f"{_PACKAGE}.{module.name}")
        _loaded = True


def stream(spec: SceneSpec, purpose: str, index: int = 0) -> np.random.Generator:
    """Return a random generator for one purpose (and one frame, if ``index`` is given) of a scene.

    A stream depends on the scene's name, size, seed and purpose only: drawing more numbers for one purpose does not
    change the others, and frame 100 is the same whether or not frame 99 was rendered.

    Args:
        spec: the scene.
        purpose: a word, ``"stage"``, ``"actors"``, ``"noise"``.
        index: frame number, if every frame has a stream of its own.

    Returns:
        A PCG64 generator.
    """
    words = [zlib.crc32(text.encode()) for text in (spec.category, spec.video, purpose)]
    sequence = np.random.SeedSequence([spec.seed, spec.height, spec.width, *words, index])
    return np.random.Generator(np.random.PCG64(sequence))
