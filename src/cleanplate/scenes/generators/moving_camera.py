"""Moving camera or air: ``cameraJitter``, ``PTZ``, ``lowFramerate`` and ``turbulence``."""

import numpy as np

from cleanplate.scenes.camera import Sensor, Warp, ease, shiver, view
from cleanplate.scenes.exact import lookup, sine
from cleanplate.scenes.lights import curve
from cleanplate.scenes.shadows import Sun
from cleanplate.scenes.spec import Scene, SceneSpec, generator, stream
from cleanplate.scenes.streets import avenue, street
from cleanplate.scenes.traffic import drive_along, drivers, walkers
from cleanplate.scenes.weather import Foliage, Haze
from cleanplate.utils.arrays import Image


@generator("cameraJitter")
def camera_jitter(spec: SceneSpec) -> Scene:
    """A street, shaken by several pixels in bursts, with a little roll."""
    reach = max(1.5, spec.height / 45)
    margin = int(reach * 1.5) + 3
    stage = street(stream(spec, "stage"), spec.height + 2 * margin, spec.width + 2 * margin)
    cast = stream(spec, "actors")
    actors = drivers(cast, stage, spec.frames, pace=0.9) + walkers(cast, stage, spec.frames, stage.walks)

    def warp(frame: int) -> Warp:
        shake = stream(spec, "jitter", frame).uniform(-1, 1, 3).tolist()
        burst = reach * (0.3 + 0.7 * abs(sine(frame / 37)))
        x = (shake[0] * 0.5 + 0.5 * sine(frame / 4.7)) * burst
        y = (shake[1] * 0.5 + 0.5 * sine(frame / 3.1 + 0.2)) * burst
        middle = ((stage.width - 1) / 2 + x, (stage.height - 1) / 2 + y)
        return view(spec.height, spec.width, *middle, turns=0.0008 * shake[2])

    return Scene(stage, actors, sun=Sun(lean=-0.3, length=0.14, strength=0.4), warp=warp)


REACH = 1.7
"""Width of the street in frames."""
# (part of the sequence, place along the street from 0 to 1, zoom)
_TOUR = ((0.0, 0.0, 1.0), (0.12, 0.0, 1.0), (0.36, 0.75, 1.0), (0.5, 0.75, 1.0), (0.62, 0.7, 1.45), (0.74, 0.7, 1.45),
         (0.84, 1.0, 1.0), (1.0, 0.35, 1.0))  # fmt: skip


@generator("PTZ")
def ptz(spec: SceneSpec) -> Scene:
    """A camera that pans along a street, stops, zooms in and comes back."""
    stage = street(stream(spec, "stage"), spec.height, int(spec.width * REACH), REACH)
    cast = stream(spec, "actors")
    actors = drivers(cast, stage, spec.frames, gap=10) + walkers(
        cast, stage, spec.frames, stage.walks, pace=1.4, gap=20
    )

    def warp(frame: int) -> Warp:
        part = frame / max(1, spec.frames - 1)
        after = next(index for index, stop in enumerate(_TOUR) if index and part <= stop[0])
        (t0, a0, z0), (t1, a1, z1) = _TOUR[after - 1], _TOUR[after]
        move = ease((part - t0) / (t1 - t0))
        zoom = z0 + (z1 - z0) * move
        half = (spec.width - 1) / 2
        x = half + (a0 + (a1 - a0) * move) * (stage.width - 1 - 2 * half)
        # Zooming in looks at the road, below the middle.
        y = (spec.height - 1) * (0.5 + 0.28 * (zoom - 1))
        return view(spec.height, spec.width, x, y, zoom)

    return Scene(stage, actors, sun=Sun(lean=-0.2, length=0.12, strength=0.38), warp=warp)


STEP = 25.0
"""Number of frames of an ordinary camera per frame of this one."""


@generator("lowFramerate")
def low_framerate(spec: SceneSpec) -> Scene:
    """A street at about one frame per second: cars are visible in a few frames each, leaves jump, the light drifts."""
    stage = street(stream(spec, "stage"), spec.height, spec.width)
    cast = stream(spec, "actors")
    actors = drivers(cast, stage, spec.frames, pace=STEP * 1.1, gap=110)
    actors += walkers(cast, stage, spec.frames, stage.walks, pace=STEP, gap=90)
    leaves = Foliage(stream(spec, "wind"), stage.foliage, reach=1.6 * spec.height / 240, speed=STEP)

    def backdrop(frame: int) -> Image:
        return leaves(frame, stage.plate)

    def light(frame: int, image: Image) -> Image:
        level = 0.96 + 0.05 * sine(frame / 110) + 0.015 * sine(frame / 7.3)
        return lookup(image, curve((level, level, level)))

    return Scene(stage, actors, sun=Sun(lean=0.3, length=0.13, strength=0.4), backdrop=backdrop, light=light)


HOLD = 3
"""Number of frames over which one displacement changes into the next."""


@generator("turbulence")
def turbulence(spec: SceneSpec) -> Scene:
    """An avenue in pale colours, distorted by hot air with a new displacement every few frames."""
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
