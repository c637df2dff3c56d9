"""Options and training examples of models that learn from labels."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from itertools import starmap
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.utils.data import Dataset

from cleanplate.models.components.losses.segmentation import check_segmentation_mix
from cleanplate.models.options import TrainingOptions
from cleanplate.utils.arrays import Image
from cleanplate.utils.options import NonNegative, WholeNumber


class LabelledOptions(TrainingOptions):
    """Options of training from labels."""

    renamed: ClassVar[Mapping[str, str]] = {"average": "ema_decay"}

    optimizer: Any = "adamw"
    loss: Mapping[str, float] = Field({"bce": 1.0, "dice": 1.0})
    """Weight of each loss, by name: bce, dice, focal, lovasz."""
    weight_decay: NonNegative = 1e-4
    """Weight decay of the optimizer, if it has one."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """Decay of the moving average of the weights, smaller in the first steps; 0 takes the last weights."""
    workers: WholeNumber = 1
    """Number of processes that draw training examples; 0 draws them in the training process."""

    def check(self) -> None:
        """See `Options.check`."""
        super().check()
        check_segmentation_mix(self.loss)


Drawn = tuple[Image, Image]
"""Input channels, uint8 `[h, w, C]`, the first three the frame in RGB; and labels, uint8 `[h, w]` of 0, 170 and 255."""


class Examples(Dataset[tuple[Tensor, Tensor]]):
    """Training examples by number: inputs uint8 `[C, h, w]` and labels uint8 `[1, h, w]`.

    The number and the seed alone determine an example.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __getitem__(self, draw: int) -> tuple[Tensor, Tensor]:
        return as_example(*self.drawn(draw, np.random.default_rng((self.seed, draw))))

    @abstractmethod
    def drawn(self, draw: int, random: np.random.Generator) -> Drawn:
        """A random example; all have the same size and channels."""

    @abstractmethod
    def held_out(self) -> Iterable[Drawn]:
        """The validation examples, unchanged, each of any size that the network takes."""

    def validation(self) -> Sequence[tuple[Tensor, Tensor]] | Dataset[tuple[Tensor, Tensor]]:
        """The held-out examples as tensors, each a batch of one."""
        return [(pictures[None], labels[None]) for pictures, labels in starmap(as_example, self.held_out())]


def as_example(pictures: Image, labels: Image) -> tuple[Tensor, Tensor]:
    """An example as tensors: uint8 `[C, h, w]` and `[1, h, w]`."""
    channels = torch.from_numpy(np.ascontiguousarray(pictures.transpose(2, 0, 1)))
    return channels, torch.from_numpy(np.ascontiguousarray(labels))[None]
