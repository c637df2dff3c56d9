"""The flagship: a background by the classical recipe, and a network that says what of the frame is not it.

The background comes from `base`, any other model that gives one; by default `lowmotion`. The score is the sum of two
witnesses who err differently: the base's difference to the background, which misses nothing but takes shadows for
objects, and a small network that has seen, on generated scenes alone, what shadows, waves, leaves, haze and pasted
objects look like beside their background. It needs no label and no training on the scene, and knows no kind of object.

Source: own. After BSUV-Net (Tezcan et al., 2020), which learns to compare a frame with its background from labels, and
the fusion of a classical score with a learned one as SemanticBGS (Braham et al., 2017) does with semantics.

Example: `cleanplate.create("plate").fit(sequence).apply(frame)`; `cleanplate.create("plate", base="median")`. See also
`lowmotion`, and `cleanplate.models.hybrid.plate.pretraining`, which made the weights.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np
import torch
from pydantic import Field

from cleanplate.errors import ConfigError
from cleanplate.foreground import ForegroundOptions
from cleanplate.models.components.graphs.estimates import EstimateGraph
from cleanplate.models.components.graphs.prediction import estimate_graph
from cleanplate.models.hybrid.plate.graph import FusedScoreGraph
from cleanplate.models.hybrid.plate.inference import (
    QuickHead,
    able_of_bf16,
    head_weights,
    judged,
    reduced,
    smoothed_probability,
)
from cleanplate.models.hybrid.plate.network import MULTIPLE, HeadNetwork
from cleanplate.models.learned import as_tensor
from cleanplate.models.registry import register
from cleanplate.models.types import Estimate
from cleanplate.models.wrapper import OnBase
from cleanplate.utils.arrays import Image, Score
from cleanplate.utils.options import NonNegative, Options


class PlateOptions(Options):
    """What the two witnesses are, and how much each of them counts."""

    base: str = "lowmotion"
    """The model that gives the background."""
    base_options: dict[str, Any] = Field({})
    """Values that differ from its defaults."""
    cap: NonNegative = 45.0
    """Grey levels that the base's score counts at most."""
    vote: NonNegative = 36.0
    """Grey levels between the network's surest no and its surest yes; 0 leaves it out."""
    weights: str = ""
    """A file of weights that `pretraining_task` made, in place of the one that comes with the package."""

    def check(self) -> None:
        """See `Options.check`."""
        if self.base == "plate":
            raise ConfigError("base: 'plate' cannot be its own base; choose a model that gives a background")


@register
class Plate(OnBase):
    """See the module."""

    name = "plate"
    family = "hybrid"
    paper = "own; after Tezcan et al. 2020 (BSUV-Net), Braham et al. 2017"
    graph_methods = ("_judged", "probability")
    Options = PlateOptions
    # Cap and vote leave a strong difference the last word only where the network is not sure that it is background.
    foreground_defaults = ForegroundOptions(threshold=28.0)
    options: PlateOptions

    def __init__(self, options: Any = None, foreground: Any = None) -> None:
        super().__init__(options, foreground)
        self.network = HeadNetwork()
        self.network.load_state_dict(head_weights(self.options.weights))
        self._quick: tuple[tuple[int, ...], QuickHead] | None = None
        self._padded: tuple[Score, Score] | None = None
        self.network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stubs

    def to(self, device: torch.device | str) -> Self:
        """Moves the network, and the base's if it has one."""
        self.network.to(device)
        self._quick = None
        return super().to(device)

    @property
    def parameters(self) -> int:
        """Weights of the network and of the base."""
        return sum(weight.numel() for weight in self.network.parameters()) + super().parameters

    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        workers = torch.get_num_threads() if self._device.type == "cpu" and not self.remembers else 1
        if workers == 1 or len(frames) == 1:
            known = self.base._estimate(frames, learning_rate)
            return [self._judged(frame, estimate) for frame, estimate in zip(frames, known, strict=True)]
        # Whole frames side by side: much of the work is OpenCV's and NumPy's, which use one thread per frame.
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(
                pool.map(lambda frame: self._judged(frame, *self.base._estimate([frame], learning_rate)), frames)
            )

    def export_graph(self, size: tuple[int, int], adaptive: bool = False) -> EstimateGraph:
        """See `Exportable.export_graph`."""
        return FusedScoreGraph(
            estimate_graph(self.base, size, adaptive),
            self.network,
            self.head.options,
            self.base.noise_of(size),
            difference_clip=self.options.cap,
            network_weight=self.options.vote,
        )

    def _judged(self, frame: Image, known: Estimate) -> Estimate:
        height, width = frame.shape[:2]
        noise = self.base.noise_of((height, width)) if known.noise is None else known.noise
        score = known.score
        if score is None:
            score = self.head.score(frame, known.background, noise)
        if self.options.vote == 0:
            return Estimate(known.background, noise, np.minimum(score, np.float32(self.options.cap)))
        probability = self.probability(frame, known.background, noise)
        return Estimate(known.background, noise, judged(score, probability, self.options.cap, self.options.vote))

    def probability(self, frame: Image, background: Image, noise: Score) -> Score:
        """The network's own word: probability of foreground, float32 `[H, W]`, median-filtered."""
        height, width = frame.shape[:2]
        pad = ((0, -height % MULTIPLE), (0, -width % MULTIPLE))
        if any(right for _, right in pad):
            frame, background = (np.pad(picture, (*pad, (0, 0)), mode="edge") for picture in (frame, background))
            padded = self._padded  # may be replaced by another thread
            if padded is None or padded[0] is not noise:
                padded = self._padded = noise, np.pad(noise, pad, mode="edge")
            noise = padded[1]  # the same array each time, by which the quick network knows it
        if self._device.type == "cpu":
            return smoothed_probability(self._ready().logits(frame, background, noise)[:height, :width])
        pictures = as_tensor([frame, background], self._device)
        restless = torch.from_numpy(noise)[None, None].to(self._device)
        with torch.inference_mode(), reduced(self._device):
            logits = self.network(pictures[:1], pictures[1:], restless)[0, 0, :height, :width]
            return smoothed_probability(logits)

    def _ready(self) -> QuickHead:
        """The network as it predicts fastest here, made anew once its weights have changed."""
        written = tuple(weight._version for weight in self.network.parameters())
        quick = self._quick  # may be replaced by another thread
        if quick is None or quick[0] != written:
            kind = torch.bfloat16 if able_of_bf16(self._device) else torch.float32
            quick = self._quick = written, QuickHead(self.network, kind)
        return quick[1]

    @property
    def _device(self) -> torch.device:
        return self.network.output.weight.device

    def state_dict(self) -> dict[str, Any]:
        """See `BackgroundModel.state_dict`; adds the network's weights and the base's state."""
        return super().state_dict() | {
            "network": {key: value.cpu() for key, value in self.network.state_dict().items()}
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `BackgroundModel.load_state_dict`."""
        super().load_state_dict(state)
        self.network.load_state_dict(state["network"])
