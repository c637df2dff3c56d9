"""Background models and their registry."""

from cleanplate.models.base import BackgroundModel
from cleanplate.models.registry import available, create, register
from cleanplate.models.types import Estimate, Prediction

__all__ = ["BackgroundModel", "Estimate", "Prediction", "available", "create", "register"]
