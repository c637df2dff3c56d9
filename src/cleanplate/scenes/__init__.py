"""Generator of surveillance-like scenes with exact ground truth, one function per category of CDnet 2014.

Unlike real data, they have the true clean plate of every frame and pixel-exact labels. Use them to try a method in a
minute, to train on, and to test everything that reads sequences.

    >>> from cleanplate.scenes import SceneSpec, render
    >>> frame = next(render(SceneSpec("baseline", "corner", height=64, width=96, frames=2)))
    >>> frame.image.shape, frame.groundtruth.shape
    ((64, 96, 3), (64, 96))

A new category is one function in one file below ``scenes/generators/``: from a spec to a
:class:`~cleanplate.scenes.spec.Scene`, under the decorator :func:`~cleanplate.scenes.spec.generator`.
"""

from cleanplate.scenes.rendering import render, roi, temporal_roi, write_scene
from cleanplate.scenes.spec import RenderedFrame, SceneSpec, categories

__all__ = ["RenderedFrame", "SceneSpec", "categories", "render", "roi", "temporal_roi", "write_scene"]
