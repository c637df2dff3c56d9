"""Loads an encoder from a file: a state dict of `torch.save`, or a checkpoint of an `ae`."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cleanplate.errors import ConfigError, ModelError

_NAMED = 3
_ENCODER = "encoder."


def load_encoder(encoder: nn.Module, path: str) -> None:
    """Fills an encoder from a file, which is read without running code from it.

    Args:
        encoder: all its keys must be in the file, with the shapes it has.
        path: a state dict of the encoder alone, of a `ConvAutoencoder` or of a `ResidualOnBackground`, or a checkpoint
            with one of these.

    Raises:
        ConfigError: if the file is not there, or holds weights of another encoder; the message names keys and shapes.
        ModelError: if it cannot be read, or holds no weights.
    """
    found, wanted = _encoder_weights(path), encoder.state_dict()
    missing = [key for key in wanted if key not in found]
    foreign = [key for key in found if key not in wanted]
    if missing or foreign:
        told = [f"{word} {_listed(keys)}" for word, keys in (("lacks", missing), ("has", foreign)) if keys]
        raise ConfigError(
            f"encoder_weights: {path} {' and '.join(told)}, unlike this encoder; choose the width, norm, stage and "
            "attention that its encoder was trained with"
        )
    for key, weight in wanted.items():
        if found[key].shape != weight.shape:
            raise ConfigError(
                f"encoder_weights: {path} has {key} of shape {list(found[key].shape)}, this encoder needs "
                f"{list(weight.shape)}; choose the frame size, scale, width and latent_dim it was trained with"
            )
    encoder.load_state_dict(found)


def _encoder_weights(path: str) -> dict[str, Tensor]:
    content = _read(path)
    for key in ("state", "network", "state_dict"):  # a checkpoint keeps its weights deeper inside
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    weights = {key: value for key, value in content.items() if isinstance(value, Tensor)}
    if not weights or len(weights) < len(content):
        raise ModelError(
            f"encoder_weights: {path} holds no state dict; save one by torch.save(encoder.state_dict(), …)"
        )
    owners = sorted({key.partition(_ENCODER)[0] for key in weights if _ENCODER in key})
    if len(owners) > 1:
        raise ConfigError(
            f"encoder_weights: {path} holds {len(owners)} encoders ({', '.join(owners)}); choose a file of one"
        )
    prefix = owners[0] + _ENCODER if owners else ""
    return {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}


def _read(path: str) -> Any:
    if not Path(path).is_file():
        raise ConfigError(f"encoder_weights: {path} is no file; give the path of a state dict or of a checkpoint")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler raises anything at all on damaged files
        reason = type(error).__name__
        raise ModelError(
            f"encoder_weights: {path} is damaged, or holds more than tensors and plain values ({reason}); refused"
        ) from error
    if not isinstance(content, dict):
        raise ModelError(f"encoder_weights: {path} holds a {type(content).__name__}, not a state dict")
    return content


def _listed(keys: list[str]) -> str:
    rest = len(keys) - _NAMED
    return ", ".join(keys[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
