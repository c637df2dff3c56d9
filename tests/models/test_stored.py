"""Checkpoints: self-contained, equal for equal models, and harmless whatever is in them."""

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import cleanplate
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ModelError
from cleanplate.foreground import ForegroundOptions
from cleanplate.models import BackgroundModel, checkpoint_file

MADE: dict[str, dict[str, Any]] = {
    "median": {"frames": 20},
    "ae": {"steps": 4, "epoch_steps": 2, "batch_size": 4, "frames": 20},
}


@pytest.fixture(scope="module", params=list(MADE))
def model(request: pytest.FixtureRequest, scene_folder: Path) -> BackgroundModel:
    foreground = {"threshold": 21.0, "rule": "otsu"}
    return cleanplate.create(request.param, foreground, **MADE[request.param]).fit(
        cleanplate.open_sequence(scene_folder)
    )


@pytest.fixture(scope="module")
def saved(scene_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "median.ckpt"
    cleanplate.save(cleanplate.create("median").fit(cleanplate.open_sequence(scene_folder)), path)
    return path


def bytes_of(content: Any) -> bytes:
    data = io.BytesIO()
    torch.save(content, data)
    return data.getvalue()


def test_a_model_comes_back_as_it_was(model: BackgroundModel, scene: FrameSequence, tmp_path: Path) -> None:
    cleanplate.save(model, tmp_path / "deep" / "model.ckpt", run="a/b", data=[{"scene": "a/b"}])
    loaded = cleanplate.load(str(tmp_path / "deep" / "model.ckpt"))
    assert type(loaded) is type(model)
    assert loaded.describe() == model.describe()
    assert loaded.parameters == model.parameters
    frames = [scene[index] for index in (5, 20, 39)]
    np.testing.assert_array_equal(loaded.background, cleanplate.load(tmp_path / "deep" / "model.ckpt").background)
    for one, other in zip(model.predict(frames), loaded.predict(frames), strict=True):
        np.testing.assert_array_equal(one.mask, other.mask)
        np.testing.assert_array_equal(one.score, other.score)
        np.testing.assert_array_equal(one.background, other.background)


def test_a_model_loaded_and_saved_again_is_the_same_file(model: BackgroundModel, tmp_path: Path) -> None:
    cleanplate.save(model, tmp_path / "first.ckpt")
    cleanplate.save(cleanplate.load(tmp_path / "first.ckpt"), tmp_path / "second.ckpt")
    assert (tmp_path / "first.ckpt").read_bytes() == (tmp_path / "second.ckpt").read_bytes()


def test_a_checkpoint_says_what_it_is(saved: Path) -> None:
    content = checkpoint_file.read(saved)
    assert content["cleanplate"] == {"format": checkpoint_file.FORMAT, "version": cleanplate.__version__}
    assert content["model"]["name"] == "median"
    assert content["model"]["league"] == "unsupervised"


def test_notes_are_kept_beside_the_model(saved: Path, tmp_path: Path) -> None:
    notes = {"run": "a/b", "data": [{"frames": 3}], "score": np.float64(0.5), "sizes": np.arange(3)}
    cleanplate.save(cleanplate.load(saved), tmp_path / "a.ckpt", **notes)
    kept = checkpoint_file.read(tmp_path / "a.ckpt")["notes"]
    assert (kept["run"], kept["data"], kept["score"]) == ("a/b", [{"frames": 3}], 0.5)
    assert kept["sizes"].tolist() == [0, 1, 2]


def test_what_could_not_be_read_back_is_not_written(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "a.ckpt").write_text("older")
    with pytest.raises(ModelError, match=r"a\.ckpt: not written: its state or notes hold more than"):
        cleanplate.save(cleanplate.load(saved), tmp_path / "a.ckpt", data=Path("/data"))
    assert (tmp_path / "a.ckpt").read_text() == "older"
    assert [path.name for path in tmp_path.iterdir()] == ["a.ckpt"]


def test_other_foreground_parameters_take_the_place_of_those_in_the_file(saved: Path) -> None:
    options = ForegroundOptions(rule="hysteresis", threshold=50.0, low=9.0)
    assert cleanplate.load(saved, foreground=options).head.options == options
    assert cleanplate.load(saved).head.options.rule == "fixed"


class Code:
    """Pickles into a call that leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return (exec, (f"open({str(self.trace)!r}, 'w')",))


@pytest.mark.parametrize("place", ["cleanplate", "model", "state", "notes", "all", "bare", "bare protocol 2"])
def test_code_in_a_file_is_refused_and_not_run(saved: Path, tmp_path: Path, place: str) -> None:
    code = Code(tmp_path / "trace")
    path = tmp_path / "code.ckpt"
    if place.startswith("bare"):
        path.write_bytes(pickle.dumps(code, protocol=2 if place.endswith("2") else 3))
    else:
        path.write_bytes(bytes_of(code if place == "all" else checkpoint_file.read(saved) | {place: code}))
    with pytest.raises(ModelError, match=r"code\.ckpt: damaged, or it holds more than arrays and plain values") as told:
        cleanplate.load(path)
    assert not (tmp_path / "trace").exists()
    assert "weights_only" not in str(told.value)  # no advice to run it all the same
    exec(code.__reduce__()[1][0])
    assert (tmp_path / "trace").exists()  # the trap itself works


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused_by_name(saved: Path, tmp_path: Path, share: float) -> None:
    data = saved.read_bytes()
    (tmp_path / "cut.ckpt").write_bytes(data[: int(share * len(data))])
    with pytest.raises(ModelError, match=r"cut\.ckpt: damaged"):
        cleanplate.load(tmp_path / "cut.ckpt")


@pytest.mark.parametrize("seed", range(40))
def test_garbage_is_refused_by_name(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    head = [b"", b"\x80\x02", b"PK\x03\x04", b"\x80\x02}q\x00"][seed % 4]
    garbage = head + random.integers(0, 256, int(random.integers(1, 300)), dtype=np.uint8).tobytes()
    (tmp_path / "garbage.ckpt").write_bytes(garbage)
    with pytest.raises(ModelError, match=r"garbage\.ckpt: (damaged|no checkpoint)"):
        cleanplate.load(tmp_path / "garbage.ckpt")


@pytest.mark.parametrize("content", [{"state_dict": {"w": torch.zeros(3)}}, [1, 2], torch.zeros(3), {"cleanplate": 1}])
def test_a_torch_file_of_another_program_is_refused(tmp_path: Path, content: Any) -> None:
    (tmp_path / "foreign.pt").write_bytes(bytes_of(content))
    with pytest.raises(ModelError, match=r"foreign\.pt: no checkpoint of cleanplate's; `cleanplate\.save` writes them"):
        cleanplate.load(tmp_path / "foreign.pt")


def test_a_newer_format_asks_for_a_newer_version(saved: Path, tmp_path: Path) -> None:
    newer = {"cleanplate": {"format": checkpoint_file.FORMAT + 1, "version": "9.1"}, "something": "else"}
    (tmp_path / "new.ckpt").write_bytes(bytes_of(newer))
    with pytest.raises(ModelError, match=rf"written by cleanplate 9\.1, this is {cleanplate.__version__}; update"):
        cleanplate.load(tmp_path / "new.ckpt")


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("model", None),
        ("model", {"name": "median"}),
        ("model", {"name": "from the future", "options": {}, "foreground": {}}),
        ("model", {"name": "median", "options": [1], "foreground": {}}),
        ("model", {"name": "median", "options": {"frames": "x"}, "foreground": {}}),
        ("model", {"name": "median", "options": {}, "foreground": {"rule": "from the future"}}),
        ("state", None),
        ("state", {}),
        ("state", {"size": 3, "background": None}),
        ("state", {"size": [3, 4], "background": "x"}),
    ],
)
def test_a_model_that_cannot_be_rebuilt_is_refused_by_file(saved: Path, tmp_path: Path, part: str, change: Any) -> None:
    (tmp_path / "odd.ckpt").write_bytes(bytes_of(checkpoint_file.read(saved) | {part: change}))
    with pytest.raises(ModelError, match=r"odd\.ckpt: its model cannot be rebuilt: "):
        cleanplate.load(tmp_path / "odd.ckpt")


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.ckpt: cannot be read: No such file"):
        cleanplate.load(tmp_path / "none.ckpt")
    with pytest.raises(ModelError, match="cannot be read: Is a directory"):
        cleanplate.load(tmp_path)
