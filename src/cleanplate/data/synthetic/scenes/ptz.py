"""``PTZ``: a camera that pans along a street, stops, zooms in and comes back."""

from cleanplate.data.synthetic.camera import Warp, ease, view
from cleanplate.data.synthetic.registry import generator
from cleanplate.data.synthetic.scene import Scene
from cleanplate.data.synthetic.seeds import stream
from cleanplate.data.synthetic.shadows import Sun
from cleanplate.data.synthetic.spec import SceneSpec
from cleanplate.data.synthetic.streets import street
from cleanplate.data.synthetic.traffic import drivers, walkers

REACH = 1.7
"""Width of the street in frames."""
# (part of the sequence, place along the street from 0 to 1, zoom)
_TOUR = ((0.0, 0.0, 1.0), (0.12, 0.0, 1.0), (0.36, 0.75, 1.0), (0.5, 0.75, 1.0), (0.62, 0.7, 1.45), (0.74, 0.7, 1.45),
         (0.84, 1.0, 1.0), (1.0, 0.35, 1.0))  # fmt: skip


@generator("PTZ")
def ptz(spec: SceneSpec) -> Scene:
    """The frame is a window on a street much wider than it."""
    stage = street(stream(spec, "stage"), spec.height, int(spec.width * REACH), REACH)
    cast = stream(spec, "actors")
    actors = drivers(cast, stage, spec.frames, gap=10) + walkers(
        cast, stage, spec.frames, stage.walks, pace=1.4, gap=20
    )

    def warp(frame: int) -> Warp:
        part = frame / max(1, spec.frames - 1)
        after = next(index for index, stop in enumerate(_TOUR) if index and part <= stop[0])
        (t0, a0, z0), (t1, a1, z1) = _TOUR[after - 1], _TOUR[after]
        move = ease((part - t0) / (t1 - t0))
        zoom = z0 + (z1 - z0) * move
        half = (spec.width - 1) / 2
        x = half + (a0 + (a1 - a0) * move) * (stage.width - 1 - 2 * half)
        # Zooming in looks at the road, below the middle.
        y = (spec.height - 1) * (0.5 + 0.28 * (zoom - 1))
        return view(spec.height, spec.width, x, y, zoom)

    return Scene(stage, actors, sun=Sun(lean=-0.2, length=0.12, strength=0.38), warp=warp)
