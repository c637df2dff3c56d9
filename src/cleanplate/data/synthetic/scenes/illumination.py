"""``illumination``: clouds drift over a street, the light fades, and a switch goes in the middle.

Not a category of CDnet 2014: there, light changes hide inside other categories.
"""

from cleanplate.data.synthetic.exact import Image, lookup, sine
from cleanplate.data.synthetic.lights import Clouds, curve
from cleanplate.data.synthetic.places import hall
from cleanplate.data.synthetic.registry import generator
from cleanplate.data.synthetic.scene import Scene
from cleanplate.data.synthetic.seeds import stream
from cleanplate.data.synthetic.shadows import OVERCAST, Sun
from cleanplate.data.synthetic.spec import SceneSpec
from cleanplate.data.synthetic.streets import street
from cleanplate.data.synthetic.traffic import drivers, walkers

_SWITCHES = ((0.4, 0.72), (0.7, 1.0))
"""(part of the sequence, level from then on); before the first it is full light."""


@generator("illumination")
def illumination(spec: SceneSpec) -> Scene:
    """Videos named ``hall…`` play indoors, where lamps are switched; all others on a street below clouds."""
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
