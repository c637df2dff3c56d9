"""Wasserstein autoencoder: the distribution of all latent codes is matched to a normal prior, by MMD or a critic.

A variational autoencoder pulls the code of every frame towards the prior; here only the distribution of all codes must
match it, so codes stay exact and reconstructions sharp. `penalty: mmd` measures the distance by the maximum mean
discrepancy with inverse multiquadric kernels. `penalty: gan` estimates the Wasserstein distance with a critic whose
gradient norm is held at one.

Papers: Tolstikhin et al., Wasserstein auto-encoders (2018, arXiv 1711.01558); for the critic, Gulrajani et al.,
Improved training of Wasserstein GANs (2017, arXiv 1704.00028); for the discrepancy, Gretton et al., A kernel two-sample
test (2012).

Example: `cleanplate.create("wae", penalty="gan").fit(sequence).apply(frame)`. See also `aae`, `vae`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

import torch
from torch import Tensor

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError
from cleanplate.models.autoencoder.ae.model import Autoencoder, AutoencoderOptions
from cleanplate.models.autoencoder.criterion import ReconstructionCriterion, Step
from cleanplate.models.registry import register
from cleanplate.utils.options import Count, Positive

if TYPE_CHECKING:
    from cleanplate.models.training import FramesTask

_SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class WassersteinOptions(AutoencoderOptions):
    """What the Wasserstein autoencoder has beyond the plain one."""

    renamed: ClassVar[Mapping[str, str]] = {**AutoencoderOptions.renamed, "match": "divergence_weight"}

    penalty: Literal["mmd", "gan"] = "mmd"
    """How the distance between codes and prior is measured."""
    divergence_weight: Positive = 0.01
    """Weight of that distance, beside the reconstruction."""
    critic_width: Count = 64
    """Units of the critic's hidden layers; this and what follows for `gan` only."""
    critic_steps: Count = 5
    """Steps of the critic for each of the autoencoder."""
    critic_rate: Positive = 4.0
    """Its learning rate, as a factor of the autoencoder's."""
    gradient_penalty: Positive = 1.0
    """Weight of holding its slope at one."""

    def check(self) -> None:
        """See `Options.check`."""
        super().check()
        if self.penalty not in ("mmd", "gan"):
            raise ConfigError(f"penalty: {self.penalty!r} is unknown; choose mmd or gan")
        if self.penalty == "mmd" and self.batch_size < 2:
            raise ConfigError("batch_size: 1 has no pairs of codes to compare; choose 2 or more, or `penalty: gan`")


class DiscrepancyCriterion(ReconstructionCriterion):
    """Reconstruction plus the discrepancy between the batch's codes and as many samples of the prior."""

    def training(self, frames: Tensor, step: Step) -> Tensor:
        """See `ReconstructionCriterion.training`."""
        codes = self.network.encode(frames)
        prior = torch.randn(codes.shape, generator=step.step_generator(), device=codes.device)
        distance = discrepancy(codes, prior)
        self.log({"train/discrepancy": distance})
        weight: float = self.options.divergence_weight
        return self.reconstruction(frames, codes, "train") + weight * distance


@register
class WassersteinAutoencoder(Autoencoder):
    """See the module."""

    name = "wae"
    paper = "Tolstikhin et al. 2018 (arXiv 1711.01558)"
    Options = WassersteinOptions
    options: WassersteinOptions

    def task(self, sequence: FrameSequence) -> "FramesTask":
        """See `LearnedModel.task`."""
        if self.options.penalty == "mmd":
            return super().task(sequence)
        from cleanplate.models.autoencoder.wae.training import CriticTask

        frames = self._frames_of(sequence)
        return CriticTask(self.network, self.options, frames, self.criterion(frames))

    def criterion(self, frames: Tensor) -> ReconstructionCriterion:
        """See `Autoencoder.criterion`."""
        kind = DiscrepancyCriterion if self.options.penalty == "mmd" else ReconstructionCriterion
        return kind(self.network, self.options, frames.shape[-1])


def discrepancy(codes: Tensor, prior: Tensor) -> Tensor:
    """Squared maximum mean discrepancy between samples of two distributions, unbiased (so it may be just below zero).

    The kernel is the mean of C / (C + ‖x − y‖²) over C = 2 · dimensions · {.1, .2, .5, 1, 2, 5, 10}: 2 · dimensions is
    the expected squared distance of two samples of the prior.

    Args:
        codes: `[N, D]`, N at least 2.
        prior: `[M, D]`, M at least 2.

    Returns:
        One number, at most 2.
    """
    codes, prior = codes.float(), prior.float()
    among_codes = _kernel(codes, codes).fill_diagonal_(0).sum() / (len(codes) * (len(codes) - 1))
    among_prior = _kernel(prior, prior).fill_diagonal_(0).sum() / (len(prior) * (len(prior) - 1))
    return among_codes + among_prior - 2 * _kernel(codes, prior).mean()


def _kernel(one: Tensor, other: Tensor) -> Tensor:
    distance = (one[:, None] - other[None]).square().sum(dim=2)
    widths = [2 * one.shape[1] * scale for scale in _SCALES]
    return torch.stack([width / (width + distance) for width in widths]).mean(dim=0)
