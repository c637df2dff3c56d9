"""The offline statistics that are more than a plate: a mixture of Gaussians, and robust principal components."""

import cv2
import numpy as np
import torch
from torch import Tensor

from cleanplate.engine.export.backgrounds import StillBackground, as_picture, by_channel, solved
from cleanplate.engine.export.estimates import NOTHING, EstimateGraph, Known, Size, States, builds, refuses
from cleanplate.engine.export.filters import Resize, middle
from cleanplate.models.learned import shrunk
from cleanplate.models.statistical.gmm.gaussian_mixture import whitening
from cleanplate.models.statistical.gmm.model import GaussianMixtureModel
from cleanplate.models.statistical.opencv.model import OpenCvSubtractor
from cleanplate.models.statistical.rpca.model import RobustPca

# As `cleanplate.models.statistical.rpca.robust_pca` has them; tests hold the two together.
_SCALES = (0.16, 0.08, 0.04, 0.04, 0.04)
_RIDGE = 1e-4

refuses(OpenCvSubtractor, "OpenCV does not give out what its subtractor has learnt")


class MixtureGraph(StillBackground):
    """The mixture's own label: distance from the nearest component of the background, see `PixelLabeller`."""

    means: Tensor
    white: Tensor
    foreign: Tensor

    def __init__(self, model: GaussianMixtureModel, size: Size) -> None:
        super().__init__(model.background)
        state = model.state_dict()
        self.worth = model.options.levels_per_deviation
        weights = state["weights"]
        foreign = np.cumsum(weights, axis=1) - weights > model.options.background_share  # [P, K]
        white = whitening(torch.from_numpy(state["covariances"])).numpy()
        white = np.where(foreign[..., None, None], np.float32(0), white)  # of an empty component it is no number
        self.register_buffer("means", torch.from_numpy(state["means"].transpose(1, 2, 0).reshape(-1, 3, *size)))
        self.register_buffer("white", torch.from_numpy(white.transpose(1, 2, 3, 0).reshape(-1, 3, 3, *size)))
        blocked = np.where(foreign.T, np.float32(np.inf), np.float32(0)).reshape(-1, *size)
        self.register_buffer("foreign", torch.from_numpy(blocked))

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NOTHING) -> Known:
        """See `EstimateGraph`."""
        away = frames[:, None] - self.means
        squared = self.foreign + torch.zeros_like(away[:, :, 0])
        for row in range(3):
            parts = [self.white[:, row, column] * away[:, :, column] for column in range(row + 1)]
            squared = squared + torch.stack(parts).sum(dim=0).square()
        score = (self.worth * squared.amin(dim=1, keepdim=True).sqrt()).clamp(max=255)
        return Known(self.plate.expand_as(frames), score=score)


@builds(GaussianMixtureModel)
def _mixture(model: GaussianMixtureModel, size: Size, adaptive: bool) -> EstimateGraph:
    return StillBackground(model.background) if model.options.use == "background" else MixtureGraph(model, size)


class SubspaceBackground(StillBackground):
    """The plate with what a frame's place in the subspace adds to it, see `RobustPca`."""

    small: Tensor
    basis: Tensor
    home: Tensor

    def __init__(self, model: RobustPca, size: Size) -> None:
        state = model.state_dict()
        super().__init__(state["plate"])
        scale = model.options.scale
        inner = (max(8, round(size[0] / scale)), max(8, round(size[1] / scale)))
        self.shrink = Resize(size, inner, cv2.INTER_AREA, whole=True)
        self.enlarge = Resize(inner, size, cv2.INTER_LINEAR, whole=False)
        self.register_buffer("small", as_picture(shrunk(state["plate"], inner)).flatten(1) / 255)
        self.register_buffer("basis", by_channel(state["basis"].T, inner))
        self.register_buffer("home", self.small @ self.basis.T)

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NOTHING) -> Known:
        """See `EstimateGraph`."""
        seen = self.shrink(frames)
        column = seen.flatten(1) / 255
        found = self.home * middle((column / self.small.clamp(min=1 / 255))[:, None])
        places = int(seen.shape[2]) * int(seen.shape[3])
        ridge = _RIDGE * torch.eye(len(self.basis), device=frames.device)
        for scale in _SCALES:
            error = (column - found @ self.basis).square().reshape(-1, 3, places).mean(dim=1) / scale**2
            weighted = self.basis * (1 / (1 + error).square()).repeat(1, 3)[:, None]
            answers = weighted @ column[..., None] + _RIDGE * found[..., None]
            found = solved(weighted @ self.basis.T + ridge, answers)[..., 0]
        residual = ((found @ self.basis - self.small) * 255).reshape(seen.shape)
        return Known(torch.round(self.plate + self.enlarge(residual)).clamp(0, 255))


@builds(RobustPca)
def _subspace(model: RobustPca, size: Size, adaptive: bool) -> EstimateGraph:
    return SubspaceBackground(model, size)
