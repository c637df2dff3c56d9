"""Stages of encoders and decoders: each option changes what it says, and nothing else."""

from typing import Any

import pytest
import torch
from torch import nn

from cleanplate.models.components.blocks import BlockAttention, SpatialChannelAttention, Style
from cleanplate.models.components.downsampling import DeformableHalving, DilatedHalving, shifted
from cleanplate.models.components.encoder_decoder import ConvAutoencoder, Encoder

STYLES: list[dict[str, Any]] = [
    {},
    {"norm": "batch"},
    {"norm": "spectral"},
    {"norm": "none", "activation": "celu"},
    {"stage": "dilated"},
    {"stage": "deformable"},
    {"attention": "cbam"},
    {"attention": "spatial_channel"},
    {"luminance": True},
    {"grey": True},
    {"norm": "spectral", "stage": "deformable", "attention": "cbam", "luminance": True},
    {"norm": "spectral", "stage": "dilated", "attention": "spatial_channel", "grey": True},
]


def weights(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def encoder(width: int = 4, inputs: int = 3, size: tuple[int, int] = (24, 30), **style: Any) -> Encoder:
    torch.manual_seed(0)
    return Encoder(size, inputs, 5, width, Style(**style))


@pytest.mark.parametrize("style", STYLES, ids=str)
@pytest.mark.parametrize("size", [(8, 8), (9, 31), (33, 50)])
def test_any_size_comes_back_in_any_style_and_all_of_it_learns(style: dict[str, Any], size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network = ConvAutoencoder(size, 3, 5, 5, Style(**style))
    nn.init.normal_(network.decoder.output.weight)
    pictures = torch.rand(2, 3, *size)
    output = network.decode(network.encode(pictures))
    assert output.shape == (2, 3, *size)
    (output - pictures).square().mean().backward()
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters())
    assert all(weight.grad.any() for name, weight in network.named_parameters() if "bias" not in name)


def test_each_option_has_the_weights_it_must_have() -> None:
    """At 24×30 and a width of 4 an encoder has stages 3 → 4 → 8 channels."""
    plain = weights(encoder())
    assert weights(encoder(norm="none")) == plain - 2 * (4 + 8)
    assert weights(encoder(norm="spectral")) == weights(encoder(norm="none"))
    assert weights(encoder(luminance=True)) == plain + 9 * 4
    assert weights(encoder(grey=True)) == plain - 2 * 9 * 4
    assert weights(encoder(stage="dilated")) == plain + 9 * (3 * 4 + 4 * 8)
    assert weights(encoder(stage="deformable")) == plain + sum(2 * before * (9 * before + 1) for before in (3, 4))
    assert weights(encoder(attention="cbam")) == plain + weights(BlockAttention(4)) + weights(BlockAttention(8))
    gates = weights(SpatialChannelAttention(4)) + weights(SpatialChannelAttention(8))
    assert weights(encoder(attention="spatial_channel")) == plain + gates


@pytest.mark.parametrize("style", [{"luminance": True}, {"grey": True}], ids=str)
def test_luminance_is_taken_from_colours_and_leaves_further_streams(style: dict[str, bool]) -> None:
    coloured, flow = encoder(inputs=5, **style), encoder(inputs=2, **style)
    pictures = torch.rand(1, 5, 24, 30)
    assert coloured(pictures).shape == (1, 5)
    changed = pictures.clone()
    changed[:, 4] += 0.5
    assert (coloured(changed) - coloured(pictures)).abs().max() > 1e-3
    assert weights(flow) == weights(encoder(inputs=2))


def test_spectral_norm_bounds_every_convolution() -> None:
    network = ConvAutoencoder((24, 30), 3, 5, 4, Style(norm="spectral", stage="dilated"))
    bounded = [module for module in network.modules() if hasattr(module, "parametrizations")]
    assert len(bounded) == 2 * 2 + 2  # two beside each other in each stage down, one in each stage up
    network.train()
    for _ in range(20):
        network.encode(torch.rand(2, 3, 24, 30))
        network.decoder.features(torch.rand(2, 5))
    for module in bounded:
        steepest = torch.linalg.matrix_norm(module.weight.flatten(1), ord=2)
        assert float(steepest.detach()) == pytest.approx(1, abs=0.05)


def test_a_deformable_stage_is_the_plain_one_while_its_offsets_are_zero() -> None:
    stage = Style(stage="deformable").down(3, 8)
    halving = stage[0]
    assert isinstance(halving, DeformableHalving)
    plain = nn.Sequential(halving.convolution, *list(stage)[1:])
    pictures = torch.rand(2, 3, 17, 22)
    torch.testing.assert_close(stage(pictures), plain(pictures), atol=1e-5, rtol=0)
    nn.init.constant_(halving.offsets.bias, 1.0)
    assert (stage(pictures) - plain(pictures)).abs().max() > 0.1


def test_features_are_read_where_the_offsets_say() -> None:
    features = torch.rand(2, 3, 9, 12)
    offsets = torch.zeros(2, 6, 9, 12)
    offsets[:, 1] = 2.0  # the second channel from two pixels to the right
    offsets[:, 5] = -1.0  # the third from one pixel above
    read = shifted(features, offsets)
    torch.testing.assert_close(read[:, 0], features[:, 0])
    torch.testing.assert_close(read[:, 1, :, :-2], features[:, 1, :, 2:])
    torch.testing.assert_close(read[:, 1, :, -2:], features[:, 1, :, -1:].expand(-1, -1, 2))
    torch.testing.assert_close(read[:, 2, 1:], features[:, 2, :-1])


def test_offsets_lead_towards_what_is_sought() -> None:
    slope = torch.arange(16.0).expand(1, 1, 16, 16)
    offsets = torch.zeros(1, 2, 16, 16, requires_grad=True)
    (shifted(slope, offsets) - (slope + 1)).square().sum().backward()
    assert (offsets.grad[:, 0, :, 1:-1] < 0).all()  # further right is more
    assert offsets.grad[:, 1].abs().max() < 1e-3


def test_a_dilated_stage_sees_further_than_a_plain_one() -> None:
    torch.manual_seed(0)
    reach = {}
    for kind in ("plain", "dilated"):
        halving = Style(stage=kind).down(1, 4)[0]  # type: ignore[arg-type, index]
        assert isinstance(halving, DilatedHalving) == (kind == "dilated")
        picture = torch.zeros(1, 1, 33, 33, requires_grad=True)
        halving(picture)[0, :, 8, 8].sum().backward()
        seen = picture.grad[0, 0].nonzero()
        reach[kind] = int(seen[:, 0].max() - seen[:, 0].min())
    assert reach == {"plain": 2, "dilated": 6}


@pytest.mark.parametrize("gate", [BlockAttention, SpatialChannelAttention])
def test_a_gate_weakens_and_never_strengthens(gate: type[nn.Module]) -> None:
    torch.manual_seed(0)
    features = torch.rand(2, 8, 11, 13) + 0.1
    factors = (gate(8)(features) / features).detach()
    assert factors.shape == features.shape
    assert float(factors.min()) > 0
    assert float(factors.max()) < 1
    assert float(factors.std(dim=1).min()) > 0  # over channels
    assert float(factors.flatten(2).std(dim=2).min()) > 0  # over places
