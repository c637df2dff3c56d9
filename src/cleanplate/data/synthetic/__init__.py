"""Surveillance-like scenes with exact ground truth, one generator per category of CDnet 2014.

Real data never has what these have: the true clean plate of every frame, labels that are right to the pixel, and as
many scenes as one asks for. Use them to try a method in a minute and to test everything that reads sequences.

    >>> from cleanplate.data.synthetic import SceneSpec, render
    >>> frame = next(render(SceneSpec("baseline", "corner", height=64, width=96, frames=2)))
    >>> frame.image.shape, frame.groundtruth.shape
    ((64, 96, 3), (64, 96))

A new category is one file in ``scenes/``: a function from a spec to a :class:`~cleanplate.data.synthetic.scene.Scene`
under the decorator :func:`~cleanplate.data.synthetic.registry.generator`.
"""

from cleanplate.data.synthetic.files import write_scene
from cleanplate.data.synthetic.registry import categories
from cleanplate.data.synthetic.rendering import render, roi, temporal_roi
from cleanplate.data.synthetic.spec import RenderedFrame, SceneSpec

__all__ = ["RenderedFrame", "SceneSpec", "categories", "render", "roi", "temporal_roi", "write_scene"]
