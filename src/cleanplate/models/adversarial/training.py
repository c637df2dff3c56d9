"""Training of a GAN and its encoder: three optimisers, manual optimisation."""

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from cleanplate.models.adversarial.networks import GenerativeCore
from cleanplate.models.adversarial.objectives import Objective, moment_distance
from cleanplate.models.adversarial.search import cleaned
from cleanplate.models.autoencoder.criterion import ReconstructionCriterion
from cleanplate.models.autoencoder.training import AutoencoderTask

_ROUGH_FRAMES = 15


class GanTask(AutoencoderTask):
    """Per batch: the discriminator learns, every few batches the generator, then the encoder; see `gan`."""

    def __init__(
        self,
        network: Any,
        options: Any,
        frames: Tensor,
        criterion: ReconstructionCriterion,
        *,
        objective: Objective,
        discriminator: Callable[[], nn.Module],
        critic_steps: int,
    ) -> None:
        super().__init__(network, options, frames, criterion)
        self.automatic_optimization = False
        self.objective = objective
        self.critic_steps = critic_steps
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed + 1)
            self.discriminator = discriminator()
        # The player moves restlessly around the goal; the model keeps its moving average (Yazıcı et al., 2019).
        self.player = copy.deepcopy(self.core.generator)
        self.player_constant = copy.deepcopy(self.network.constant)
        for average, _ in self._averaged():
            average.requires_grad_(False)

    @property
    def core(self) -> GenerativeCore:
        """Generator and encoder."""
        return self.network.core  # type: ignore[no-any-return]

    def configure_optimizers(self) -> Any:
        """Optimisers, each with its schedule, of discriminator, generator and encoder."""
        options = self.options
        weights: list[dict[str, Any]] = [{"params": list(self.player.parameters())}]
        for _, constant in self._constants():
            weights.append({"params": [constant], "lr": options.learning_rate * options.constant_rate})
        pairs = [
            self._restless(self.discriminator.parameters(), options.discriminator_rate),
            self._restless(weights),
            self.optimizer_for(self.core.encoder.parameters()),
        ]
        return [optimizer for optimizer, _ in pairs], [schedule for _, schedule in pairs]

    def _restless(self, weights: Any, factor: float = 1.0) -> tuple[Optimizer, LambdaLR]:
        optimizer, schedule = self.optimizer_for(weights, factor)
        for group in optimizer.param_groups:
            if "betas" in group:
                group["betas"] = (self.options.momentum, group["betas"][1])
        return optimizer, schedule

    def training_step(self, batch: Tensor, batch_idx: int) -> None:
        """One step of each player on an index batch."""
        discriminator, generator, encoder = self.optimizers()  # type: ignore[attr-defined]  # a list, with three
        draws = self.step_generator()
        frames = self.jittered(self.training_frames(batch))
        real = self._shown(cleaned(frames, self._scene(draws), self.options.foreground_suppression, self.criterion.box))

        with torch.no_grad():
            made = self._played(len(frames), draws)
        self.toggle_optimizer(discriminator)
        parts = self.objective.discriminator_loss(self.discriminator, real.clone(), made, draws)
        self._step(discriminator, parts, "discriminator")

        if self.steps_done % self.critic_steps == 0:
            self.toggle_optimizer(generator)
            made = self._played(len(frames), draws)
            parts = self.objective.generator_loss(self.discriminator, real, made)
            if self.options.matching:
                parts["matching"] = self.options.matching * moment_distance(made, real)
            self._step(generator, parts, "generator")
            self._average()

        self.toggle_optimizer(encoder)
        with torch.no_grad():
            codes = self._codes(len(frames), draws)
            made, _ = self.network.decode(codes)
        found = self.network.encode(torch.cat([frames, made])).split(len(frames))
        recovery = F.mse_loss(found[1].float(), codes)
        explaining = self.criterion.reconstruction(frames, found[0], "train")
        self.log_parts(len(batch))
        self._step(encoder, {"explaining": explaining, "recovery": self.options.code_weight * recovery}, "encoder")

        for schedule in self.lr_schedulers():  # type: ignore[union-attr]  # a list, with three of them
            schedule.step()

    def _scene(self, draws: torch.Generator) -> Tensor:
        """A rough idea of the scene: the initial plate, or the median of a few frames where there is none."""
        if self.network.anchored:
            plate: Tensor = self.network.small_plate
            return plate
        some = torch.randint(len(self._train_indices), (_ROUGH_FRAMES,), generator=draws, device=self.device)
        return self.training_frames(some).median(dim=0, keepdim=True).values

    def _codes(self, count: int, draws: torch.Generator) -> Tensor:
        return torch.randn((count, self.options.latent_dim), generator=draws, device=self.device)

    def _played(self, count: int, draws: torch.Generator) -> Tensor:
        """Pictures of random codes by the generator that plays, as the discriminator sees them."""
        background, _ = self.network.onto_plate(self.player(self._codes(count, draws)))
        for average, weight in self._constants():
            background = background + (weight - average)
        return self._shown(background)

    def _shown(self, pictures: Tensor) -> Tensor:
        """Pictures as the discriminator sees them, about −1 … 1: the squashed gap to the plate, or all there is."""
        return self.network.seen(pictures) if self.network.anchored else 2 * pictures - 1

    def _constants(self) -> list[tuple[nn.Parameter, nn.Parameter]]:
        """From scratch, what stays of the picture: as the model keeps it, and as it plays."""
        kept = self.network.constant
        return [] if kept is None or self.player_constant is None else [(kept, self.player_constant)]

    def _averaged(self) -> list[tuple[nn.Parameter, nn.Parameter]]:
        """The weights that the model keeps, each with the one that plays."""
        pairs = list(zip(self.core.generator.parameters(), self.player.parameters(), strict=True))
        return [*pairs, *self._constants()]

    @torch.no_grad()
    def _average(self) -> None:
        played = self.steps_done // self.critic_steps
        kept = min(self.options.ema_decay, (1 + played) / (10 + played))  # at first the past is worth little
        for average, weight in self._averaged():
            average.lerp_(weight, 1 - kept)
        for statistic, buffer in zip(self.core.generator.buffers(), self.player.buffers(), strict=True):
            statistic.copy_(buffer)

    def _step(self, optimizer: Any, parts: dict[str, Tensor], player: str) -> None:
        optimizer.zero_grad()
        self.manual_backward(torch.stack(list(parts.values())).sum())
        optimizer.step()
        self.untoggle_optimizer(optimizer)
        self.log_dict({f"train/{player}_{name}": part.detach() for name, part in parts.items()})
