"""The fusion: when semantics have a word, and that a checkpoint holds all it needs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cleanplate
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError, ModelError
from cleanplate.models.supervised.fusion.model import Fusion
from cleanplate.utils.arrays import Image
from needed import tiny_unet


@pytest.fixture(scope="module")
def semantics() -> Path:
    return tiny_unet()


def made(semantics: Path, **options: Any) -> Fusion:
    model = cleanplate.create("fusion", semantics=str(semantics), base="median", **options)
    assert isinstance(model, Fusion)
    return model


def seeing(model: Fusion, empty: float, seen: float) -> None:
    """Semantics that see `seen` in the left half of every frame, and `empty` in the right half and in the plate."""
    plate = model.background.copy()

    def people(picture: Image) -> Any:
        found = np.full(picture.shape[:2], empty, np.float32)
        if not np.array_equal(picture, plate):
            found[:, : found.shape[1] // 2] = seen
        return found

    model.people = people  # type: ignore[method-assign]
    model._empty = people(plate)


def test_a_clear_rise_against_the_empty_scene_is_foreground(scene: FrameSequence, semantics: Path) -> None:
    model = made(semantics, somebody_above=0.5).fit(scene)
    plain = cleanplate.create("median", foreground={"threshold": 28.0}).fit(scene)
    seeing(model, 0.3, 0.9)
    found, expected = model.apply(scene[20]), plain.apply(scene[20])
    half = found.shape[1] // 2
    assert (found[:, :half] == 255).all()
    np.testing.assert_array_equal(found[:, half:], expected[:, half:])
    seeing(model, 0.3, 0.7)  # no clear rise
    np.testing.assert_array_equal(model.apply(scene[20]), expected)


def test_what_nobody_is_seen_in_is_background_where_that_is_asked_for(scene: FrameSequence, semantics: Path) -> None:
    model = made(semantics, nobody_below=0.2).fit(scene)
    plain = cleanplate.create("median", foreground={"threshold": 28.0}).fit(scene)
    frame = next(scene[index] for index in range(len(scene)) if (plain.apply(scene[index]) == 255).any())
    expected = plain.apply(frame)
    seeing(model, 0.1, 0.1)
    assert not model.apply(frame).any()
    seeing(model, 0.1, 0.25)
    half = expected.shape[1] // 2
    np.testing.assert_array_equal(model.apply(frame)[:, :half], expected[:, :half])
    assert not model.apply(frame)[:, half:].any()
    quiet = made(semantics).fit(scene)
    seeing(quiet, 0.1, 0.1)
    np.testing.assert_array_equal(quiet.apply(frame), expected)  # off by default: cars are not people


def test_its_checkpoint_needs_no_other_file(scene: FrameSequence, semantics: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.ckpt"
    copy.write_bytes(semantics.read_bytes())
    model = made(copy, somebody_above=0.01).fit(scene)
    cleanplate.save(model, tmp_path / "fusion.ckpt")
    copy.unlink()
    loaded = cleanplate.load(tmp_path / "fusion.ckpt")
    for index in (5, 25):
        np.testing.assert_array_equal(loaded.predict([scene[index]])[0].score, model.predict([scene[index]])[0].score)
    assert loaded.parameters == model.parameters > 0
    assert loaded.league == "semantic"


def test_it_says_what_is_missing(scene: FrameSequence, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="fusion: semantics: no checkpoint given; train one"):
        cleanplate.create("fusion").fit(scene)
    with pytest.raises(ModelError, match="cannot be read"):
        made(tmp_path / "missing.ckpt").fit(scene)
    cleanplate.save(cleanplate.create("median").fit(scene), tmp_path / "median.ckpt")
    with pytest.raises(ModelError, match="holds median, not a trained unet"):
        made(tmp_path / "median.ckpt").fit(scene)
    with pytest.raises(ConfigError, match="somebody_above: 2 is outside 0 … 1"):
        made(tmp_path / "x", somebody_above=2)
