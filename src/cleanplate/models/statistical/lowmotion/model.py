"""The classical recipe: low-motion background, stabilization, principal components of the residual, noise.

The plate of a pixel is the median of its samples without motion around them (`initializers.low_motion`;
`initializers.learned` for fewer than 30 frames). A shaking camera is compensated by translation (`stabilization`).
Eight principal components of the residual follow changes that many pixels share (`residual_subspace`). Noise is
measured on the same motion-free samples and subtracted from the score. If the camera pans or zooms, backgrounds put
together frame by frame replace all of this (`mosaic`), at a tenth of the speed.

With a learning rate above 0 the plate follows slow changes: where a frame shows background, that share of its
difference from the expected background is added to the plate. Mosaic backgrounds do not change.

Example: `cleanplate.create("lowmotion").fit(sequence).apply(frame)`. See also `plate`, which learns the last step.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ModelError
from cleanplate.models.base import FEW_FRAMES, BackgroundModel
from cleanplate.models.components.graphs.backgrounds import FixedBackground
from cleanplate.models.components.graphs.estimates import EstimateGraph
from cleanplate.models.components.initializers.learned import learned
from cleanplate.models.components.initializers.temporal import low_motion_background
from cleanplate.models.components.sample_pairs import FramePairs
from cleanplate.models.registry import register
from cleanplate.models.statistical.lowmotion.graph import RunningSubspaceBackground, SubspaceBackground
from cleanplate.models.statistical.lowmotion.mosaic import Views, camera_moves
from cleanplate.models.statistical.lowmotion.residual_subspace import ResidualSubspace
from cleanplate.models.statistical.lowmotion.stabilization import Registration, shifted
from cleanplate.models.types import Estimate
from cleanplate.utils.arrays import Image
from cleanplate.utils.options import Options

_REGISTERED = 80


class LowMotionOptions(Options):
    """What the recipe is made of."""

    renamed: ClassVar[Mapping[str, str]] = {
        "registration": "stabilization",
        "views": "mosaic",
        "residual": "residual_subspace",
    }

    frames: Annotated[int, Field(ge=2)] = 400
    """Most pairs of consecutive frames that are looked at, evenly spaced."""
    stabilization: bool = True
    """Look for a shaking camera, and follow it where there is one."""
    mosaic: bool = True
    """Look for a camera that pans or zooms, and put backgrounds together where there is one."""
    residual_subspace: bool = True
    """Follow light and waves by principal components; otherwise the head's light compensation is all."""
    noise: bool = True
    """Whether to measure the noise of each pixel over time, which lowers the score of dynamic background."""


