"""``thermal``: a far-infrared camera in a hall: warm bodies, no colours, a soft lens."""

from collections.abc import Sequence

import numpy as np

from cleanplate.data.synthetic.actors import Placement
from cleanplate.data.synthetic.exact import Image, blur, clip, sine
from cleanplate.data.synthetic.lights import columns
from cleanplate.data.synthetic.places import hall
from cleanplate.data.synthetic.registry import generator
from cleanplate.data.synthetic.scene import Layers, Scene
from cleanplate.data.synthetic.seeds import stream
from cleanplate.data.synthetic.sensor import Sensor
from cleanplate.data.synthetic.spec import SceneSpec
from cleanplate.data.synthetic.traffic import walkers


@generator("thermal")
def thermal(spec: SceneSpec) -> Scene:
    """People glow against cool walls, mirror in the floor and have halos; the camera's gain wanders."""
    stage = hall(stream(spec, "stage"), spec.height, spec.width)
    actors = walkers(stream(spec, "actors"), stage, spec.frames, stage.walks, pace=1.2, gap=60)
    pattern = columns(stream(spec, "columns"), spec.height, spec.width, 2).astype(np.int16)
    spread = max(1.5, spec.height / 40)

    def glow(frame: int, layers: Layers, present: Sequence[Placement]) -> None:
        # Warmth comes from the body, not from the clothes' colour: faces and hands most, cloth by its thickness.
        cloth = layers.image.astype(np.int16).sum(axis=2) // 3
        heat = np.where(layers.cover > 0, 150 + cloth // 3, 0)
        skin = (layers.image[..., 2].astype(np.int16) > layers.image[..., 0].astype(np.int16) + 36) & (
            layers.cover > 200
        )
        heat = np.minimum(heat + 26 * skin, 250).astype(np.int16)
        cool = layers.plate.astype(np.int16).sum(axis=2) // 6 + 18
        warmth = blur(layers.cover, spread).astype(np.int16)
        mirrored = np.zeros_like(layers.cover)
        for place in present:
            _mirror(mirrored, layers.cover, place)
        floor = blur(mirrored, 2.0).astype(np.int16)
        alpha = layers.cover.astype(np.int32)
        around = cool + (warmth * 24 >> 8) + (floor * 34 >> 8)
        grey = clip(((around * (255 - alpha) + heat * alpha) // 255).astype(np.int16))
        layers.image = np.repeat(grey[..., None], 3, axis=2)
        layers.plate = np.repeat(clip(cool)[..., None], 3, axis=2)

    def light(frame: int, image: Image) -> Image:
        gain = 256 + int(14 * sine(frame / 90) + 5 * sine(frame / 23))
        return clip((((image[..., :1].astype(np.int32) * gain) >> 8) + pattern[..., None]).repeat(3, axis=2))

    sensor = Sensor(blur=1.1, read=2.2, shot=1.0, chroma=0.0)
    return Scene(stage, actors, sensor=sensor, glow=glow, light=light)


def _mirror(target: Image, cover: Image, place: Placement) -> None:
    """The floor reflects the legs of who stands on it: mirror the cover at the foot row, fading out."""
    foot, reach = round(place.y), round(place.height * 0.45)
    reach = min(reach, foot, cover.shape[0] - foot)
    half = round(place.height * 0.4)
    x0, x1 = max(0, round(place.x) - half), min(cover.shape[1], round(place.x) + half)
    if reach < 2 or x0 >= x1:
        return
    fade = np.linspace(255, 0, reach).astype(np.uint16)[:, None]
    legs = cover[foot - reach : foot, x0:x1][::-1].astype(np.uint16)
    part = target[foot : foot + reach, x0:x1]
    np.maximum(part, ((legs * fade) >> 8).astype(np.uint8), out=part)
