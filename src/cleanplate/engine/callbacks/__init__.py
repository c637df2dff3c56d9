"""Lightning callbacks: curves in plain files, pictures in W&B, throughput."""

from cleanplate.engine.callbacks.curves import Curves
from cleanplate.engine.callbacks.held_out import HeldOutPictures
from cleanplate.engine.callbacks.pictures import Pictures
from cleanplate.engine.callbacks.throughput import Throughput

__all__ = ["Curves", "HeldOutPictures", "Pictures", "Throughput"]
