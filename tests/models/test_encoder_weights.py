"""An encoder from a file is taken, stays as it is, and is refused by key and shape where it does not fit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import cleanplate
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError, ModelError
from cleanplate.models.autoencoder.ae.model import Autoencoder
from cleanplate.models.components.encoder_decoder import Encoder

SHORT: dict[str, Any] = {"steps": 4, "epoch_steps": 2, "batch_size": 3, "frames": 20, "width": 4}


def made(name: str = "ae", **options: Any) -> Autoencoder:
    model = cleanplate.create(name, **(SHORT | options))
    assert isinstance(model, Autoencoder)
    return model


def untrained(scene: FrameSequence, **options: Any) -> Encoder:
    model = made(seed=5, **options)
    model.build(scene.size)
    return model.network.core.encoder  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ae", {}),
        ("ae", {"norm": "batch", "optimizer": "adamw"}),
        ("ae", {"norm": "spectral", "stage": "deformable", "attention": "cbam"}),
        ("aae", {}),
    ],
    ids=str,
)
def test_an_encoder_from_a_file_stays_bit_identical_and_the_decoder_learns(
    name: str, options: dict[str, Any], scene: FrameSequence, tmp_path: Path
) -> None:
    given = untrained(scene, **options)
    torch.save(given.state_dict(), tmp_path / "encoder.pt")
    model = made(name, encoder_weights=str(tmp_path / "encoder.pt"), **options)
    model.fit(scene)
    for key, weight in model.network.core.encoder.state_dict().items():
        assert torch.equal(weight, given.state_dict()[key]), key
    assert model.network.core.decoder.output.weight.abs().max() > 0


def test_the_encoder_of_a_checkpoint_is_taken_and_the_file_is_not_needed_again(
    scene: FrameSequence, tmp_path: Path
) -> None:
    first = made(seed=5).fit(scene)
    cleanplate.save(first, tmp_path / "first.ckpt")
    second = made(encoder_weights=str(tmp_path / "first.ckpt")).fit(scene)
    for key, weight in second.network.core.encoder.state_dict().items():
        assert torch.equal(weight, first.network.core.encoder.state_dict()[key]), key
    cleanplate.save(second, tmp_path / "second.ckpt")
    (tmp_path / "first.ckpt").unlink()
    again = cleanplate.load(tmp_path / "second.ckpt")
    one, other = (model.predict([scene[7]])[0] for model in (second, again))
    np.testing.assert_array_equal(one.background, other.background)


@pytest.mark.parametrize("prefix", ["encoder.", "core.encoder.", "network.core.encoder."])
def test_the_encoder_is_found_among_other_weights(prefix: str, scene: FrameSequence, tmp_path: Path) -> None:
    given = {prefix + key: value for key, value in untrained(scene).state_dict().items()}
    torch.save({"state_dict": given | {"decoder.output.bias": torch.zeros(3)}}, tmp_path / "all.pt")
    model = made(encoder_weights=str(tmp_path / "all.pt"))
    model.task(scene)
    assert torch.equal(model.network.core.encoder.to_code.weight, given[prefix + "to_code.weight"])
    assert not any(weight.requires_grad for weight in model.network.core.encoder.parameters())
    assert all(weight.requires_grad for weight in model.network.core.decoder.parameters())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latent_dim": 7}, r"has to_code\.weight of shape \[7, 384\], this encoder needs \[16, 384\]; choose "),
        ({"norm": "none"}, r"lacks stages\.0\.1\.weight, stages\.0\.1\.bias, unlike this encoder; choose "),
        (
            {"attention": "cbam"},
            r"has stages\.0\.3\.channel\.0\.weight, .* and 3 more, unlike this encoder",
        ),
    ],
)
def test_an_encoder_that_does_not_fit_is_refused_by_key_and_shape(
    options: dict[str, Any], message: str, scene: FrameSequence, tmp_path: Path
) -> None:
    torch.save(untrained(scene, **options).state_dict(), tmp_path / "encoder.pt")
    with pytest.raises(ConfigError, match=rf"^encoder_weights: .*encoder\.pt {message}"):
        made(encoder_weights=str(tmp_path / "encoder.pt")).task(scene)


def test_files_that_hold_no_encoder_are_refused(scene: FrameSequence, tmp_path: Path) -> None:
    torch.save(untrained(scene), tmp_path / "module.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({"a": 1}, tmp_path / "numbers.pt")
    torch.save({f"{side}.encoder.to_code.bias": torch.zeros(16) for side in ("one", "two")}, tmp_path / "two.pt")
    (tmp_path / "damaged.pt").write_bytes(b"no weights")
    for name, kind, message in (
        ("away.pt", ConfigError, "is no file"),
        ("module.pt", ModelError, "is damaged, or holds more than tensors and plain values"),
        ("damaged.pt", ModelError, "is damaged"),
        ("list.pt", ModelError, "holds a list, not a state dict"),
        ("numbers.pt", ModelError, "holds no state dict"),
        ("two.pt", ConfigError, r"holds 2 encoders \(one\., two\.\)"),
    ):
        with pytest.raises(kind, match=rf"^encoder_weights: .*{name} {message}"):
            made(encoder_weights=str(tmp_path / name)).task(scene)
