"""Lightning callbacks: curves in plain files, pictures in W&B, throughput."""

from cleanplate.engine.callbacks.curves import Curves
from cleanplate.engine.callbacks.pictures import HeldOutPictures, Pictures
from cleanplate.engine.callbacks.throughput import Throughput

__all__ = ["Curves", "HeldOutPictures", "Pictures", "Throughput"]
