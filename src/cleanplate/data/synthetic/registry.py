"""The list of scene generators: a new category is one file in ``scenes/`` and nothing else."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cleanplate.data.synthetic.scene import Scene
    from cleanplate.data.synthetic.spec import SceneSpec

_SCENES = "cleanplate.data.synthetic.scenes"
_generators: dict[str, Callable[[SceneSpec], Scene]] = {}
_loaded = False


def generator(
    category: str,
) -> Callable[[Callable[[SceneSpec], Scene]], Callable[[SceneSpec], Scene]]:
    """Register the decorated function as the builder of a category's scenes.

    Args:
        category: the category's directory name.

    Raises:
        ValueError: two generators claim the same name.
    """

    def register(build: Callable[[SceneSpec], Scene]) -> Callable[[SceneSpec], Scene]:
        if category in _generators:
            raise ValueError(f"scene category {category!r} is registered twice")
        _generators[category] = build
        return build

    return register


def categories() -> tuple[str, ...]:
    """Names of all categories that can be rendered, sorted."""
    _load()
    return tuple(sorted(_generators))


def build(spec: SceneSpec) -> Scene:
    """Set up the scene of a spec: its stage, its actors and what happens to them."""
    _load()
    return _generators[spec.category](spec)


def _load() -> None:
    # Late, because the scenes need SceneSpec, which asks this module for the names.
    global _loaded
    if not _loaded:
        for module in pkgutil.iter_modules(importlib.import_module(_SCENES).__path__):
            importlib.import_module(f"{_SCENES}.{module.name}")
        _loaded = True
