"""``cameraJitter``: a loose camera on a windy mast."""

from cleanplate.data.synthetic.camera import Warp, view
from cleanplate.data.synthetic.exact import sine
from cleanplate.data.synthetic.registry import generator
from cleanplate.data.synthetic.scene import Scene
from cleanplate.data.synthetic.seeds import stream
from cleanplate.data.synthetic.shadows import Sun
from cleanplate.data.synthetic.spec import SceneSpec
from cleanplate.data.synthetic.streets import street
from cleanplate.data.synthetic.traffic import drivers, walkers


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
