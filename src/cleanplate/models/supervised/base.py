"""The base of models that learn from labels: training examples, a network, and scenes without labels."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from itertools import starmap
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.utils.data import Dataset

from cleanplate.data.training import LabelledFrames
from cleanplate.errors import ModelError
from cleanplate.models.base import BackgroundModel, League
from cleanplate.models.components.losses.segmentation import check_segmentation_mix
from cleanplate.models.learned import TrainingOptions, train_plainly
from cleanplate.models.types import Prediction
from cleanplate.utils.arrays import Image
from cleanplate.utils.options import NonNegative, WholeNumber

if TYPE_CHECKING:  # Lightning takes seconds to import and prediction does not need it
    from cleanplate.models.supervised.training import LabelledTask


class LabelledOptions(TrainingOptions):
    """How a model learns from labels."""

    renamed: ClassVar[Mapping[str, str]] = {"average": "ema_decay"}

    optimizer: Any = "adamw"
    loss: Mapping[str, float] = Field({"bce": 1.0, "dice": 1.0})
    """A weight each of bce, dice, focal, lovasz."""
    weight_decay: NonNegative = 1e-4
    """Of the optimiser, where it has one."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """How much of the average of the weights is kept at each step, less in the first ones; 0 predicts with the last
    weights."""
    workers: WholeNumber = 1
    """Processes that draw training pictures beside the training; 0 draws in it."""

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


class SupervisedModel(BackgroundModel):
    """A model that learns once from labels and is then fitted to scenes without labels.

    `learn` (or the pipeline, with checkpoints and logging) trains the network; `fit` then learns a scene without
    labels, mostly its clean plate. A subclass builds its network (`build`), draws its training examples (`examples`),
    computes logits for them (`logits`) and estimates (`_estimate`).
    """

    labelled: ClassVar[bool] = True
    family = "supervised"
    league: League = "unseen"
    options: Any
    network: nn.Module

    def __init__(self, options: Any = None, foreground: Any = None) -> None:
        super().__init__(options, foreground)
        self.learnt = False
        torch.manual_seed(self.options.seed)
        self.network = self.build()
        self.network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stubs

    @abstractmethod
    def build(self) -> nn.Module:
        """The network, its weights drawn from torch's global generator or read from a file."""

    @abstractmethod
    def examples(self, labelled: Sequence[LabelledFrames]) -> Examples:
        """Training examples from labelled frames."""

    @abstractmethod
    def logits(self, pictures: Tensor) -> Tensor:
        """Logits of foreground, `[N, 1, h, w]`, of pictures as `Examples` gives them, uint8 `[N, C, h, w]`."""

    def task(self, labelled: Sequence[LabelledFrames]) -> "LabelledTask":
        """The task that trains the network, data loaders included."""
        from cleanplate.models.supervised.training import LabelledTask

        return LabelledTask(self, self.examples(labelled))

    def finish(self) -> None:
        """Ends the training; the caller of `task` calls it last."""
        self.learnt = True
        self.network.eval()

    def learn(self, labelled: Sequence[LabelledFrames]) -> Self:
        """Trains with a plain Lightning `Trainer`; the pipeline brings its own, with checkpoints and logging."""
        task = self.task(labelled)
        train_plainly(task, self.options.epochs)
        task.hand_over()
        self.finish()
        return self

    @property
    def fitted(self) -> bool:
        """Whether `apply` can be called."""
        return self.learnt and self._size is not None

    def check_trained(self) -> None:
        """Raises a `ModelError` if the model has not learnt from labels yet."""
        if not self.learnt:
            raise ModelError(f"{self.name}: has not learnt yet; call learn(labelled frames) or load a checkpoint first")

    def predict(self, frames: Sequence[Image], learning_rate: float = -1.0) -> list[Prediction]:
        """See `BackgroundModel.predict`."""
        self.check_trained()
        return super().predict(frames, learning_rate)

    @property
    def parameters(self) -> int:
        """Number of learnt weights."""
        return sum(weight.numel() for weight in self.network.parameters())

    def to(self, device: torch.device | str) -> Self:
        """Moves the network, and so prediction, to a device."""
        self.network.to(device)
        return self

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    def state_dict(self) -> dict[str, Any]:
        """See `BackgroundModel.state_dict`; adds the weights, whether they are trained, and the league."""
        weights = {key: value.cpu() for key, value in self.network.state_dict().items()}
        return super().state_dict() | {"network": weights, "learnt": self.learnt, "league": self.league}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `BackgroundModel.load_state_dict`."""
        super().load_state_dict(state)
        self.network.load_state_dict(state["network"])
        self.network.eval()
        self.learnt, self.league = bool(state["learnt"]), state["league"]