@register
class LowMotion(BackgroundModel):
    """See the module."""

    name = "lowmotion"
    family = "statistical"
    paper = "after LaBGen (Laugraud et al. 2017) and eigenbackgrounds (Oliver et al. 2000)"
    adapts = True
    side_by_side = True
    Options = LowMotionOptions
    options: LowMotionOptions

    def __init__(self, options: Any = None, foreground: Any = None) -> None:
        super().__init__(options, foreground)
        self._plate: Image | None = None
        self._registration: Registration | None = None
        self._residual: ResidualSubspace | None = None
        self._views: Views | None = None
        self._running: NDArray[np.float32] | None = None

    def _fit(self, sequence: FrameSequence) -> None:
        """Finds registration or views, plate, components and noise, in this order, on the same pairs of frames."""
        pairs = FramePairs.of(sequence, self.options.frames)
        frames = pairs.frames
        enough = len(frames) >= FEW_FRAMES
        self._registration = self._residual = self._views = self._noise = self._running = None
        if self.options.stabilization:
            self._registration = Registration.learned(frames[:: -(-len(frames) // _REGISTERED)])
        if self._registration is None and self.options.mosaic and enough and camera_moves(pairs):
            self._views = Views.of(sequence)
        if self._registration is not None:
            pairs = FramePairs(self._aligned(pairs.frames), self._aligned(pairs.following))
        # Of a handful of frames none is quieter than the others by more than chance.
        plate = low_motion_background(pairs) if enough else learned(pairs)
        self._background = self._plate = plate
        self._size = (plate.shape[0], plate.shape[1])
        if self.options.residual_subspace and self._views is None and enough:
            self._residual = ResidualSubspace.learned(plate, list(pairs.frames))
        if self.options.noise and self._views is None and enough:
            self._noise = self._pair_noise(pairs, ((frame, self._still(frame)) for frame in pairs.frames))

    def _aligned(self, frames: Image) -> Image:
        assert self._registration is not None
        moved = [shifted(frame, (-dx, -dy)) for frame in frames for dx, dy in [self._registration.shift(frame)]]
        return np.stack(moved)

    def _still(self, frame: Image) -> Image:
        """The background of a frame that lies as the plate does."""
        if self._residual is not None:
            return self._residual.background(frame)
        assert self._plate is not None
        return self._plate if self._running is None else _rounded(self._running)

    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        return [self._estimate_one(frame) for frame in frames]

    def _estimate_one(self, frame: Image) -> Estimate:
        if self._views is not None:
            return Estimate(self._views.background(frame))
        if self._registration is None:
            return Estimate(self._still(frame))
        dx, dy = self._registration.shift(frame)
        background = shifted(self._still(shifted(frame, (-dx, -dy))), (dx, dy))
        noise = None if self._noise is None else shifted(self._noise, (dx, dy))
        return Estimate(background, noise)

    def _adapt(self, frame: Image, mask: Image, learning_rate: float) -> None:
        if self._views is not None:
            return
        if self._registration is not None:
            dx, dy = self._registration.shift(frame)
            frame, mask = shifted(frame, (-dx, -dy)), shifted(mask, (-dx, -dy))
        unforeseen = cv2.subtract(frame, self._still(frame), dtype=cv2.CV_32F)
        if self._running is None:
            assert self._plate is not None
            self._running = self._plate.astype(np.float32)
        self._running += np.where((mask == 0)[..., None], learning_rate * unforeseen, np.float32(0))
        if self._residual is not None:
            self._residual.move_to(_rounded(self._running))

    def export_graph(self, size: tuple[int, int], adaptive: bool = False) -> EstimateGraph:
        """See `Exportable.export_graph`."""
        if self._views is not None or self._registration is not None:
            raise ModelError(
                f"{self.name}: the camera moves, and following it cannot be exported; for a camera that stands still, "
                "fit it with stabilization=false and mosaic=false"
            )
        plate = self._plate if self._running is None else self._running
        assert plate is not None  # it was fitted
        subspace = None
        if self._residual is not None:
            subspace = SubspaceBackground(plate, self._residual.mean, self._residual.components)
        return RunningSubspaceBackground(plate, subspace) if adaptive else subspace or FixedBackground(plate)

    @property
    def remembers(self) -> bool:
        """Only what it was told to take over, see `apply`."""
        return self._running is not None

    def reset(self) -> None:
        """Forgets what was taken over from frames: the plate is again as it was fitted."""
        self.load_stream_state({})
        self._background = self._plate

    def stream_state(self) -> dict[str, Any]:
        """See `BackgroundModel.stream_state`: the plate with what was taken over."""
        return {"running": self._running}

    def load_stream_state(self, memory: dict[str, Any]) -> None:
        """See `BackgroundModel.load_stream_state`."""
        running = memory.get("running")
        self._running = None if running is None else np.asarray(running, np.float32)
        plate = self._plate if self._running is None else _rounded(self._running)
        if self._residual is not None and plate is not None:
            self._residual.move_to(plate)

    def state_dict(self) -> dict[str, Any]:
        """See `BackgroundModel.state_dict`: the plate as it was fitted."""
        learnt: dict[str, Any] = {"plate": self._plate}
        if self._registration is not None:
            learnt |= {"reference": self._registration.reference, "scale": self._registration.scale}
        if self._views is not None:
            learnt |= {"views": self._views.frames}
        if self._residual is not None:
            learnt |= {"mean": self._residual.mean, "components": self._residual.components}
        return super().state_dict() | learnt

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `BackgroundModel.load_state_dict`."""
        super().load_state_dict(state)
        self._plate = state["plate"]
        self._registration = Registration(state["reference"], state["scale"]) if "reference" in state else None
        self._views = Views(state["views"]) if "views" in state else None
        known = "components" in state
        self._residual = ResidualSubspace(state["plate"], state["mean"], state["components"]) if known else None
        self._running = None


def _rounded(plate: NDArray[np.float32]) -> Image:
    return np.asarray(np.clip(np.rint(plate), 0, 255), np.uint8)
