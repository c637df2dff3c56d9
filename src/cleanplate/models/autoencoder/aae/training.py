"""Training of the adversarial autoencoder: two optimisers, manual optimisation."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cleanplate.models.autoencoder.criterion import ReconstructionCriterion
from cleanplate.models.autoencoder.training import AutoencoderTask


class AdversarialTask(AutoencoderTask):
    """Per batch: the autoencoder reconstructs and fools the discriminator, then the discriminator learns.

    The generator loss does not saturate: the encoder maximises log D(code) (Goodfellow et al., 2014).
    """

    def __init__(self, network: Any, options: Any, frames: Tensor, criterion: ReconstructionCriterion) -> None:
        super().__init__(network, options, frames, criterion)
        self.automatic_optimization = False
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed + 1)
            self.discriminator = LatentDiscriminator(options.latent_dim, options.discriminator_width)

    def configure_optimizers(self) -> Any:
        """Two optimisers, each with its schedule: of the autoencoder, of the discriminator."""
        autoencoder = self.optimizer_for(self.network.parameters())
        discriminator = self.optimizer_for(self.discriminator.parameters(), self.options.discriminator_rate)
        return [autoencoder[0], discriminator[0]], [autoencoder[1], discriminator[1]]

    def training_step(self, batch: Tensor, batch_idx: int) -> None:
        """One step of each player on an index batch."""
        autoencoder, discriminator = self.optimizers()  # type: ignore[attr-defined]  # a list, with two of them
        frames = self.jittered(self.training_frames(batch))

        self.toggle_optimizer(autoencoder)
        codes = self.network.encode(frames)
        fooling = _judged(self.discriminator(codes), prior=True)
        loss = self.criterion.reconstruction(frames, codes, "train") + self.options.adversarial * fooling
        autoencoder.zero_grad()
        self.manual_backward(loss)
        autoencoder.step()
        self.untoggle_optimizer(autoencoder)

        self.toggle_optimizer(discriminator)
        codes = codes.detach()
        prior = torch.randn(codes.shape, generator=self.step_generator(), device=codes.device).requires_grad_()
        on_prior = self.discriminator(prior)
        verdict = _judged(on_prior, prior=True) + _judged(self.discriminator(codes), prior=False)
        verdict = verdict + self.options.penalty * _steepness(on_prior, prior)
        discriminator.zero_grad()
        self.manual_backward(verdict)
        discriminator.step()
        self.untoggle_optimizer(discriminator)

        for schedule in self.lr_schedulers():  # type: ignore[union-attr]  # a list, with two of them
            schedule.step()
        self.log_parts(len(batch))
        self.log_dict({"train/fooling": fooling.detach(), "train/discriminator": verdict.detach()})


class LatentDiscriminator(nn.Sequential):
    """Tells prior samples from codes: `[N, latent_dim]` to logits `[N, 1]`, positive for the prior."""

    def __init__(self, latent_dim: int, width: int) -> None:
        super().__init__(
            nn.Linear(latent_dim, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, 1),
        )


def _judged(logits: Tensor, *, prior: bool) -> Tensor:
    logits = logits.float()
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits) if prior else torch.zeros_like(logits))


def _steepness(logits: Tensor, samples: Tensor) -> Tensor:
    """Mean squared gradient of the discriminator on true samples: without it the two players circle for ever.

    R1 of Mescheder et al., Which training methods for GANs do actually converge? (2018).
    """
    (gradient,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
    return gradient.float().square().sum(dim=1).mean()
