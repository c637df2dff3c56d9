"""Variational autoencoder: the latent code is a distribution, held close to a normal prior.

The encoder gives mean and log-variance of each number of the code, and in training the decoder receives a sample, so
that similar codes must give the same background. Representing single objects costs more divergence than it saves.
Prediction uses the mean, so backgrounds do not flicker.

The Kullback-Leibler divergence is taken per sample, summed over the code. For pixels with Laplace noise of scale b,
negative evidence (the ELBO) is at most Σ|error|/b + KL + constant. Times b/D, with D the number of values in a picture
at working size, that is the pixel mean that all autoencoders here minimise plus b/D · KL, with b = 3 grey levels, the
knee of the smooth L1 loss. Option `kl` multiplies it; 1 is the ELBO.

Multi-scale (`scales` above 1): the one code is decoded coarse to fine. Each of the last `scales` stages of the decoder
adds its detail to the enlarged picture of the stage before, and the picture is compared at every one of these scales.

Papers: Kingma and Welling, Auto-encoding variational Bayes (2014, arXiv 1312.6114); for the warm-up, Bowman et al.,
Generating sentences from a continuous space (2016, arXiv 1511.06349); for the pyramid, Denton et al., Deep generative
image models using a Laplacian pyramid of adversarial networks (2015, arXiv 1506.05751).

Example: `cleanplate.create("vae", kl=4.0, scales=3).fit(sequence).apply(frame)`. See also `ae`, `wae`, `aae`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cleanplate.errors import ConfigError
from cleanplate.models.autoencoder.ae.model import Autoencoder, AutoencoderOptions
from cleanplate.models.autoencoder.criterion import ReconstructionCriterion, Step
from cleanplate.models.components.blocks import Style
from cleanplate.models.components.encoder_decoder import Decoder, Encoder, resized, stage_widths, zero_convolution
from cleanplate.models.registry import register
from cleanplate.utils.options import Count, NonNegative, WholeNumber

# The first samples are nearly the mean (standard deviation .14): noise before there is anything to hide would only
# teach the decoder to ignore the code.
_FIRST_LOG_VARIANCE = -4.0

# What the pixel loss counts as one unit of noise, see the module.
_NOISE = 3 / 255


class VariationalOptions(AutoencoderOptions):
    """What the variational autoencoder has beyond the plain one."""

    kl: NonNegative = 1.0
    """Weight of the divergence from the prior; 1 is the ELBO, see the module."""
    kl_warm_up: WholeNumber = 100
    """Steps over which that weight rises from 0, in a line; 0 starts with all of it."""
    scales: Count = 1
    """At how many scales the code is decoded and compared, halving each time; 1 is the working size alone."""


class VariationalCriterion(ReconstructionCriterion):
    """Reconstruction from a sampled code, and the divergence per sample with linear warm-up.

    Validation decodes the mean, as prediction does, and omits the divergence: losses with its rising weight could not
    be compared.
    """

    def training(self, frames: Tensor, step: Step) -> Tensor:
        """See `ReconstructionCriterion.training`."""
        mean, log_variance = self.network.core.posterior(self.network.seen(frames))
        noise = torch.randn(mean.shape, generator=step.step_generator(), device=mean.device)
        codes = mean + (0.5 * log_variance).exp() * noise
        kl = divergence(mean, log_variance).mean()
        weight = self.kl_weight(step.steps_done, frames[0].numel())
        self.log({"train/kl": kl, "train/kl_weight": weight})
        return self.at_all_scales(frames, codes) + weight * kl

    def kl_weight(self, steps_done: int, values: int) -> float:
        """Weight of one nat in this step, against the mean over the `values` of a frame."""
        options = self.options
        risen = min(1.0, steps_done / options.kl_warm_up) if options.kl_warm_up else 1.0
        return float(options.kl * risen * _NOISE / values)

    def at_all_scales(self, frames: Tensor, codes: Tensor) -> Tensor:
        """Mean over the scales of the weighted loss of the decoded codes against the frames."""
        network = self.network
        *coarse, finest = network.core.decoder.pyramid(codes)
        loss = self.weighted(frames, *network.onto_plate(finest), "train")
        for halvings, output in enumerate(reversed(coarse), start=1):
            target, plate = (
                F.interpolate(pictures, output.shape[-2:], mode="area") for pictures in (frames, network.small_plate)
            )
            background = plate + output[:, : 1 if network.grey else 3]
            loss = loss + self.weighted(target, background, None, f"train/{2**halvings}_times_smaller")
        return loss / (1 + len(coarse))


@register
class VariationalAutoencoder(Autoencoder):
    """See the module."""

    name = "vae"
    paper = "Kingma and Welling 2014 (arXiv 1312.6114)"
    Options = VariationalOptions
    Criterion = VariationalCriterion
    options: VariationalOptions

    def core(self, working: tuple[int, int]) -> nn.Module:
        """See `Autoencoder.core`."""
        options = self.options
        return VariationalCore(working, self.outputs, options.latent_dim, options.width, self.style, options.scales)


class PyramidDecoder(Decoder):
    """Codes `[N, latent_dim]` to pictures at several scales, each adding detail to the enlarged coarser one."""

    def __init__(self, size: tuple[int, int], outputs: int, latent_dim: int, width: int, style: Style, scales: int):
        """Args: as `Decoder`; raises `ConfigError` if there are fewer stages than `scales`."""
        super().__init__(size, outputs, latent_dim, width, style)
        if scales > len(self.stages):
            raise ConfigError(
                f"scales: {scales} is more than the {len(self.stages)} stages for pictures of {size[1]}×{size[0]}; "
                "choose fewer, or a smaller `scale`"
            )
        widths = stage_widths(size, width)[::-1]
        kept = [*widths[1:], widths[-1]][len(widths) - scales : -1]
        self.coarse = nn.ModuleList(zero_convolution(channels, outputs) for channels in kept)

    def pyramid(self, codes: Tensor) -> list[Tensor]:
        """Pictures `[N, outputs, h, w]`, the coarsest first; the last has full size."""
        features = self.features(codes)[-len(self.coarse) - 1 :]
        pictures: list[Tensor] = []
        for head, seen in zip([*self.coarse, self.output], features, strict=True):
            detail = head(seen)
            pictures.append(detail + resized(pictures[-1], (seen.shape[2], seen.shape[3])) if pictures else detail)
        return pictures

    def forward(self, codes: Tensor) -> Tensor:
        """See the class; the finest."""
        return self.pyramid(codes)[-1]


class VariationalCore(nn.Module):
    """An autoencoder whose encoder gives a normal distribution, independent between the numbers of the code."""

    def __init__(self, size: tuple[int, int], outputs: int, latent_dim: int, width: int, style: Style, scales: int):
        """Args: as `ConvAutoencoder`, and the number of scales."""
        super().__init__()
        self.encoder = Encoder(size, 3, 2 * latent_dim, width, style)
        self.decoder = PyramidDecoder(size, outputs, latent_dim, width, style, scales)
        with torch.no_grad():
            self.encoder.to_code.weight[latent_dim:].zero_()
            self.encoder.to_code.bias[latent_dim:].fill_(_FIRST_LOG_VARIANCE)

    def posterior(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, `[N, latent_dim]` each, of the code of pictures `[N, 3, H, W]`."""
        mean, log_variance = self.encoder(pictures).float().chunk(2, dim=1)
        return mean, log_variance

    def encode(self, pictures: Tensor) -> Tensor:
        """The mean of the code."""
        return self.posterior(pictures)[0]

    def decode(self, codes: Tensor) -> Tensor:
        """Codes to `[N, outputs, H, W]`."""
        return self.decoder(codes)  # type: ignore[no-any-return]


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) ‖ N(0, 1)) in nats, summed over the code: `[N, latent_dim]` twice to `[N]`."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)
