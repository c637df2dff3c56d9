"""``dynamicBackground``: trees in the wind and a pond with ripples."""

import numpy as np

from cleanplate.data.synthetic.exact import Image
from cleanplate.data.synthetic.places import park
from cleanplate.data.synthetic.registry import generator
from cleanplate.data.synthetic.scene import Scene
from cleanplate.data.synthetic.seeds import stream
from cleanplate.data.synthetic.shadows import OVERCAST
from cleanplate.data.synthetic.spec import SceneSpec
from cleanplate.data.synthetic.traffic import walkers
from cleanplate.data.synthetic.wind import Foliage, Water


@generator("dynamicBackground")
def dynamic_background(spec: SceneSpec) -> Scene:
    """People walk on the lawn while everything behind them moves; the picture's upper edge is no region of interest."""
    stage = park(stream(spec, "stage"), spec.height, spec.width)
    leaves = Foliage(stream(spec, "wind"), stage.foliage, reach=4.5 * spec.height / 240)
    pond = Water(stream(spec, "water"), stage.water, depth=34)

    def backdrop(frame: int) -> Image:
        return leaves(frame, pond(frame, stage.plate))

    region = np.full((spec.height, spec.width), 255, np.uint8)
    region[: spec.height // 9] = 0
    actors = walkers(stream(spec, "actors"), stage, spec.frames, stage.walks, pace=1.3, gap=50)
    return Scene(stage, actors, sun=OVERCAST, backdrop=backdrop, roi=region)
