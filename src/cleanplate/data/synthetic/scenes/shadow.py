"""``shadow``: a low sun on a square, shadows as large as who throws them."""

from cleanplate.data.synthetic.places import plaza
from cleanplate.data.synthetic.registry import generator
from cleanplate.data.synthetic.scene import Scene
from cleanplate.data.synthetic.seeds import stream
from cleanplate.data.synthetic.shadows import Sun
from cleanplate.data.synthetic.spec import SceneSpec
from cleanplate.data.synthetic.traffic import walkers


@generator("shadow")
def shadow(spec: SceneSpec) -> Scene:
    """People cross between the shade of a house and the sun; their shadows lie long and dark on the slabs."""
    stage = plaza(stream(spec, "stage"), spec.height, spec.width)
    rng = stream(spec, "actors")
    actors = walkers(rng, stage, spec.frames, stage.walks, pace=1.2, gap=40)
    side = 1 if rng.random() < 0.5 else -1
    return Scene(stage, actors, sun=Sun(lean=0.85 * side, length=0.32, strength=0.55, softness=0.7))
