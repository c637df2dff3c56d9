"""Background models and their registry."""

from cleanplate.models.base import BackgroundModel
from cleanplate.models.estimate import Estimate, Prediction
from cleanplate.models.registry import available, create, register

__all__ = ["BackgroundModel", "Estimate", "Prediction", "available", "create", "register"]
