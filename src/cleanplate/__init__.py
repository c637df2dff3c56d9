"""Background subtraction: learns the clean plate of a scene, the picture with nobody in it, and finds the foreground.

```python
import cleanplate

model = cleanplate.create("median").fit("my.mp4")
mask = model.apply(frame)      # uint8 [H, W]: 255 foreground, 0 background
plate = model.background       # uint8 BGR [H, W, 3]
```

`available` lists the models, `create` makes one, `load` and `save` keep it in a file. `BackgroundSubtractor` takes the
place of OpenCV's. Every model is a `BackgroundModel`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cleanplate.apps.background_subtractor import BackgroundSubtractor
    from cleanplate.data.datasets.cdnet import open_sequence
    from cleanplate.data.sequence import FrameSequence
    from cleanplate.models.base import BackgroundModel
    from cleanplate.models.checkpoint import load, save
    from cleanplate.models.registry import available, create, register
    from cleanplate.models.types import Estimate, Prediction

__version__ = "0.1.0"
__all__ = [
    "BackgroundModel",
    "BackgroundSubtractor",
    "Estimate",
    "FrameSequence",
    "Prediction",
    "available",
    "create",
    "load",
    "open_sequence",
    "register",
    "save",
]

# Imported on first use: `cleanplate --help` must not wait for torch.
_MODULES = {
    "BackgroundModel": "cleanplate.models.base",
    "BackgroundSubtractor": "cleanplate.apps.background_subtractor",
    "Estimate": "cleanplate.models.types",
    "FrameSequence": "cleanplate.data.sequence",
    "Prediction": "cleanplate.models.types",
    "available": "cleanplate.models.registry",
    "create": "cleanplate.models.registry",
    "load": "cleanplate.models.checkpoint",
    "open_sequence": "cleanplate.data.datasets.cdnet",
    "register": "cleanplate.models.registry",
    "save": "cleanplate.models.checkpoint",
}


if not TYPE_CHECKING:  # a type checker must find a name that is not there

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module 'cleanplate' has no attribute {name!r}")
        return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
