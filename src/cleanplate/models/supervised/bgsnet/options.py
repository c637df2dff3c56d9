"""Options of `bgsnet`."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from cleanplate.errors import ConfigError
from cleanplate.models.hybrid.plate.network import MULTIPLE
from cleanplate.models.supervised.examples import LabelledOptions
from cleanplate.utils.options import Count, NonNegative, Positive, Share


class BgsNetOptions(LabelledOptions):
    """Options of `bgsnet`: the base model, the training, and the weights of the two scores that are fused."""

    renamed: ClassVar[Mapping[str, str]] = {
        **LabelledOptions.renamed,
        "cap": "difference_clip",
        "vote": "network_weight",
        "kept": "pretrained_share",
        "start": "initial_weights",
    }

    base: str = "lowmotion"
    """The model that gives the empty background."""
    base_options: Mapping[str, Any] = Field({})
    """Options of the base that differ from its defaults."""
    initial_weights: Literal["plate", "random"] = "plate"
    """Initial weights of the network: those of `plate`, or random ones."""
    pretrained_share: Share = 0.5
    """Share of the weights of `plate` in the average that is the result; it helps where few videos are labelled."""
    difference_clip: NonNegative = 45.0
    """Largest value of the base's difference score, in grey levels, as in `plate`."""
    network_weight: NonNegative = 36.0
    """Grey levels that the network's probability adds from 0 to 1; 0 leaves the network out."""
    examples: Count = 400
    """Largest number of labelled frames per video, evenly spaced."""
    side: int = 160
    """Side of the training squares in pixels, a multiple of 16."""
    pasted: Share = 0.3
    """Probability that an object is pasted into an example, and sometimes into its recent background, too."""
    steps: Count = 400
    epoch_steps: Count = 50
    batch_size: Count = 8
    learning_rate: Positive = 1e-3

    def check(self) -> None:
        """See `Options.check`."""
        super().check()
        if self.base == "bgsnet":
            raise ConfigError("base: 'bgsnet' cannot be its own base; choose a model that gives a background")
        if self.side < MULTIPLE or self.side % MULTIPLE:
            raise ConfigError(f"side: {self.side} is no multiple of {MULTIPLE}")
