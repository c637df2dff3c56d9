"""A U-Net that segments people in single frames: their pixels are foreground.

It learns from pictures with masks (COCO, or any labelled frames) and then takes each frame by itself, at any size. It
has no background of its own: where frames of one camera are fitted, an initializer gives it; otherwise the people of
each frame are inpainted from their surroundings.

Source: Ronneberger et al., "U-Net: convolutional networks for biomedical image segmentation", MICCAI 2015. Widths,
norm, upsampling, losses and augmentation are options; the defaults are small, for one processor core.

Example: `cleanplate.create("unet").learn([LabelledFrames.of(pictures)]).apply(frame)`;
`dvc exp run -S data=coco -S data.root=… -S model=unet`. See also `fusion`, which combines it with a model of the scene.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from cleanplate.data.sequence import FrameSequence
from cleanplate.data.training import LabelledFrames
from cleanplate.foreground import PRESETS
from cleanplate.models.components.blocks import Style
from cleanplate.models.components.encoder_decoder import resized
from cleanplate.models.components.encoder_weights import load_encoder
from cleanplate.models.components.graphs.estimates import EstimateGraph
from cleanplate.models.components.initializers import initial_background
from cleanplate.models.components.inpainting import inpaint
from cleanplate.models.components.tensors import as_tensor, bf16_autocast, shrunk
from cleanplate.models.registry import register
from cleanplate.models.supervised.base import SupervisedModel
from cleanplate.models.supervised.unet.examples import UNetExamples, fitting
from cleanplate.models.supervised.unet.graph import FOREGROUND_SCORE, SegmentationGraph, UNetGraph
from cleanplate.models.supervised.unet.network import UNetNetwork
from cleanplate.models.supervised.unet.options import UNetOptions
from cleanplate.models.types import Estimate
from cleanplate.utils.arrays import Image, Score

if TYPE_CHECKING:
    from cleanplate.models.supervised.training import LabelledTask

_BATCH = 8


@register
class UNet(SupervisedModel):
    """See the module."""

    name = "unet"
    league = "semantic"
    paper = "Ronneberger et al. 2015"
    any_size = True
    graph_methods = ("_scored", "logits")
    Options = UNetOptions
    foreground_defaults = PRESETS["unet"]
    options: UNetOptions
    network: UNetNetwork

    def build(self) -> UNetNetwork:
        """See `SupervisedModel.build`."""
        options = self.options
        return UNetNetwork(
            options.width,
            options.widest,
            options.stages,
            options.blocks,
            options.stem,
            options.upsampling,
            Style(options.norm, options.activation),
        )

    def examples(self, labelled: Sequence[LabelledFrames]) -> UNetExamples:
        """See `SupervisedModel.examples`."""
        return UNetExamples(labelled, self.options)

    def task(self, labelled: Sequence[LabelledFrames]) -> "LabelledTask":
        """See `SupervisedModel.task`; `encoder_weights` is read only here, so that a checkpoint does not need it."""
        if self.options.encoder_weights is not None:
            load_encoder(self.network.encoder, self.options.encoder_weights)
        return super().task(labelled)

    def logits(self, pictures: Tensor) -> Tensor:
        """See `SupervisedModel.logits`; `pictures` are RGB."""
        with bf16_autocast(pictures.device):
            return self.network(pictures.float() / 255)  # type: ignore[no-any-return]

    def _fit(self, sequence: FrameSequence) -> None:
        """Takes the background of a camera from its frames; pictures of different places have none in common."""
        self.check_trained()
        self._size = self._background = None
        if sequence.still_pictures or self.options.initial == "none":
            return
        known = sequence.clean_plate
        background = initial_background(self.options.initial, sequence) if known is None else known
        self._background, self._size = background, sequence.size

    @property
    def fitted(self) -> bool:
        """Whether it has learnt from labels; it needs no scene."""
        return self.learnt

    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        plate = None if self._size is None else self._background
        return [
            Estimate(inpaint(frame, score > FOREGROUND_SCORE) if plate is None else plate, score=score)
            for _, alike in groupby(frames, key=lambda frame: frame.shape)
            for frame, score in self._scored(list(alike))
        ]

    def export_graph(self, size: tuple[int, int], adaptive: bool = False) -> EstimateGraph:
        """See `Exportable.export_graph`."""
        return UNetGraph(self.segmentation_graph(size), None if self.fitted_size is None else self.background)

    def segmentation_graph(self, size: tuple[int, int]) -> SegmentationGraph:
        """The graph of the score alone, for frames of this size."""
        working = fitting(size, self.options.side)
        return SegmentationGraph(self.network, size, working, mirrored=self.options.mirrored)

    def _scored(self, frames: list[Image]) -> list[tuple[Image, Score]]:
        """Frames of one size, each with its score, the probability of a person times 255."""
        height, width = frames[0].shape[:2]
        small = fitting((height, width), self.options.side)
        scores: list[Score] = []
        for start in range(0, len(frames), _BATCH):
            batch = as_tensor([shrunk(frame, small) for frame in frames[start : start + _BATCH]], self.device)
            with torch.inference_mode():
                logits = self.logits(batch)
                if self.options.mirrored:
                    logits = (logits + self.logits(batch.flip(-1)).flip(-1)) / 2
                levels = torch.sigmoid(resized(logits.float(), (height, width))) * 255
            scores += list(levels[:, 0].cpu().numpy())
        return [(frame, np.ascontiguousarray(score)) for frame, score in zip(frames, scores, strict=True)]
