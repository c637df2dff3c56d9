"""Options of training that all learned models share."""

from typing import Annotated, Literal

from pydantic import Field

from cleanplate.utils.options import Count, Options, Positive, WholeNumber


class TrainingOptions(Options):
    """How a learned model is trained."""

    steps: Count = 300
    """Training steps, one batch each."""
    epoch_steps: Count = 25
    """Steps per epoch; validation and checkpoints come after each epoch."""
    batch_size: Count = 16
    """Frames per batch and process."""
    optimizer: Literal["adam", "adamw", "rmsprop"] = "adam"
    """Optimiser."""
    learning_rate: Positive = 1e-3
    """Peak learning rate."""
    schedule: Literal["constant", "one_cycle"] = "one_cycle"
    """Learning rate over time: `one_cycle` warms up over a twentieth of the steps, then follows a cosine."""
    patience: WholeNumber = 0
    """Epochs without a lower validation loss before training stops early; 0 switches early stopping off."""
    frames: Annotated[int, Field(ge=2)] = 1000
    """Maximum number of training frames, evenly spaced over the sequence and held in memory."""
    seed: int = 0
    """Seed of the initial weights, the order of the batches and the noise."""

    @property
    def epochs(self) -> int:
        """Number of epochs of `epoch_steps`, the last one whole."""
        return -(-self.steps // self.epoch_steps)
