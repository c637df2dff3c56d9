"""U-Net autoencoder whose skip connections are gated, so that they carry detail of the scene but no foreground.

A U-Net with free skip connections copies the frame with its objects. Here the code alone, decoded as in `ae`, first
gives a provisional background, which cannot represent objects. The encoder then reads the frame again, but where the
frame differs from the provisional background by more than a few grey levels it sees that background instead. All skip
connections start from this cleaned frame, so none can copy an object. The final background is the provisional one plus
a correction decoded from code and skip connections, which follows light and shade more finely than the code alone. With
openness exp(−(gap / tolerance)²), at most .43 of the tolerance passes.

Paper: Ronneberger et al., U-Net (MICCAI 2015, arXiv 1505.04597); holding skips back by agreement instead of learned
gates (Oktay et al., Attention U-Net, 2018, arXiv 1804.03999) is this model's own.

Example: `cleanplate.create("unet_ae", tolerance=8.0).fit(sequence).apply(frame)`. See also `ae`.
"""

from typing import Any

from torch import Tensor, nn

from cleanplate.models.autoencoder.ae.model import Autoencoder, AutoencoderOptions
from cleanplate.models.autoencoder.criterion import ReconstructionCriterion
from cleanplate.models.autoencoder.unet_ae.network import UNetCore
from cleanplate.models.components.losses import background_weight, mixed
from cleanplate.models.registry import register
from cleanplate.utils.options import Count, Positive


class UNetOptions(AutoencoderOptions):
    """What the U-Net has beyond the plain autoencoder."""

    batch_size: Count = 12
    """Fewer than the others', for each frame is read twice and decoded twice."""
    tolerance: Positive = 8.0
    """Disagreement with the provisional background, in grey levels, at which the skips see a third of it; much more
    is a plain U-Net, which copies the frame."""
    provisional: Positive = 1.0
    """Weight of the provisional background's own loss; without it the code would be left to the skips."""


class ProvisionalCriterion(ReconstructionCriterion):
    """Adds the loss of the provisional background, which the code alone gives."""

    def reconstruction(self, frames: Tensor, codes: Any, stage: str) -> Tensor:
        """Sum of both losses; `<stage>/loss` is that of the final background."""
        loss = super().reconstruction(frames, codes, stage)
        options, frames = self.options, frames[:, :3]
        picture, _ = self.network.onto_plate(codes.provisional)
        weight = background_weight(picture, frames, options.foreground_suppression, self.box)
        provisional = (weight * mixed(options.loss, picture, frames)).sum() / weight.sum()
        self.log({f"{stage}/provisional": provisional})
        provisional_weight: float = options.provisional
        return loss + provisional_weight * provisional


@register
class UNetAutoencoder(Autoencoder):
    """See the module."""

    name = "unet_ae"
    paper = "Ronneberger et al. 2015 (arXiv 1505.04597)"
    Options = UNetOptions
    Criterion = ProvisionalCriterion
    options: UNetOptions

    def core(self, working: tuple[int, int]) -> nn.Module:
        """See `Autoencoder.core`."""
        options = self.options
        return UNetCore(
            working,
            self.outputs,
            options.latent_dim,
            options.width,
            self.style,
            tolerance=options.tolerance / 255,
        )
