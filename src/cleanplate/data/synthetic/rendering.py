"""From a spec to frames, region of interest and temporal region of interest."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from cleanplate.data.synthetic import registry
from cleanplate.data.synthetic.scene import label, shoot
from cleanplate.data.synthetic.seeds import stream
from cleanplate.data.synthetic.sensor import Noise
from cleanplate.data.synthetic.spec import RenderedFrame, SceneSpec


def render(spec: SceneSpec) -> Iterator[RenderedFrame]:
    """Render the frames of a scene in order, one at a time.

    Equal specs give equal bits on every x86 machine. A frame depends on the spec and on its number only.

    Args:
        spec: the scene.

    Yields:
        Image, ground truth and clean plate of each frame.
    """
    scene = registry.build(spec)
    noise = Noise(stream(spec, "sensor"), scene.sensor, spec.height, spec.width)
    for frame in range(spec.frames):
        layers = shoot(scene, frame)
        image = layers.image if scene.weather is None else scene.weather(frame, layers.image)
        yield RenderedFrame(
            image=noise(stream(spec, "noise", frame), image),
            groundtruth=label(layers, scene.roi),
            background=layers.plate,
        )


def roi(spec: SceneSpec) -> npt.NDArray[np.uint8]:
    """Region of interest, uint8 H×W: 255 inside, 0 outside. Ground truth is 85 outside."""
    region = registry.build(spec).roi
    return np.full((spec.height, spec.width), 255, np.uint8) if region is None else region


def temporal_roi(spec: SceneSpec) -> tuple[int, int]:
    """First and last frame to score, counted from 1, both included; the first tenth is for warming up."""
    return spec.frames // 10 + 1, spec.frames
