"""``lowFramerate``: about one picture a second; nobody is where he was in the frame before."""

from cleanplate.data.synthetic.exact import Image, lookup, sine
from cleanplate.data.synthetic.lights import curve
from cleanplate.data.synthetic.registry import generator
from cleanplate.data.synthetic.scene import Scene
from cleanplate.data.synthetic.seeds import stream
from cleanplate.data.synthetic.shadows import Sun
from cleanplate.data.synthetic.spec import SceneSpec
from cleanplate.data.synthetic.streets import street
from cleanplate.data.synthetic.traffic import drivers, walkers
from cleanplate.data.synthetic.wind import Foliage

STEP = 25.0
"""How many frames of an ordinary camera lie between two of this one."""


@generator("lowFramerate")
def low_framerate(spec: SceneSpec) -> Scene:
    """A street in leaps: cars show up in a few frames each, leaves are elsewhere every time, the light drifts."""
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
