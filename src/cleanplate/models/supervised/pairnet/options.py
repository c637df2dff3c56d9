"""Options of `pairnet`."""

from typing import Literal

from cleanplate.errors import ConfigError
from cleanplate.models.supervised.examples import LabelledOptions
from cleanplate.models.supervised.pairnet.network import MULTIPLE
from cleanplate.utils.options import Count, Positive


class PairNetOptions(LabelledOptions):
    """What is compared, and what it is learnt from."""

    initial: Literal["median", "mean", "trimmed_mean", "mode", "benet", "low_motion"] = "low_motion"
    """The initialiser that gives the plate where the user took none."""
    light: Literal["none", "offset", "gain"] = "none"
    """Light compensation of the plate before it is compared: none, one offset or one factor per channel."""
    working: int = 240
    """Pixels of the shorter side at which pictures are compared, at most; rounded to multiples of 16."""
    crop: int = 192
    """Height of the training crops, a multiple of 16; they are 4:3."""
    people: str = ""
    """Pictures of people with masks, to paste and to paste into: a folder in the CDnet layout, or a split of COCO
    (`…/coco/train2017`); empty goes without. What a run is tested on does not belong there."""
    steps: Count = 600
    epoch_steps: Count = 100
    batch_size: Count = 8
    learning_rate: Positive = 3e-3
    frames: int = 600

    def check(self) -> None:
        """See `Options.check`."""
        super().check()
        if self.crop < MULTIPLE or self.crop % MULTIPLE:
            raise ConfigError(f"crop: {self.crop} is no multiple of {MULTIPLE}")
        if self.working < MULTIPLE:
            raise ConfigError(f"working: {self.working} is too small; choose {MULTIPLE} or more")
