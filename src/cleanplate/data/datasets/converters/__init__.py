"""Sets that come in a layout of their own, brought into the CDnet layout: links, and labels in CDnet's values."""

from collections.abc import Callable
from pathlib import Path

from cleanplate.data.datasets.converters.lasiesta import read_lasiesta
from cleanplate.data.datasets.converters.scene_background import read_sbi, read_sbmnet

Reader = Callable[[Path, Path, Callable[[int], None]], list[str]]

READERS: dict[str, Reader] = {"sbmnet": read_sbmnet, "sbi": read_sbi, "lasiesta": read_lasiesta}
"""By name: brings the original below the first folder into the second, telling how many videos are done; returns the
scenes. A scene that lies there already is left as it is."""

__all__ = ["READERS", "Reader", "read_lasiesta", "read_sbi", "read_sbmnet"]
