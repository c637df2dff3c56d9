"""One independent random stream per purpose of a scene."""

import zlib

import numpy as np

from cleanplate.data.synthetic.spec import SceneSpec


def stream(spec: SceneSpec, purpose: str, index: int = 0) -> np.random.Generator:
    """Random numbers for one purpose (and one frame, if ``index`` is given) of a scene.

    A stream depends on the scene's name, seed and purpose only: drawing more numbers for one purpose leaves the others
    alone, and frame 100 is the same whether or not frame 99 was rendered.

    Args:
        spec: the scene.
        purpose: a word, ``"stage"``, ``"actors"``, ``"noise"``.
        index: frame number where every frame draws anew.

    Returns:
        A PCG64 generator.
    """
    words = [zlib.crc32(text.encode()) for text in (spec.category, spec.video, purpose)]
    sequence = np.random.SeedSequence([spec.seed, spec.height, spec.width, *words, index])
    return np.random.Generator(np.random.PCG64(sequence))
