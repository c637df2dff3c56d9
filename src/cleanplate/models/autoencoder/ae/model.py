"""Convolutional autoencoder: its small latent code cannot represent moving objects, so its output is background.

The network learns a residual to an initial background, so the code represents only what varies over time: light, waves,
shade. Regions that look like foreground are down-weighted in the loss.

Papers: Hinton and Salakhutdinov, Reducing the dimensionality of data with neural networks (2006); for the weighting and
the noise channel, Sauvalle and de La Fortelle, Autoencoder-based background reconstruction and foreground segmentation
with background noise estimation (WACV 2023, arXiv 2112.08001).

Example: `cleanplate.create("ae", latent_dim=16).fit(sequence).apply(frame)`. See also `aae`, `lowmotion`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import cv2
import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from cleanplate.data.sequence import FrameSequence, evenly_spaced
from cleanplate.errors import ConfigError
from cleanplate.models.autoencoder.criterion import ReconstructionCriterion
from cleanplate.models.components.blocks import Activation, Attention, Norm, Stage, Style
from cleanplate.models.components.encoder_decoder import ConvAutoencoder, Encoder
from cleanplate.models.components.encoder_weights import load_encoder
from cleanplate.models.components.graphs.estimates import EstimateGraph
from cleanplate.models.components.graphs.networks import NetworkBackground
from cleanplate.models.components.initializers import Initial, initial_background
from cleanplate.models.components.losses import check_mix
from cleanplate.models.components.residual_on_background import ResidualOnBackground
from cleanplate.models.components.tensors import as_image, as_tensor, shrunk
from cleanplate.models.learned import LearnedModel
from cleanplate.models.options import TrainingOptions
from cleanplate.models.registry import register
from cleanplate.models.types import Estimate
from cleanplate.utils.arrays import Image
from cleanplate.utils.options import Count, NonNegative

if TYPE_CHECKING:
    from cleanplate.models.training import FramesTask


class AutoencoderOptions(TrainingOptions):
    """What an autoencoder has beyond its training."""

    renamed: ClassVar[Mapping[str, str]] = {"pull": "foreground_suppression"}

    latent_dim: Count = 16
    """Size of the latent code."""
    width: Count = 16
    """Channels of the first encoder stage; each further stage has twice as many."""
    norm: Norm = "group"
    """Normalisation layer of every stage."""
    activation: Activation = "silu"
    """Activation function of every stage."""
    stage: Stage = "plain"
    """Downsampling of the encoder: strided convolutions, dilated ones beside them, or deformable ones."""
    attention: Attention = "none"
    """Attention gates in the encoder: CBAM, or spatial and channel attention in sequence."""
    luminance: bool = False
    """Whether the encoder receives the luminance as a fourth channel."""
    grey: bool = False
    """Whether the network works on grey pictures; its output is added to all three colour channels."""
    encoder_weights: str = ""
    """File with weights of an encoder, which is then frozen; empty trains the encoder from scratch."""
    scale: Count = 4
    """Downscaling factor of the frames that the network sees; the comparison stays at full resolution."""
    initial: Initial = "low_motion"
    """Initial background, to which the network learns a residual; `none` learns the whole picture."""
    initial_frames: Annotated[int, Field(ge=2)] = 200
    """Number of frames, evenly spaced, from which the initial background is computed."""
    initial_weight: NonNegative = 0.0
    """Weight of an additional loss between background and initial background; 0 omits it."""
    loss: dict[str, float] = Field({"smooth_l1": 1.0})
    """Weight of each reconstruction loss, by name."""
    foreground_suppression: NonNegative = 6.0
    """How strongly regions that look like foreground are down-weighted in the loss; 0 weighs all pixels equally."""
    learned_noise: bool = False
    """Whether the network predicts the expected error of each pixel, in place of the noise measured over time."""
    noise: bool = True
    """Whether to measure the noise of each pixel over time, which lowers the score of dynamic background."""
    light_jitter: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Largest random change of brightness of a training frame, as a share."""

    def check(self) -> None:
        """See `Options.check`."""
        super().check()
        if self.initial_weight and self.initial == "none":
            raise ConfigError(f"initial_weight: {self.initial_weight}, but initial is none; choose what to be close to")
        if self.luminance and self.grey:
            raise ConfigError("luminance: true, but with grey the encoder sees nothing else; choose one of the two")
        check_mix(self.loss)


