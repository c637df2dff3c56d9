"""Training of the Wasserstein autoencoder against a critic: two optimisers, manual optimisation."""

from typing import Any

import torch
from torch import Tensor

from cleanplate.models.autoencoder.aae.training import LatentDiscriminator
from cleanplate.models.autoencoder.criterion import ReconstructionCriterion
from cleanplate.models.autoencoder.training import AutoencoderTask

_BETAS = (0.0, 0.9)


class CriticTask(AutoencoderTask):
    """Per batch: the critic learns a few times to tell prior from codes, then the autoencoder follows its slope.

    The critic's mean on the prior less that on the codes is the Wasserstein distance, once its slope is held at one;
    the autoencoder can lower it only by its codes.
    """

    def __init__(self, network: Any, options: Any, frames: Tensor, criterion: ReconstructionCriterion) -> None:
        super().__init__(network, options, frames, criterion)
        self.automatic_optimization = False
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed + 1)
            self.critic = LatentDiscriminator(options.latent_dim, options.critic_width)

    def configure_optimizers(self) -> Any:
        """Two optimisers, each with its schedule: of the autoencoder, of the critic.

        Where they are Adam's, they carry no momentum, after Gulrajani et al.: the slope that the autoencoder follows
        does not lessen near the prior, and it would overshoot for ever.
        """
        autoencoder = self.optimizer_for(self.network.parameters())
        critic = self.optimizer_for(self.critic.parameters(), self.options.critic_rate)
        for group in autoencoder[0].param_groups + critic[0].param_groups:
            if "betas" in group:
                group["betas"] = _BETAS
        return [autoencoder[0], critic[0]], [autoencoder[1], critic[1]]

    def training_step(self, batch: Tensor, batch_idx: int) -> None:
        """One step of the autoencoder on an index batch, after `critic_steps` of the critic."""
        options = self.options
        autoencoder, critic = self.optimizers()  # type: ignore[attr-defined]  # a list, with two of them
        frames = self.jittered(self.training_frames(batch))
        generator = self.step_generator()

        with torch.no_grad():
            known = self.network.encode(frames).float()
        self.toggle_optimizer(critic)
        for _ in range(options.critic_steps):
            prior = torch.randn(known.shape, generator=generator, device=known.device)
            distance = self.critic(prior).float().mean() - self.critic(known).float().mean()
            between = torch.rand((len(known), 1), generator=generator, device=known.device)
            slope = self._slope_penalty(between * prior + (1 - between) * known)
            critic.zero_grad()
            self.manual_backward(options.gradient_penalty * slope - distance)
            critic.step()
        self.untoggle_optimizer(critic)

        self.toggle_optimizer(autoencoder)
        codes = self.network.encode(frames)
        loss = self.criterion.reconstruction(frames, codes, "train")
        loss = loss - options.divergence_weight * self.critic(codes).float().mean()
        autoencoder.zero_grad()
        self.manual_backward(loss)
        autoencoder.step()
        self.untoggle_optimizer(autoencoder)

        for schedule in self.lr_schedulers():  # type: ignore[union-attr]  # a list, with two of them
            schedule.step()
        self.log_parts(len(batch))
        self.log_dict({"train/distance": distance.detach(), "train/slope": slope.detach()}, batch_size=len(frames))

    def _slope_penalty(self, samples: Tensor) -> Tensor:
        """Mean squared distance of the critic's slope from one, between codes and prior."""
        samples = samples.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(self.critic(samples).float().sum(), samples, create_graph=True)
        return (gradient.float().square().sum(dim=1).sqrt() - 1).square().mean()
