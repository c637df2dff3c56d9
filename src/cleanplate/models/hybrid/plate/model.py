"""A classical background, compared with the frame by a small network that was trained on generated scenes.

The background comes from `base`, any other model; by default `lowmotion`. The score fuses two scores with different
errors: the base's difference score misses little but takes shadows for objects, and the network has learnt from
generated scenes what shadows, waves, leaves, haze and pasted objects look like beside their background. It needs
neither labels nor training on the scene, and knows no kind of object.

Source: own; after BSUV-Net (Tezcan et al., 2020), which learns from labels to compare a frame with its background, and
SemanticBGS (Braham et al., 2017), which fuses a classical score with a semantic one.

Example: `cleanplate.create("plate").fit(sequence).apply(frame)`; `cleanplate.create("plate", base="median")`. See also
`lowmotion`, and `cleanplate.models.hybrid.plate.pretraining`, which made the weights.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, Self

import numpy as np
import torch
from pydantic import Field

from cleanplate.errors import ConfigError
from cleanplate.foreground import PRESETS
from cleanplate.models.components.graphs.estimates import EstimateGraph
from cleanplate.models.components.tensors import as_tensor, bf16_autocast, supports_bf16
from cleanplate.models.hybrid.plate.graph import FusedScoreGraph
from cleanplate.models.hybrid.plate.inference import (
    FastForegroundNetwork,
    fuse,
    pretrained_weights,
    smoothed_probability,
)
from cleanplate.models.hybrid.plate.network import MULTIPLE, ForegroundNetwork
from cleanplate.models.registry import register
from cleanplate.models.types import Estimate
from cleanplate.models.wrapper import ModelWrapper, estimate_graph
from cleanplate.utils.arrays import Image, Score
from cleanplate.utils.options import NonNegative, Options


class PlateOptions(Options):
    """Options of `plate`: the base model, and the weights of the two scores that are fused."""

    renamed: ClassVar[Mapping[str, str]] = {"cap": "difference_clip", "vote": "network_weight"}

    base: str = "lowmotion"
    """The model that gives the background."""
    base_options: dict[str, Any] = Field({})
    """Options of the base that differ from its defaults."""
    difference_clip: NonNegative = 45.0
    """Largest value of the base's difference score, in grey levels."""
    network_weight: NonNegative = 36.0
    """Grey levels that the network's probability adds from 0 to 1; 0 leaves the network out."""
    weights: str = ""
    """A file of weights made by `pretraining`; empty takes the one that comes with the package."""

    def check(self) -> None:
        """See `Options.check`."""
        if self.base == "plate":
            raise ConfigError("base: 'plate' cannot be its own base; choose a model that gives a background")


@register
class Plate(ModelWrapper):
    """See the module."""

    name = "plate"
    family = "hybrid"
    paper = "own; after Tezcan et al. 2020 (BSUV-Net), Braham et al. 2017"
    graph_methods = ("_fused", "probability")
    Options = PlateOptions
    foreground_defaults = PRESETS["plate"]
    options: PlateOptions

    def __init__(self, options: Any = None, foreground: Any = None) -> None:
        super().__init__(options, foreground)
        self.network = ForegroundNetwork()
        self.network.load_state_dict(pretrained_weights(self.options.weights))
        self._fast: tuple[tuple[int, ...], FastForegroundNetwork] | None = None
        self._padded_noise: tuple[Score, Score] | None = None
        self.network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stubs

    def to(self, device: torch.device | str) -> Self:
        """Moves network and base."""
        self.network.to(device)
        self._fast = None
        return super().to(device)

    @property
    def parameters(self) -> int:
        """Weights of the network and of the base."""
        return sum(weight.numel() for weight in self.network.parameters()) + super().parameters

    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        workers = torch.get_num_threads() if self._device.type == "cpu" and not self.remembers else 1
        if workers == 1 or len(frames) == 1:
            estimates = self.base._estimate(frames, learning_rate)
            return [self._fused(frame, estimate) for frame, estimate in zip(frames, estimates, strict=True)]
        # One thread per frame: much of the work is OpenCV's and NumPy's, which use one thread each.
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(
                pool.map(lambda frame: self._fused(frame, *self.base._estimate([frame], learning_rate)), frames)
            )

    def export_graph(self, size: tuple[int, int], adaptive: bool = False) -> EstimateGraph:
        """See `Exportable.export_graph`."""
        return FusedScoreGraph(
            estimate_graph(self.base, size, adaptive),
            self.network,
            self.head.options,
            self.base.noise_of(size),
            difference_clip=self.options.difference_clip,
            network_weight=self.options.network_weight,
        )

    def _fused(self, frame: Image, estimate: Estimate) -> Estimate:
        height, width = frame.shape[:2]
        noise = self.base.noise_of((height, width)) if estimate.noise is None else estimate.noise
        score = estimate.score
        if score is None:
            score = self.head.score(frame, estimate.background, noise)
        if self.options.network_weight == 0:
            return Estimate(estimate.background, noise, np.minimum(score, np.float32(self.options.difference_clip)))
        probability = self.probability(frame, estimate.background, noise)
        return Estimate(
            estimate.background,
            noise,
            fuse(score, probability, self.options.difference_clip, self.options.network_weight),
        )

    def probability(self, frame: Image, background: Image, noise: Score) -> Score:
        """The network's probability of foreground, float32 `[H, W]`, median-filtered."""
        height, width = frame.shape[:2]
        pad = ((0, -height % MULTIPLE), (0, -width % MULTIPLE))
        if any(right for _, right in pad):
            frame, background = (np.pad(picture, (*pad, (0, 0)), mode="edge") for picture in (frame, background))
            padded = self._padded_noise  # may be replaced by another thread
            if padded is None or padded[0] is not noise:
                padded = self._padded_noise = noise, np.pad(noise, pad, mode="edge")
            noise = padded[1]  # the same array each time, by which the fast network recognizes it
        if self._device.type == "cpu":
            return smoothed_probability(self._fast_network().logits(frame, background, noise)[:height, :width])
        pictures = as_tensor([frame, background], self._device)
        noises = torch.from_numpy(noise)[None, None].to(self._device)
        with torch.inference_mode(), bf16_autocast(self._device):
            logits = self.network(pictures[:1], pictures[1:], noises)[0, 0, :height, :width]
            return smoothed_probability(logits)

    def _fast_network(self) -> FastForegroundNetwork:
        """The network for fast prediction, made anew when the weights have changed."""
        versions = tuple(weight._version for weight in self.network.parameters())
        fast = self._fast  # may be replaced by another thread
        if fast is None or fast[0] != versions:
            kind = torch.bfloat16 if supports_bf16(self._device) else torch.float32
            fast = self._fast = versions, FastForegroundNetwork(self.network, kind)
        return fast[1]

    @property
    def _device(self) -> torch.device:
        return self.network.output.weight.device

    def state_dict(self) -> dict[str, Any]:
        """See `BackgroundModel.state_dict`; adds the network's weights."""
        return super().state_dict() | {
            "network": {key: value.cpu() for key, value in self.network.state_dict().items()}
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `BackgroundModel.load_state_dict`."""
        super().load_state_dict(state)
        self.network.load_state_dict(state["network"])
