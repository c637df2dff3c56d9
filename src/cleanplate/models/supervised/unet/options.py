"""Options of `unet`."""

from typing import Annotated, Literal

from pydantic import Field

from cleanplate.models.components.augmentation import AugmentationOptions
from cleanplate.models.components.blocks import Activation
from cleanplate.models.components.initializers import Initial
from cleanplate.models.supervised.examples import LabelledOptions
from cleanplate.models.supervised.unet.network import Upsampling
from cleanplate.utils.options import Count, NonNegative, Positive


class UNetOptions(LabelledOptions, AugmentationOptions):
    """Options of `unet`: the network, its training examples, and prediction."""

    side: Annotated[int, Field(ge=16)] = 128
    """Side of the training squares in pixels; frames are shrunk until their longer side is no larger."""
    width: Count = 32
    """Channels of the finest stage; they double from stage to stage."""
    widest: Count = 128
    """Largest number of channels."""
    stages: Count = 5
    """Number of stages, each at half the size of the one before."""
    blocks: Count = 2
    """Convolutions per stage."""
    stem: Literal[1, 2, 4] = 2
    """Stride of the first convolution."""
    norm: Literal["batch", "group", "none"] = "batch"
    """Norm of every stage, see `Style`; `batch` learns fastest unless batches are tiny."""
    activation: Activation = "relu"
    """Activation of every stage, see `Style`."""
    upsampling: Upsampling = "bilinear"
    """Upsampling of the decoder: bilinear, or a transposed convolution."""
    encoder_weights: str | None = None
    """A file of initial weights of the encoder, such as a checkpoint of a `unet`; `null` for none."""
    mirrored: bool = True
    """Whether prediction averages a frame and its mirror image, at twice the time."""
    judged: Count = 200
    """Largest number of held-out pictures for validation."""
    initial: Initial = "median"
    """The initializer that gives the background of a fitted camera; `none` inpaints the people of each frame."""
    steps: Count = 1800
    epoch_steps: Count = 100
    batch_size: Count = 8
    frames: Annotated[int, Field(ge=2)] = 200
    """Largest number of shrunk pictures that each drawing process keeps in memory."""
    learning_rate: Positive = 2e-3
    weight_decay: NonNegative = 1e-2
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.995
