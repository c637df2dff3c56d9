"""The head's weights, and the arithmetic they are used in."""

from contextlib import AbstractContextManager
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from cleanplate.errors import ModelError


def head_weights(path: str = "") -> dict[str, torch.Tensor]:
    """The weights that come with the package, or those of a file that `pretraining_task` made.

    Raises:
        ModelError: if the file cannot be read or is another one.
    """
    file: Traversable = Path(path) if path else files(__package__).joinpath("head.pt")
    try:
        stored = torch.load(BytesIO(file.read_bytes()), map_location="cpu", weights_only=True)["weights"]
        return {key: value.float() for key, value in stored.items()}
    except OSError as error:
        raise ModelError(f"weights: {file}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # the unpickler raises anything at all on damaged files
        raise ModelError(f"weights: {file}: not made by cleanplate.models.plate.pretraining_task") from error


def reduced(device: torch.device) -> AbstractContextManager[Any]:
    """bf16 where the machine computes in it, which doubles the speed; elsewhere it would halve it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=able_of_bf16(device))


def able_of_bf16(device: torch.device) -> bool:
    """Whether the device computes in bf16."""
    if device.type == "cpu":
        return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())
    return device.type == "cuda" and torch.cuda.is_bf16_supported()
