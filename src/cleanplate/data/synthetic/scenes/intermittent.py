"""``intermittentObjectMotion``: things stop, stay, leave, and are left behind."""

from cleanplate.data.synthetic.actors import CAR, Actor
from cleanplate.data.synthetic.figures import person
from cleanplate.data.synthetic.registry import generator
from cleanplate.data.synthetic.scene import Scene
from cleanplate.data.synthetic.seeds import stream
from cleanplate.data.synthetic.shadows import Sun
from cleanplate.data.synthetic.spec import SceneSpec
from cleanplate.data.synthetic.streets import street
from cleanplate.data.synthetic.traffic import walkers
from cleanplate.data.synthetic.vehicles import parcel, side_car


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
