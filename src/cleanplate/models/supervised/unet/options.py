"""Options of `unet`."""

from typing import Annotated, Literal

from pydantic import Field

from cleanplate.models.components.augmentation import AugmentationOptions
from cleanplate.models.components.blocks import Activation
from cleanplate.models.components.initializers import Initial
from cleanplate.models.supervised.examples import LabelledOptions
from cleanplate.models.supervised.unet.network import Upsampling
from cleanplate.utils.options import Count, Positive


class UNetOptions(LabelledOptions, AugmentationOptions):
    """The network, what it is shown, and how it predicts."""

    side: Annotated[int, Field(ge=16)] = 128
    """Of training squares; frames are made smaller for the network until their longer side is no more."""
    width: Count = 32
    """Channels of the finest stage; they double from stage to stage."""
    widest: Count = 128
    """Channels at most."""
    stages: Count = 5
    """Sizes, the finest among them."""
    blocks: Count = 2
    """Convolutions per stage."""
    stem: Literal[1, 2, 4] = 2
    """By what factor the first convolution makes pictures smaller."""
    norm: Literal["batch", "group", "none"] = "batch"
    """See `Style`; `batch` learns fastest where batches are not tiny."""
    activation: Activation = "relu"
    """See `Style`."""
    upsampling: Upsampling = "bilinear"
    """How the decoder enlarges."""
    encoder_weights: str | None = None
    """A file that the encoder starts from, such as a checkpoint of a `unet`; `None` for none."""
    mirrored: bool = True
    """Whether frames are seen mirrored as well when predicting, at twice the time."""
    judged: Count = 200
    """Most of the held-out pictures that the training is judged by."""
    initial: Initial = "median"
    """Whose background is taken where frames of one camera are fitted; `none` fills in every frame."""
    steps: Count = 1800
    epoch_steps: Count = 100
    batch_size: Count = 8
    frames: int = 200
    """Most pictures that are held in memory, made smaller, by each process that draws."""
    learning_rate: Positive = 2e-3
    weight_decay: float = 1e-2
    ema_decay: float = 0.995
