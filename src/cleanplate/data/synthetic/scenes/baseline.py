"""``baseline``: an ordinary street on a sunny day, a camera that does nothing wrong."""

from cleanplate.data.synthetic.registry import generator
from cleanplate.data.synthetic.scene import Scene
from cleanplate.data.synthetic.seeds import stream
from cleanplate.data.synthetic.shadows import Sun
from cleanplate.data.synthetic.spec import SceneSpec
from cleanplate.data.synthetic.streets import street
from cleanplate.data.synthetic.traffic import drivers, walkers


@generator("baseline")
def baseline(spec: SceneSpec) -> Scene:
    """Cars on two lanes and people on two walks, with short shadows."""
    stage = street(stream(spec, "stage"), spec.height, spec.width)
    cast = stream(spec, "actors")
    actors = drivers(cast, stage, spec.frames) + walkers(cast, stage, spec.frames, stage.walks)
    return Scene(stage, actors, sun=Sun(lean=0.25, length=0.12, strength=0.4))
