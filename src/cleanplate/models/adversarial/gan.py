"""Base class of the GANs: a generator of backgrounds, and an encoder that maps a frame to its background.

A generator maps codes from a normal prior to pictures of the scene, and a discriminator, used in training only,
separates them from real ones. Neither sees the frame whose background is wanted. Therefore an encoder is trained to
invert the generator: it recovers the codes of generated pictures, and for frames it finds the code whose picture
matches them, with foreground-like regions down-weighted. It does not change the generator, which learns from the
discriminator and from mean and variance of the real pictures (`matching`). In prediction a few steps of gradient
descent may refine the code (`search_steps`).

A GAN reproduces its real pictures, so these must show the *background*: foreground is painted over before the
discriminator sees them (`search.cleaned`). The discriminator sees the squashed difference from the initial background,
in which the rest of an object weighs no more than a change of light; without an initial background it sees the picture.

Papers: Goodfellow et al., Generative adversarial nets (2014, arXiv 1406.2661); Salimans et al., Improved techniques for
training GANs (2016, arXiv 1606.03498), for the matching; Schlegl et al., f-AnoGAN (2019, doi
10.1016/j.media.2019.01.010), for the encoder and the search.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError
from cleanplate.models.adversarial.networks import GenerativeCore
from cleanplate.models.adversarial.search import searched
from cleanplate.models.autoencoder.ae.model import Autoencoder, AutoencoderOptions
from cleanplate.models.components.blocks import Activation, Norm
from cleanplate.models.components.encoder_decoder import resized
from cleanplate.models.components.graphs.estimates import EstimateGraph
from cleanplate.models.components.graphs.networks import NetworkBackground
from cleanplate.models.components.tensors import as_image, shrunk
from cleanplate.models.types import Estimate
from cleanplate.utils.arrays import Image
from cleanplate.utils.options import Count, NonNegative, Positive, WholeNumber

if TYPE_CHECKING:
    from cleanplate.models.adversarial.objectives import Objective
    from cleanplate.models.training import FramesTask


class GanOptions(AutoencoderOptions):
    """What a GAN has beyond an autoencoder's options, which hold for generator and encoder."""

    renamed: ClassVar[Mapping[str, str]] = {**AutoencoderOptions.renamed, "average": "ema_decay"}

    batch_size: Count = 8
    """Half of the others': every batch is generated and judged several times over."""
    norm: Norm = "none"
    """Of every stage; `group` would take the light out of the generator's pictures, which it cannot put back."""
    activation: Activation = "leaky_relu"
    """Of every stage; leaky, as in DCGAN."""
    discriminator_width: Count = 16
    """Channels of its first stage."""
    discriminator_rate: Positive = 1.0
    """Its learning rate, as a factor of the generator's."""
    constant_rate: Positive = 3.0
    """Learning rate of what stays of the picture, from scratch, as a factor of the generator's."""
    matching: NonNegative = 5.0
    """Weight, in the generator's loss, of the distance between generated and real pictures in mean and variety, see
    `moment_distance`; 0 leaves the generator to its opponent alone."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Adam's first, of generator and discriminator; low, for their aims change from step to step."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.95
    """Share of the past in the generator's moving average, which is what the model keeps; 0 keeps the last."""
    code_weight: NonNegative = 0.1
    """Of recovering the codes of generated pictures, beside explaining frames."""
    search_steps: WholeNumber = 0
    """Of gradient descent on the code of a frame at test time."""
    search_rate: Positive = 0.1
    """Length of such a step, in standard deviations of the prior."""

    def check(self) -> None:
        """See `Options.check`."""
        super().check()
        if self.learned_noise:
            raise ConfigError("learned_noise: true, but a GAN learns none; leave it false")


class Gan(Autoencoder):
    """See the module. A variant gives its discriminator and its objective."""

    family = "adversarial"  # type: ignore[assignment]  # inferred narrower from its parent
    Options = GanOptions
    options: GanOptions

    def core(self, working: tuple[int, int]) -> nn.Module:
        """Generator and encoder; see `Autoencoder.core`."""
        options = self.options
        return GenerativeCore(working, self.outputs, options.latent_dim, options.width, self.style)

    @abstractmethod
    def discriminator(self) -> nn.Module:
        """The opponent, weights drawn from the global generator: pictures `[N, 3, h, w]` at working size to a verdict.

        A verdict is a logit `[N, 1]`, or that and a reconstruction of the picture: the objective knows.
        """

    @abstractmethod
    def objective(self) -> "Objective":
        """What discriminator and generator want."""

    @property
    def critic_steps(self) -> int:
        """Steps of the discriminator for each one of the generator."""
        return 1

    def task(self, sequence: FrameSequence) -> "FramesTask":
        """See `LearnedModel.task`."""
        from cleanplate.models.adversarial.training import GanTask

        frames = self._frames_of(sequence)
        return GanTask(
            self.network,
            self.options,
            frames,
            self.criterion(frames),
            objective=self.objective(),
            discriminator=self.discriminator,
            critic_steps=self.critic_steps,
        )

    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        if not self.options.search_steps:
            return super()._estimate(frames, learning_rate)
        options = self.options
        self.network.eval()
        inputs = self._inputs([shrunk(frame, self.network.working) for frame in frames]).float() / 255
        with torch.no_grad():
            codes = self.network.encode(inputs)
        codes = searched(
            self.network, inputs, codes, options.search_steps, options.search_rate, options.foreground_suppression
        )
        plate = self.network.plate
        with torch.no_grad():
            residuals = self.network.decode(codes)[0] - self.network.small_plate
            residuals = resized(residuals, (plate.shape[-2], plate.shape[-1]))
        return [Estimate(as_image((plate[0] + residual).clamp(0, 1))) for residual in residuals]

    def export_obstacle(self) -> str:
        """See `Exportable.export_obstacle`: a search along gradients cannot be exported."""
        steps = self.options.search_steps
        if steps:
            return f"search_steps: {steps} gradient steps per frame are no graph; with search_steps=0 it can"
        return super().export_obstacle()

    def export_graph(self, size: tuple[int, int], adaptive: bool = False) -> EstimateGraph:
        """See `Exportable.export_graph`."""
        return NetworkBackground(self.network, size, grey=self.options.grey)


def sampled(model: Gan, count: int, seed: int = 0) -> Tensor:
    """Backgrounds of `count` random codes, RGB `[count, 3, h, w]` in 0 … 1 at working size: what the model imagines."""
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randn((count, model.options.latent_dim), generator=generator).to(model.device)
    model.network.eval()
    with torch.inference_mode():
        return model.network.decode(codes)[0].clamp(0, 1)
