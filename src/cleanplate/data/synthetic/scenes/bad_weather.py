"""``badWeather``: snowfall over an avenue, or rain on a street."""

import numpy as np

from cleanplate.data.synthetic.exact import Image, lookup
from cleanplate.data.synthetic.lights import curve
from cleanplate.data.synthetic.registry import generator
from cleanplate.data.synthetic.scene import Scene
from cleanplate.data.synthetic.seeds import stream
from cleanplate.data.synthetic.sensor import Sensor
from cleanplate.data.synthetic.shadows import OVERCAST
from cleanplate.data.synthetic.spec import SceneSpec
from cleanplate.data.synthetic.streets import avenue, street
from cleanplate.data.synthetic.textures import grain, surface
from cleanplate.data.synthetic.traffic import drive_along, drivers, walkers
from cleanplate.data.synthetic.weather import Falling, Haze


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
