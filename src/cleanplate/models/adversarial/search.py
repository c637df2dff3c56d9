"""Searches the latent code of a frame by gradient descent through the generator.

Paper: Schlegl et al., AnoGAN (2017, arXiv 1703.05921), for the search; the weights make it blind to foreground.
"""

import torch
from torch import Tensor

from cleanplate.models.components.losses import background_weight, mixed
from cleanplate.models.components.residual_on_background import ResidualOnBackground

# A code this far from the prior's middle costs as much as an error of one grey level everywhere.
_PRIOR = 1 / 255 / 100


def searched(
    network: ResidualOnBackground, frames: Tensor, codes: Tensor, steps: int, rate: float, suppression: float
) -> Tensor:
    """Codes of lower robust error than the given ones, by Adam, each frame for itself.

    Of all codes on the way each frame keeps the best. The network does not change.

    Args:
        network: whose `decode` is inverted.
        frames: float RGB `[N, 3, h, w]` in 0 … 1 at working size.
        codes: where the search starts, `[N, latent_dim]`.
        steps: number of gradient steps.
        rate: learning rate.
        suppression: of foreground-like regions, see `background_weight`.

    Returns:
        `[N, latent_dim]`.
    """
    codes = codes.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([codes], lr=rate, eps=1e-12)
    with torch.no_grad():
        weight = background_weight(network.decode(codes)[0], frames, suppression, 3)
    best, lowest = codes.detach().clone(), torch.full((len(codes), 1), torch.inf, device=codes.device)
    for _ in range(steps + 1):
        with torch.enable_grad():
            background, _ = network.decode(codes)
            error = (weight * mixed({"smooth_l1": 1.0}, background, frames)).flatten(1).sum(1, keepdim=True)
            cost = error / weight.flatten(1).sum(1, keepdim=True) + _PRIOR * codes.square().sum(1, keepdim=True)
            (codes.grad,) = torch.autograd.grad(cost.sum(), codes)
        better = cost.detach() < lowest
        best, lowest = torch.where(better, codes.detach(), best), torch.where(better, cost.detach(), lowest)
        optimizer.step()
    return best


def cleaned(frames: Tensor, scene: Tensor, pull: float, box: int) -> Tensor:
    """Frames with the scene in place of what looks like foreground, light and shade left as they are.

    A discriminator that is shown people makes its generator draw people. So each pixel of a frame is drawn towards a
    rough idea of the scene by as much as its surroundings look like foreground (`background_weight`). The scene first
    takes on the frame's light: the median gap between the two, per channel, which no object that covers less than half
    of the picture can sway.

    Args:
        frames: `[N, 3, h, w]` in 0 … 1.
        scene: `[1, 3, h, w]`, a rough idea of it.
        pull: how strongly foreground-like regions are painted over; 0 leaves frames as they are.
        box: odd side of the surroundings, in pixels.

    Returns:
        Same shape as the frames.
    """
    if pull == 0:
        return frames
    light = (frames - scene).flatten(2).median(dim=2).values[:, :, None, None]
    lit = scene + light
    return torch.lerp(lit, frames, background_weight(lit, frames, pull, box))
