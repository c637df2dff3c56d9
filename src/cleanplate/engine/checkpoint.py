"""Writing and reading checkpoints; see `cleanplate.models.stored`, where models find it too."""

from cleanplate.models.stored import FORMAT, load, read, save

__all__ = ["FORMAT", "load", "read", "save"]