@register
class Autoencoder(LearnedModel):
    """See the module."""

    name = "ae"
    family = "autoencoder"
    paper = "Hinton and Salakhutdinov 2006; Sauvalle and de La Fortelle 2023 (arXiv 2112.08001)"
    Options = AutoencoderOptions
    Criterion: ClassVar[type[ReconstructionCriterion]] = ReconstructionCriterion
    """Loss of the training; a variant with another loss replaces it."""
    graph_methods = ("_inputs", "_packed", "_estimated")
    options: AutoencoderOptions
    network: ResidualOnBackground

    def build(self, size: tuple[int, int]) -> None:
        """See `LearnedModel.build`."""
        options = self.options
        working = (max(8, round(size[0] / options.scale)), max(8, round(size[1] / options.scale)))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            anchored = options.initial != "none"
            self.network = ResidualOnBackground(size, working, self.core(working), anchored=anchored, grey=options.grey)
        # A quarter faster on CPUs, and what tensor cores want.
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stubs
        self._size = size

    def core(self, working: tuple[int, int]) -> nn.Module:
        """What a variant is: see `Core` in `plate_network`."""
        options = self.options
        return ConvAutoencoder(working, self.outputs, options.latent_dim, options.width, self.style)

    @property
    def style(self) -> Style:
        """How the stages of the core look."""
        options = self.options
        return Style(
            options.norm, options.activation, options.stage, options.attention, options.luminance, options.grey
        )

    @property
    def outputs(self) -> int:
        """Channels that the core gives: RGB or grey, and the expected error where it is learnt."""
        return (1 if self.options.grey else 3) + self.options.learned_noise

    def task(self, sequence: FrameSequence) -> "FramesTask":
        """See `LearnedModel.task`."""
        from cleanplate.models.autoencoder.training import AutoencoderTask

        frames = self._frames_of(sequence)
        return AutoencoderTask(self.network, self.options, frames, self.criterion(frames))

    def criterion(self, frames: Tensor) -> ReconstructionCriterion:
        """The loss for training on `frames`, `[N, 3+, h, w]`."""
        return self.Criterion(self.network, self.options, frames.shape[-1])

    def finish(self, sequence: FrameSequence) -> None:
        """See `LearnedModel.finish`: measures how restless the scene is, where the network does not tell."""
        super().finish(sequence)
        if self.options.noise and not self.options.learned_noise:
            self.measure_noise(sequence)

    def _frames_of(self, sequence: FrameSequence) -> Tensor:
        """Reads the sequence once: builds the network, sets its plate, returns uint8 RGB `[N, 3, h, w]` at its size."""
        self.build(sequence.size)
        self._take_encoder()
        if self.options.initial != "none":
            plate = initial_background(self.options.initial, sequence, self.options.initial_frames)
            self.network.anchor(as_tensor([plate])[0].float() / 255)
            self._background = plate
        return self._read(sequence, evenly_spaced(range(len(sequence)), self.options.frames))

    def _take_encoder(self) -> None:
        """Loads and freezes the encoder of another model, where one is given; a checkpoint brings its own."""
        if self.options.encoder_weights:
            encoder = getattr(self.network.core, "encoder", None)
            if not isinstance(encoder, Encoder):
                raise ConfigError(f"encoder_weights: {self.name} has no single encoder to fill; leave it empty")
            load_encoder(encoder, self.options.encoder_weights)
            encoder.freeze()

    def _read(self, sequence: FrameSequence, indices: Sequence[int]) -> Tensor:
        """Frames of a sequence as the network's input; each is let go as soon as it is small."""
        return self._packed([shrunk(frame, self.network.working) for _, frame in sequence.frames(indices)])

    def _inputs(self, frames: Sequence[Image]) -> Tensor:
        """Consecutive frames, at full size, as the network's input."""
        return self._packed([shrunk(frame, self.network.working) for frame in frames])

    def _packed(self, small: Sequence[Image]) -> Tensor:
        """Frames at working size as uint8 RGB `[N, 3, h, w]`; three equal channels if grey."""
        return as_tensor([as_grey(frame) for frame in small] if self.options.grey else small, self.device)

    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        return self._estimated(self._inputs(frames))

    def _estimated(self, inputs: Tensor) -> list[Estimate]:
        self.network.eval()
        with torch.inference_mode():
            backgrounds, noises = self.network(inputs.float() / 255)
        return [
            Estimate(as_image(background), None if noises is None else _levels(noises[position]))
            for position, background in enumerate(backgrounds)
        ]

    def export_graph(self, size: tuple[int, int], adaptive: bool = False) -> EstimateGraph:
        """See `Exportable.export_graph`."""
        return NetworkBackground(self.network, size, grey=self.options.grey)


def _levels(noise: Tensor) -> Any:
    return noise[0].mul(255).cpu().numpy()


def as_grey(frame: Image) -> Image:
    """A frame, uint8 BGR, as grey in three equal channels."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), dtype=np.uint8)
