"""Options of `pairnet`."""

from typing import Annotated, Literal

from pydantic import Field

from cleanplate.errors import ConfigError
from cleanplate.models.supervised.examples import LabelledOptions
from cleanplate.models.supervised.pairnet.network import MULTIPLE
from cleanplate.utils.options import Count, Positive


class PairNetOptions(LabelledOptions):
    """Options of `pairnet`: the plate, the sizes, and the training data."""

    initial: Literal["median", "mean", "trimmed_mean", "mode", "benet", "low_motion"] = "low_motion"
    """The initializer that gives the plate where the user took none."""
    light: Literal["none", "offset", "gain"] = "none"
    """Light compensation of the plate before the comparison: none, an offset or a factor per channel."""
    working: int = 240
    """Largest shorter side of the network's input in pixels, rounded to a multiple of 16."""
    crop: int = 192
    """Height of the training crops in pixels, a multiple of 16; their width is 4/3 of it."""
    people: str = ""
    """Pictures of people with masks, to paste and to paste into: a folder in the CDnet layout, or a split of COCO
    (`…/coco/train2017`); empty for none. It must not hold what the run is tested on."""
    steps: Count = 600
    epoch_steps: Count = 100
    batch_size: Count = 8
    learning_rate: Positive = 3e-3
    frames: Annotated[int, Field(ge=2)] = 600

    def check(self) -> None:
        """See `Options.check`."""
        super().check()
        if self.crop < MULTIPLE or self.crop % MULTIPLE:
            raise ConfigError(f"crop: {self.crop} is no multiple of {MULTIPLE}")
        if self.working < MULTIPLE:
            raise ConfigError(f"working: {self.working} is too small; choose {MULTIPLE} or more")
