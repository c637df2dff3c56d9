"""``nightVideos``: street lamps, headlights that blind the camera, and a chip at its limit."""

from collections.abc import Sequence

from cleanplate.data.synthetic.actors import Placement
from cleanplate.data.synthetic.exact import lookup
from cleanplate.data.synthetic.lights import add_light, curve
from cleanplate.data.synthetic.registry import generator
from cleanplate.data.synthetic.scene import Layers, Scene
from cleanplate.data.synthetic.seeds import stream
from cleanplate.data.synthetic.sensor import Sensor
from cleanplate.data.synthetic.spec import SceneSpec
from cleanplate.data.synthetic.stage import Stage
from cleanplate.data.synthetic.streets import avenue
from cleanplate.data.synthetic.traffic import drive_along, walkers

_DARK = curve((0.40, 0.31, 0.29), 1.35, (9.0, 6.0, 6.0))


def _by_lamplight(stage: Stage, layers: Layers) -> None:
    for picture in (layers.image, layers.plate):
        for x, y, radius in stage.lamps:
            add_light(picture, x, y + radius * 0.95, radius * 2.0, radius * 0.9, (4, 18, 26), lit=2.0)
            add_light(picture, x, y, radius * 0.4 + 5, radius * 0.4 + 5, (150, 215, 245))


@generator("nightVideos")
def night_videos(spec: SceneSpec) -> Scene:
    """An avenue at night.

    The cones on the road are background that changes (label 0); the glare round a headlight is unknown.

    Lamps of the street belong to the clean plate, those of the cars do not.
    """
    stage = avenue(stream(spec, "stage"), spec.height, spec.width)
    cast = stream(spec, "actors")
    actors = drive_along(cast, stage, spec.frames, lit=True)
    actors += walkers(cast, stage, spec.frames, stage.walks[1:], gap=60)

    def glow(frame: int, layers: Layers, present: Sequence[Placement]) -> None:
        layers.image, layers.plate = lookup(layers.image, _DARK), lookup(layers.plate, _DARK)
        _by_lamplight(stage, layers)
        for place in present:
            width = place.height * place.sprite.aspect
            if place.shines:
                add_light(
                    layers.image,
                    place.x,
                    place.y + place.height * 0.9,
                    width * 3.4,
                    place.height * 3.2,
                    (34, 42, 44),
                    2.6,
                )
            for at_x, at_y in place.sprite.lamps:
                x, y = place.x + (at_x - 0.5) * width, place.y + (at_y - 1) * place.height
                if place.shines:
                    size = place.height * 1.5 + 4
                    add_light(layers.image, x, y, size, size, (235, 250, 255), doubt=layers.doubt)
                    add_light(layers.image, x, y, size * 3.2, size * 0.35, (70, 84, 90))
                elif place.car:
                    add_light(layers.image, x, y, place.height * 0.7, place.height * 0.7, (30, 30, 215))

    return Scene(stage, actors, sensor=Sensor(blur=0.8, read=4.2, shot=5.0, chroma=0.7), glow=glow)
