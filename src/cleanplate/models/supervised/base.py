"""The base of models that learn from labels: training examples, a network, and scenes without labels."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import torch
from torch import Tensor, nn

from cleanplate.data.training import LabelledFrames
from cleanplate.errors import ModelError
from cleanplate.models.base import BackgroundModel
from cleanplate.models.learned import train_plainly
from cleanplate.models.supervised.examples import Examples
from cleanplate.models.types import League, Prediction
from cleanplate.utils.arrays import Image

if TYPE_CHECKING:  # Lightning takes seconds to import and prediction does not need it
    from cleanplate.models.supervised.training import LabelledTask


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

        return LabelledTask(self.network, self.options, self.logits, self.examples(labelled))

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
