"""``turbulence``: a long lens over hot ground; the air bends every line."""

import numpy as np

from cleanplate.data.synthetic.camera import Warp, shiver
from cleanplate.data.synthetic.exact import Image
from cleanplate.data.synthetic.registry import generator
from cleanplate.data.synthetic.scene import Scene
from cleanplate.data.synthetic.seeds import stream
from cleanplate.data.synthetic.sensor import Sensor
from cleanplate.data.synthetic.shadows import Sun
from cleanplate.data.synthetic.spec import SceneSpec
from cleanplate.data.synthetic.streets import avenue
from cleanplate.data.synthetic.traffic import drive_along, walkers
from cleanplate.data.synthetic.weather import Haze

HOLD = 3
"""Frames over which one state of the air turns into the next."""


@generator("turbulence")
def turbulence(spec: SceneSpec) -> Scene:
    """An avenue in pale colours under a shivering displacement that is new every few frames."""
    stage = avenue(stream(spec, "stage"), spec.height, spec.width)
    cast = stream(spec, "actors")
    actors = drive_along(cast, stage, spec.frames, pace=0.8)
    actors += walkers(cast, stage, spec.frames, stage.walks[1:], gap=50)
    cell, reach = spec.height / 9, 3.2 * spec.height / 240 + 0.6
    haze = Haze(spec.height, stage.horizon, (176, 178, 180), 0.4, 0.16)
    states: dict[int, Warp] = {}

    def state(index: int) -> Warp:
        if index not in states:
            if len(states) > 2:
                states.pop(min(states))
            states[index] = shiver(stream(spec, "air", index), spec.height, spec.width, cell, reach)
        return states[index]

    def warp(frame: int) -> Warp:
        index, part = divmod(frame, HOLD)
        first, second = state(index), state(index + 1)
        return Warp(
            (first.columns * (HOLD - part) + second.columns * part) // HOLD,
            (first.rows * (HOLD - part) + second.rows * part) // HOLD,
        )

    def light(frame: int, image: Image) -> Image:
        # Near infrared: half of the colour is gone.
        grey = (image.astype(np.uint16).sum(axis=2, dtype=np.uint16) // 3)[..., None]
        return haze(frame, ((image + grey) >> 1).astype(np.uint8))

    sun = Sun(lean=0.3, length=0.1, strength=0.35)
    return Scene(
        stage, actors, sun=sun, warp=warp, light=light, sensor=Sensor(blur=1.0, read=2.0, shot=2.0, chroma=0.3)
    )
