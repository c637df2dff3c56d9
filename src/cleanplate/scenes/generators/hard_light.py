"""Difficult illumination: ``nightVideos``, ``thermal`` (far infrared in a hall) and ``badWeather`` (snow or rain)."""

from collections.abc import Sequence

import numpy as np

from cleanplate.scenes.camera import Sensor
from cleanplate.scenes.exact import blur, clip, lookup, sine
from cleanplate.scenes.lights import add_light, columns, curve
from cleanplate.scenes.places import hall
from cleanplate.scenes.shadows import OVERCAST
from cleanplate.scenes.spec import Layers, Scene, SceneSpec, generator, stream
from cleanplate.scenes.stage import Stage
from cleanplate.scenes.streets import avenue, street
from cleanplate.scenes.textures import grain, surface
from cleanplate.scenes.traffic import Placement, drive_along, drivers, walkers
from cleanplate.scenes.weather import Falling, Haze
from cleanplate.utils.arrays import Image

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
                    add_light(layers.image, x, y, size, size, (235, 250, 255), unknown=layers.unknown)
                    add_light(layers.image, x, y, size * 3.2, size * 0.35, (70, 84, 90))
                elif place.car:
                    add_light(layers.image, x, y, place.height * 0.7, place.height * 0.7, (30, 30, 215))

    return Scene(stage, actors, sensor=Sensor(blur=0.8, read=4.2, shot=5.0, chroma=0.7), glow=glow)


@generator("thermal")
def thermal(spec: SceneSpec) -> Scene:
    """Warm people before cool walls, with reflections in the floor and halos; the gain of the camera drifts."""
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
    """Reflect the legs of people in the floor: mirror the cover at the foot row, fading out."""
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


@generator("badWeather")
def bad_weather(spec: SceneSpec) -> Scene:
    """Flakes or streaks at three depths, haze, grey light. Videos named ``rain…`` have rain, all others snow."""
    snow = not spec.video.startswith("rain")
    rng, cast = stream(spec, "stage"), stream(spec, "actors")
    if snow:
        height, width = 2 * spec.height, 2 * spec.width
        drifts = surface((214, 210, 206), grain(rng, height, width, {1: 6, 6: 9, height / 12: 14}))
        stage = avenue(rng, spec.height, spec.width, ground=drifts, leaf=(128, 136, 136))
        actors = drive_along(cast, stage, spec.frames, pace=0.9)
        actors += walkers(cast, stage, spec.frames, stage.walks[1:], gap=50)
        tint, haze = curve((0.96, 0.94, 0.92), 0.9), Haze(spec.height, stage.horizon, (206, 204, 202), 0.55, 0.12)
    else:
        stage = street(rng, spec.height, spec.width)
        actors = drivers(cast, stage, spec.frames, pace=0.9) + walkers(cast, stage, spec.frames, stage.walks)
        tint, haze = curve((0.82, 0.76, 0.72), 1.15), Haze(spec.height, stage.horizon, (168, 166, 162), 0.42, 0.1)

    def light(frame: int, image: Image) -> Image:
        return haze(frame, lookup(image, tint))

    falling = Falling(stream(spec, "weather"), spec.height, spec.width, snow)
    # The strip of sky at the top is not scored: nothing but snow moves there.
    region = np.full((spec.height, spec.width), 255, np.uint8)
    region[: spec.height // 12] = 0
    sensor = Sensor(blur=0.75, read=2.0, shot=2.2)
    return Scene(stage, actors, sun=OVERCAST, light=light, weather=falling, sensor=sensor, roi=region)
