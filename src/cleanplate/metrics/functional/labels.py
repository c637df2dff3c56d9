"""The grey levels of the CDnet layout and the checks that every metric of it makes."""

from typing import Protocol

SHADOW = 50
UNKNOWN = 170
MOVING = 255
FOREGROUND = 255


class _Array(Protocol):
    @property
    def dtype(self) -> object: ...

    @property
    def shape(self) -> tuple[int, ...]: ...


def require_uint8(**arrays: _Array) -> None:
    """Refuses arrays or tensors that are not uint8, or not all of one shape.

    Raises:
        ValueError: names the argument, what it is and what it should be.
    """
    shape: tuple[int, ...] | None = None
    first = ""
    for name, array in arrays.items():
        if not str(array.dtype).endswith("uint8"):
            raise ValueError(f"{name}: must be uint8, is {array.dtype}")
        if shape is None:
            first, shape = name, tuple(array.shape)
        elif tuple(array.shape) != shape:
            raise ValueError(f"{name}: has shape {tuple(array.shape)}, {first} has {shape}; they must agree")
