"""Options of `bgsnet`."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from cleanplate.errors import ConfigError
from cleanplate.models.hybrid.plate.network import MULTIPLE
from cleanplate.models.supervised.examples import LabelledOptions
from cleanplate.utils.options import Count, NonNegative, Positive, Share


class BgsNetOptions(LabelledOptions):
    """What is compared, how it is learnt, and how much the base's own difference still counts."""

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
    """Values that differ from its defaults."""
    initial_weights: Literal["plate", "random"] = "plate"
    """The network's first weights: the flagship's, or drawn by chance."""
    pretrained_share: Share = 0.5
    """How much of the flagship's weights stays in the result; a few videos teach much that holds for them alone."""
    difference_clip: NonNegative = 45.0
    """Grey levels that the base's difference counts at most, as in `plate`."""
    network_weight: NonNegative = 36.0
    """Grey levels between the network's surest no and its surest yes."""
    examples: Count = 400
    """Most labelled frames of a video that are learnt from, evenly spaced."""
    side: int = 160
    """Of the squares that are cut out of the frames."""
    pasted: Share = 0.3
    """How often a further object is pasted into an example, which some of the recent backgrounds know as well."""
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
