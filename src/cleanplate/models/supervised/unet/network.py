"""The network of `unet`: a U-Net that maps pictures of any size to one logit per pixel."""

from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cleanplate.models.components.blocks import Style
from cleanplate.models.components.encoder_decoder import resized

Upsampling = Literal["bilinear", "transposed"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


class UNetEncoder(nn.Module):
    """Features of a picture: each stage has half the size of the one before, the first `1 / stem` of the picture."""

    def __init__(self, widths: list[int], blocks: int, stem: int, style: Style) -> None:
        """Args: as in `UNetNetwork`."""
        super().__init__()
        # The window is the stride plus one pixel on each side, so that no pixel is skipped.
        first = nn.Conv2d(3, widths[0], stem + 2, stride=stem, padding=1)
        self.stages = nn.ModuleList(
            [nn.Sequential(first, *style.finish(widths[0]), *_refined(widths[0], widths[0], blocks - 1, style))]
        )
        for before, after in pairwise(widths):
            self.stages.append(nn.Sequential(nn.MaxPool2d(2), *_refined(before, after, blocks, style)))

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Features of each stage, the finest first."""
        found = []
        for stage in self.stages:
            pictures = stage(pictures)
            found.append(pictures)
        return found


class UNetDecoder(nn.Module):
    """From the coarsest features up: upsampled, concatenated with those of the encoder, and convolved."""

    def __init__(self, widths: list[int], blocks: int, upsampling: Upsampling, style: Style) -> None:
        """Args: as in `UNetNetwork`."""
        super().__init__()
        self.upsampling = upsampling
        steps = list(pairwise(widths[::-1]))
        self.enlarging = nn.ModuleList(
            nn.ConvTranspose2d(below, below, 2, stride=2) if upsampling == "transposed" else nn.Identity()
            for below, _ in steps
        )
        self.stages = nn.ModuleList(
            nn.Sequential(*_refined(below + beside, beside, blocks, style)) for below, beside in steps
        )

    def forward(self, features: list[Tensor]) -> Tensor:
        """Features at the finest size, from those of the encoder, the finest first."""
        *skips, below = features
        for enlarging, stage, skip in zip(self.enlarging, self.stages, skips[::-1], strict=True):
            below = enlarging(below)
            if self.upsampling == "bilinear":
                below = resized(below, (skip.shape[-2], skip.shape[-1]))
            below = stage(torch.cat([below, skip], dim=1))
        return below


class UNetNetwork(nn.Module):
    """Pictures, float RGB `[N, 3, H, W]` in 0 … 1, to logits `[N, 1, H, W]`.

    Pictures are normalized by the mean and deviation of ImageNet, as pretrained encoders expect, and padded to a
    multiple of the total stride; the logits are cropped to the size of the pictures.

    Attributes:
        multiple: height and width are padded to a multiple of this.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        width: int,
        widest: int,
        stages: int,
        blocks: int,
        stem: int = 1,
        upsampling: Upsampling = "bilinear",
        style: Style = Style(),  # noqa: B008  # frozen
    ) -> None:
        """A network of `stages` sizes.

        Args:
            width: channels of the finest stage; they double from stage to stage.
            widest: channels at most.
            stages: sizes, the finest among them.
            blocks: convolutions of 3×3 per stage.
            stem: stride of the first convolution: 1, 2 or 4.
            upsampling: of the decoder: bilinear, or a transposed convolution.
            style: norm and activation.
        """
        super().__init__()
        widths = [min(width * 2**stage, widest) for stage in range(stages)]
        self.multiple = stem * 2 ** (stages - 1)
        self.encoder = UNetEncoder(widths, blocks, stem, style)
        self.decoder = UNetDecoder(widths, blocks, upsampling, style)
        self.output = nn.Conv2d(widths[0], 1, 1)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(IMAGENET_DEVIATION)[:, None, None], persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        height, width = pictures.shape[-2:]
        pictures = (pictures - self.mean) / self.deviation
        pictures = F.pad(pictures, (0, -width % self.multiple, 0, -height % self.multiple), mode="replicate")
        logits = self.output(self.decoder(self.encoder(pictures)))
        return resized(logits, (pictures.shape[-2], pictures.shape[-1]))[..., :height, :width]


def _refined(before: int, after: int, count: int, style: Style) -> list[nn.Module]:
    return [style.refine(before if block == 0 else after, after) for block in range(count)]
