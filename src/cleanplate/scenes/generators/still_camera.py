"""Still camera: ``baseline``, ``shadow``, ``dynamicBackground``, ``illumination`` and ``intermittentObjectMotion``.

``illumination`` is not a category of CDnet 2014, where changes of light are part of other categories.
"""

import numpy as np

from cleanplate.scenes.exact import lookup, sine
from cleanplate.scenes.figures import person
from cleanplate.scenes.lights import Clouds, curve
from cleanplate.scenes.places import hall, park, plaza
from cleanplate.scenes.shadows import OVERCAST, Sun
from cleanplate.scenes.spec import Scene, SceneSpec, generator, stream
from cleanplate.scenes.streets import street
from cleanplate.scenes.traffic import CAR, Actor, drivers, walkers
from cleanplate.scenes.vehicles import parcel, side_car
from cleanplate.scenes.weather import Foliage, Water
from cleanplate.utils.arrays import Image


@generator("baseline")
def baseline(spec: SceneSpec) -> Scene:
    """Cars on two lanes and people on two walks, with short shadows."""
    stage = street(stream(spec, "stage"), spec.height, spec.width)
    cast = stream(spec, "actors")
    actors = drivers(cast, stage, spec.frames) + walkers(cast, stage, spec.frames, stage.walks)
    return Scene(stage, actors, sun=Sun(lean=0.25, length=0.12, strength=0.4))


@generator("shadow")
def shadow(spec: SceneSpec) -> Scene:
    """People cross between the shadow of a house and the low sun, with long dark shadows on the pavement."""
    stage = plaza(stream(spec, "stage"), spec.height, spec.width)
    rng = stream(spec, "actors")
    actors = walkers(rng, stage, spec.frames, stage.walks, pace=1.2, gap=40)
    side = 1 if rng.random() < 0.5 else -1
    return Scene(stage, actors, sun=Sun(lean=0.85 * side, length=0.32, strength=0.55, softness=0.7))


@generator("dynamicBackground")
def dynamic_background(spec: SceneSpec) -> Scene:
    """People walk on a lawn before moving trees and water; the upper edge is outside the region of interest."""
    stage = park(stream(spec, "stage"), spec.height, spec.width)
    leaves = Foliage(stream(spec, "wind"), stage.foliage, reach=4.5 * spec.height / 240)
    pond = Water(stream(spec, "water"), stage.water, depth=34)

    def backdrop(frame: int) -> Image:
        return leaves(frame, pond(frame, stage.plate))

    region = np.full((spec.height, spec.width), 255, np.uint8)
    region[: spec.height // 9] = 0
    actors = walkers(stream(spec, "actors"), stage, spec.frames, stage.walks, pace=1.3, gap=50)
    return Scene(stage, actors, sun=OVERCAST, backdrop=backdrop, roi=region)


_SWITCHES = ((0.4, 0.72), (0.7, 1.0))
"""(part of the sequence, light level from then on); the level before the first is 1."""


@generator("illumination")
def illumination(spec: SceneSpec) -> Scene:
    """Videos named ``hall…`` are indoors, where lamps are switched; all others are a street below drifting clouds."""
    rng, cast = stream(spec, "stage"), stream(spec, "actors")
    indoors = spec.video.startswith("hall")
    clouds = Clouds(stream(spec, "clouds"), spec.height, spec.width, 0.06 if indoors else 0.5)
    if indoors:
        stage = hall(rng, spec.height, spec.width)
        actors = walkers(cast, stage, spec.frames, stage.walks, gap=50)
    else:
        stage = street(rng, spec.height, spec.width)
        actors = drivers(cast, stage, spec.frames) + walkers(cast, stage, spec.frames, stage.walks)

    def light(frame: int, image: Image) -> Image:
        part = frame / max(1, spec.frames - 1)
        level = ([1.0] + [after for start, after in _SWITCHES if part >= start])[-1]
        level *= 0.97 + 0.05 * sine(part * 1.3)
        # Dim light is a little warmer; the camera does not balance it away at once.
        table = curve((level * (0.8 + 0.2 * level), level * (0.94 + 0.06 * level), level))
        return clouds(frame * spec.width / 130, lookup(image, table))

    return Scene(stage, actors, sun=OVERCAST if indoors else Sun(lean=0.25, length=0.12, strength=0.35), light=light)


@generator("intermittentObjectMotion")
def intermittent_object_motion(spec: SceneSpec) -> Scene:
    """A car parks for almost half of the sequence, another one is there from frame 1 and leaves, a suitcase stays.

    What moves at any time is foreground at all times, as in CDnet: also the car that has not yet left.
    """
    stage = street(stream(spec, "stage"), spec.height, spec.width)
    cast = stream(spec, "actors")
    length, width = float(spec.frames), float(stage.width)
    near, far = stage.lanes[1][0], stage.lanes[0][0]
    beyond = 0.3 * width

    def when(part: float) -> float:
        return part * length

    parks = ((when(0.02), -beyond, near), (when(0.2), 0.55 * width, near), (when(0.66), 0.55 * width, near),
             (when(0.8), width + beyond, near))  # fmt: skip
    leaves = ((-1.0, 0.3 * width, far), (when(0.42), 0.3 * width, far), (when(0.6), -beyond, far))
    walk = stage.walks[1]
    put = 0.34 * width
    brings = (
        (when(0.1), width * 1.08, walk),
        (when(0.4), put, walk),
        (when(0.5), put, walk),
        (when(0.85), -0.1 * width, walk),
    )
    waits = ((when(-0.1), -0.1 * width, stage.walks[0]), (when(0.25), 0.72 * width, stage.walks[0]),
             (when(0.75), 0.72 * width, stage.walks[0]), (when(1.1), 1.1 * width, stage.walks[0]))  # fmt: skip
    stays = ((when(0.45), put - 0.03 * width, walk), (length, put - 0.03 * width, walk))
    actors = [
        Actor((side_car(cast),), parks, CAR),
        Actor((side_car(cast),), leaves, CAR),
        Actor(person(cast), brings),
        Actor(person(cast), waits),
        Actor((parcel(cast),), stays, 0.4),
    ]
    actors += walkers(cast, stage, spec.frames, stage.walks[2:])
    return Scene(stage, actors, sun=Sun(lean=0.2, length=0.12, strength=0.36))
