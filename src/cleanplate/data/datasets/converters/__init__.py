"""Converters of downloaded datasets with their own layout into the CDnet layout: links, and CDnet's label values."""

from collections.abc import Callable
from pathlib import Path

from cleanplate.data.datasets.converters.lasiesta import convert_lasiesta
from cleanplate.data.datasets.converters.scene_background import convert_sbi, convert_sbmnet

Converter = Callable[[Path, Path, Callable[[int], None]], list[str]]

CONVERTERS: dict[str, Converter] = {"sbmnet": convert_sbmnet, "sbi": convert_sbi, "lasiesta": convert_lasiesta}
"""By name: `convert(source, target, progress)` converts all videos below `source` and returns their scene names.

Progress is called with the number of videos done. A scene that is there already is left unchanged."""

__all__ = ["CONVERTERS", "Converter", "convert_lasiesta", "convert_sbi", "convert_sbmnet"]
