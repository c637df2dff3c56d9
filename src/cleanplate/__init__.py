"""cleanplate: the picture of a scene with nobody in it, and everything that follows from having it.

```python
import cleanplate

model = cleanplate.create("median").fit(cleanplate.open_sequence("my.mp4"))
mask = model.apply(frame)      # uint8 [H, W]: 255 foreground, 0 background
plate = model.background       # uint8 BGR [H, W, 3]
```
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["available", "create", "load", "open_sequence", "register", "save"]

# Imported on first use: `cleanplate --help` must not wait for torch.
_HOMES = {
    "available": "cleanplate.models",
    "create": "cleanplate.models",
    "register": "cleanplate.models",
    "open_sequence": "cleanplate.data",
    "load": "cleanplate.models.checkpoint",
    "save": "cleanplate.models.checkpoint",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cleanplate' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
