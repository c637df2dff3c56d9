"""The one typed, validated configuration: params.yaml, read once."""

from cleanplate.config.load import compose, load, validate
from cleanplate.config.schema import Config

__all__ = ["Config", "compose", "load", "validate"]
