"""Conversions between frames, uint8 BGR arrays, and tensors, and the precision that networks predict in."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from cleanplate.utils.arrays import Image


def as_tensor(frames: Sequence[Image], device: torch.device | str = "cpu") -> Tensor:
    """Frames, uint8 BGR `[H, W, 3]` each, as uint8 RGB `[N, 3, H, W]` on a device. The one place that converts."""
    height, width = frames[0].shape[:2]
    batch = np.empty((len(frames), height, width, 3), np.uint8)
    for frame, place in zip(frames, batch, strict=True):
        cv2.cvtColor(frame, cv2.COLOR_BGR2RGB, dst=place)  # many times as fast as turning the axis round
    return torch.from_numpy(batch).to(device).permute(0, 3, 1, 2)


def as_image(picture: Tensor) -> Image:
    """Brings float RGB `[3, H, W]` in 0 … 1 back to uint8 BGR `[H, W, 3]`."""
    levels = picture.detach().float().mul(255).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(levels.flip(0).permute(1, 2, 0).cpu().numpy())


def shrunk(frame: Image, size: tuple[int, int]) -> Image:
    """A frame at `size` (height, width), each pixel the mean of what it covers."""
    if frame.shape[:2] == size:
        return frame
    return np.asarray(cv2.resize(frame, (size[1], size[0]), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def bf16_autocast(device: torch.device) -> AbstractContextManager[Any]:
    """Autocast to bf16 where the hardware computes in it, which doubles the speed; elsewhere it would halve it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=supports_bf16(device))


def supports_bf16(device: torch.device) -> bool:
    """Whether the device computes in bf16."""
    if device.type == "cpu":
        return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())
    return device.type == "cuda" and torch.cuda.is_bf16_supported()
