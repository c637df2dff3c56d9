"""What all tests share: small generated scenes, real ones where they are, and one thread."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cleanplate.data.sequence import FrameSequence

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
# Settings of whoever runs the tests must not reach the runs that the tests make.
for name in ("DVC_EXP_NAME", "WANDB_MODE", "WANDB_DIR", "RANK", "LOCAL_RANK", "WORLD_SIZE"):
    os.environ.pop(name, None)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    import cv2
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def quick_benet() -> Iterator[None]:
    """Lets the learned initial background train for a moment, where it is asked for by its name.

    What it reaches with all its steps, `tests/models/test_initializers.py` holds.
    """
    from cleanplate.models.components import initializers
    from cleanplate.models.components.initializers.learned import learned

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(initializers, "learned", partial(learned, steps=30))
        yield


@pytest.fixture(scope="session")
def scene_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small generated scene in CDnet layout, `<root>/baseline/street`: 96×64, 40 frames."""
    from cleanplate.scenes import SceneSpec, write_scene

    folder = tmp_path_factory.mktemp("sequences") / "baseline" / "street"
    write_scene(SceneSpec("baseline", "street", height=64, width=96, frames=40, seed=1), folder)
    return folder


@pytest.fixture
def scene(scene_folder: Path):
    from cleanplate import open_sequence

    return open_sequence(scene_folder)


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory) -> "FrameSequence":
    """A scene so busy that its mean is wrong by six grey levels, and so small that a model learns it in seconds."""
    from cleanplate import open_sequence
    from cleanplate.scenes import SceneSpec, write_scene

    folder = tmp_path_factory.mktemp("busy") / "shadow" / "street"
    write_scene(SceneSpec("shadow", "street", height=32, width=48, frames=40, seed=3), folder)
    return open_sequence(folder)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder that holds `cdnet/` and `sbi/`, from CLEANPLATE_DATA."""
    place = os.environ.get("CLEANPLATE_DATA")
    if not place:
        pytest.skip("CLEANPLATE_DATA is not set: no real sequences to measure on")
    return Path(place)
