"""A first background of a sequence, by name: shown as models, taken by learned models as an anchor or as a goal.

Bouwmans et al., "Background subtraction in real applications", 2019, review them as background initialisation.
"""

from collections.abc import Callable
from typing import Literal

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError
from cleanplate.models.components.initializers.learned import learned
from cleanplate.models.components.initializers.temporal import low_motion, mean, median, mode, trimmed_mean
from cleanplate.models.components.sample_pairs import FramePairs
from cleanplate.utils.arrays import Image

Initial = Literal["median", "mean", "trimmed_mean", "mode", "benet", "low_motion", "none"]
"""What a model may be told to start from: an initialiser, or nothing."""

Initializer = Callable[[FrameSequence, int], Image]


def _of_stack(statistic: Callable[[Image], Image]) -> Initializer:
    return lambda sequence, frames: statistic(sequence.stack(frames))


INITIALIZERS: dict[str, Initializer] = {
    "mean": _of_stack(mean),
    "trimmed_mean": _of_stack(trimmed_mean),
    "median": _of_stack(median),
    "mode": _of_stack(mode),
    "benet": lambda sequence, frames: learned(FramePairs.of(sequence, frames)),
    "low_motion": low_motion,
}


def initial_background(name: str, sequence: FrameSequence, frames: int = 200) -> Image:
    """The first background of that name.

    Args:
        name: one of `INITIALIZERS`.
        sequence: the scene.
        frames: how many are looked at, evenly spaced; fewer if the sequence has fewer, at most 7000.

    Returns:
        uint8 BGR `[H, W, 3]`.

    Raises:
        ConfigError: for an unknown name, naming the choices.
    """
    if name not in INITIALIZERS:
        raise ConfigError(f"initializer: {name!r} is unknown; choose one of {', '.join(INITIALIZERS)}")
    return INITIALIZERS[name](sequence, frames)
