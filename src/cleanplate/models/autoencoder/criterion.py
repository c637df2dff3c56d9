"""The loss of an autoencoder in plain PyTorch: weighted reconstruction, and the expected error where it is learnt."""

from collections.abc import Mapping
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from cleanplate.models.components.losses import background_weight, mixed
from cleanplate.models.components.residual_on_background import ResidualOnBackground

# The box of AE-NE has a side of a 37th of the picture's width; it is scaled with the working resolution.
_BOXES_PER_WIDTH = 75


class Step(Protocol):
    """What a criterion may ask of the training step that it is computed in."""

    steps_done: int
    """Number of finished steps."""

    def step_generator(self) -> torch.Generator:
        """A random generator that depends on seed, step and process alone."""

    def random_frames(self, count: int, generator: torch.Generator) -> Tensor:
        """Training frames drawn from the whole scene, float `[count, C, h, w]`."""


class ReconstructionCriterion:
    """Loss of decoding the code of a frame against the frame.

    A model with another loss overrides `training` (and `validation`), or `reconstruction` where both change.

    Args:
        network: what is trained.
        options: the model's options.
        width: width of the training frames in pixels.
    """

    def __init__(self, network: ResidualOnBackground, options: Any, width: int) -> None:
        self.network = network
        self.options = options
        self.box = 2 * (width // _BOXES_PER_WIDTH) + 1
        self.logged: dict[str, Tensor | float] = {}
        """Parts of the loss by name, `<stage>/<part>`; the Lightning module logs and clears them."""

    def training(self, frames: Tensor, step: Step) -> Tensor:
        """Loss of a batch of training frames, float `[N, 3+, h, w]` in 0 … 1."""
        return self.reconstruction(frames, self.network.encode(frames), "train")

    def validation(self, frames: Tensor) -> None:
        """Logs the loss of a batch of held-out frames."""
        self.reconstruction(frames, self.network.encode(frames), "val")

    def reconstruction(self, frames: Tensor, codes: Any, stage: str) -> Tensor:
        """Loss of decoding `codes` against `frames`; logs its parts under `stage`."""
        return self.weighted(frames[:, :3], *self.network.decode(codes), stage)

    def weighted(self, frames: Tensor, background: Tensor, noise: Tensor | None, stage: str) -> Tensor:
        """Loss of a background and its expected error against frames; foreground-like regions weigh little."""
        options = self.options
        weight = background_weight(background, frames, options.foreground_suppression, self.box)
        loss = (weight * mixed(options.loss, background, frames)).sum() / weight.sum()
        parts = {"reconstruction": loss}
        if noise is not None:
            error = (background.detach() - frames).abs().mean(dim=1, keepdim=True)
            parts["noise"] = (weight * F.smooth_l1_loss(noise, error, reduction="none", beta=3 / 255)).mean()
            loss = loss + parts["noise"]
        if options.initial_weight > 0:
            # Where frames do not determine the background, it stays close to the initial one.
            initial = F.interpolate(self.network.small_plate, background.shape[-2:], mode="area")
            parts["initial"] = mixed(options.loss, background, initial.expand_as(background)).mean()
            loss = loss + options.initial_weight * parts["initial"]
        self.log({f"{stage}/{name}": part for name, part in (parts | {"loss": loss}).items()})
        return loss

    def log(self, values: Mapping[str, Tensor | float]) -> None:
        """Takes values by name for the Lightning module to log."""
        for name, value in values.items():
            self.logged[name] = value.detach() if isinstance(value, Tensor) else value
