"""`cleanplate live` without a window: how it learns, freezes, keeps and survives."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.apps.clips import decoded
from tests.camera.room import AtOnce, Clock, Held, acted, cast, empty, wall
from tests.camera.screen import WAIT, until

import cleanplate
from cleanplate.camera.live.options import Timing
from cleanplate.camera.live.program import Live
from cleanplate.camera.live.recorder import OutputFolder
from cleanplate.camera.live.scene_learning import Phase
from cleanplate.data.io.images import read_color, write_image
from cleanplate.errors import ModelError
from cleanplate.models import BackgroundModel, available
from cleanplate.models.learned import LearnedModel
from cleanplate.models.supervised.base import SupervisedModel
from cleanplate.report.colours import TINT
from cleanplate.utils.window import Key
from cleanplate.utils.worker import Worker
from needed import needed

SIZE = (96, 128)
TIMING = Timing(countdown=3.0, seconds=1.0)
SHORT: dict[str, Any] = {"steps": 2, "epoch_steps": 2, "batch_size": 4, "frames": 24}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def place(tmp_path: Path) -> OutputFolder:
    return OutputFolder(tmp_path / "kept")


def make(name: str, **options: Any) -> BackgroundModel:
    """A model with just enough learning; one that learns from labels is taken for taught."""
    short = SHORT if issubclass(available()[name], LearnedModel) else {}
    model = cleanplate.create(name, **(needed(name) | short | options))
    if isinstance(model, SupervisedModel):
        model.finish()
    return model


def live(
    place: OutputFolder, clock: Clock, maker: Callable[[], BackgroundModel], worker: Any = None, **options: Any
) -> tuple[Live, list[str]]:
    told: list[str] = []
    return Live(maker, options.pop("timing", TIMING), place, told.append, clock, worker or AtOnce(), **options), told


def shows(program: Live, clock: Clock, frame: np.ndarray, count: int = 1, rate: float = 20.0) -> None:
    for _ in range(count):
        program.rate.tick()
        program.on_frame(frame)
        clock.now += 1 / rate


def taught(program: Live, clock: Clock) -> None:
    """Goes through countdown and learning before the empty room."""
    for seed in range(100):
        shows(program, clock, empty(seed, *SIZE))
        if program.phase is Phase.READY:
            return
    raise AssertionError(program.phase)


def area(height: int = SIZE[0], width: int = SIZE[1], x: int = 40) -> np.ndarray:
    """Well within whoever is at column `x`."""
    return cv2.erode(cast(x, height, width), np.ones((9, 9), np.uint8)) > 0


def is_tinted(picture: np.ndarray, frame: np.ndarray, x: int = 40) -> bool:
    where = area(x=x)
    wanted = (frame.astype(int) + np.asarray(TINT)) // 2
    return bool((np.abs(picture.astype(int) - wanted).max(axis=2)[where] <= 1).mean() > 0.9)


# Learning


def test_it_counts_down_looks_learns_and_then_tints(place: OutputFolder, clock: Clock) -> None:
    worker = Held()
    program, _ = live(place, clock, lambda: make("median"), worker)
    shows(program, clock, empty(0, *SIZE))
    phases = [program.phase]
    for seed in range(1, 100):
        shows(program, clock, empty(seed, *SIZE))
        if program.phase is not phases[-1]:
            phases.append(program.phase)
            assert clock.now - 100 == pytest.approx({Phase.COLLECTING: 3.0, Phase.FITTING: 4.0}[program.phase], abs=0.2)
        if program.phase is Phase.FITTING:
            break
    assert phases == [Phase.COUNTING, Phase.COLLECTING, Phase.FITTING]
    program.picture()
    assert program.side_windows() == {"background": None}
    worker.let()  # the training ends
    program.picture()
    assert program.phase is Phase.READY
    shows(program, clock, acted(40, 7, *SIZE))
    worker.let()
    program.picture()
    assert is_tinted(program.view(), acted(40, 7, *SIZE))
    background = program.side_windows()["background"]
    assert background is not None
    assert np.abs(background.astype(int) - wall(*SIZE)).mean() < 1.0


def test_every_second_of_the_countdown_is_written(place: OutputFolder, clock: Clock) -> None:
    program, _ = live(place, clock, lambda: make("median"), timing=Timing(3.0, 1.0))
    seen = set()
    frame = empty(0, 240, 320)
    for _ in range(60):
        shows(program, clock, frame, rate=20)
        if program.phase is Phase.COUNTING:
            seen.add(program.picture().tobytes())
            assert not np.array_equal(program.picture()[80:110], frame[80:110])
    assert len(seen) == 3


def test_a_number_of_frames_can_be_asked_for(place: OutputFolder, clock: Clock) -> None:
    given: list[int] = []

    class Counting(type(make("median"))):  # type: ignore[misc]
        def fit(self, sequence: Any) -> Any:
            given.append(len(sequence))
            return super().fit(sequence)

    program, _ = live(place, clock, lambda: Counting(), timing=Timing(0.0, 1.0, frames=7))
    taught(program, clock)
    assert given == [7]


@pytest.mark.parametrize("rate", [3.0, 500.0])
def test_a_slow_camera_is_waited_for_and_a_fast_one_thinned_out(rate: float, place: OutputFolder, clock: Clock) -> None:
    worker = Held()
    program, _ = live(place, clock, lambda: make("median"), worker, timing=Timing(0.0, 2.0))
    for seed in range(2000):
        shows(program, clock, empty(seed % 5, *SIZE), rate=rate)
        if program.phase is Phase.FITTING:
            break
        kept = len(program.learner._kept)
    assert program.phase is Phase.FITTING
    assert (kept, round(clock.now - 100)) == (9, 3) if rate < 10 else 195 <= kept <= 200


@pytest.mark.parametrize("name", sorted(available()))
def test_every_registered_model_can_be_started(name: str, place: OutputFolder, clock: Clock) -> None:
    program, _ = live(place, clock, lambda: make(name), timing=Timing(1.0, 0.5))
    shows(program, clock, empty(0, *SIZE))
    streams = available()[name].streaming
    assert program.phase is (Phase.READY if streams or name == "unet" else Phase.COUNTING)
    taught(program, clock)
    shows(program, clock, acted(40, 7, *SIZE), 2)
    assert program.phase is Phase.READY, program.learner.error
    assert program.result is not None
    assert program.result.mask.shape == SIZE
    assert program.picture().shape == (*SIZE, 3)
    program.on(Key("l"))
    assert program.phase is (Phase.READY if streams else Phase.COUNTING)


def test_a_fitted_checkpoint_starts_at_once(place: OutputFolder, clock: Clock, tmp_path: Path) -> None:
    first, _ = live(place, clock, lambda: make("median"))
    taught(first, clock)
    assert first.learner.model is not None
    first.learner.model.save(tmp_path / "room.ckpt")
    program, _ = live(place, clock, lambda: cleanplate.load(tmp_path / "room.ckpt"))
    shows(program, clock, acted(40, 7, *SIZE))
    assert program.phase is Phase.READY
    assert is_tinted(program.view(), acted(40, 7, *SIZE))
    other, _ = live(place, clock, lambda: cleanplate.load(tmp_path / "room.ckpt"))
    shows(other, clock, empty(0, 48, 64))
    assert other.phase is Phase.COUNTING  # learnt another size


def test_learning_again_begins_with_the_countdown_and_forgets(place: OutputFolder, clock: Clock) -> None:
    worker = Held()
    program, _ = live(place, clock, lambda: make("median"), worker)
    shows(program, clock, empty(0, *SIZE), 200)
    assert program.phase is Phase.FITTING
    before = worker.abandoned
    program.on(Key("l"))  # in the midst of a training
    assert program.phase is Phase.COUNTING
    assert worker.abandoned == before + 1
    assert worker.waiting is None
    shows(program, clock, acted(90, 0, *SIZE), 200)
    worker.let()
    program.picture()
    shows(program, clock, empty(3, *SIZE))
    worker.let()
    program.picture()
    assert is_tinted(program.view(), empty(3, *SIZE), 90)  # who stood there when it learnt is missed now


def test_a_camera_that_changes_its_size_is_learnt_anew(place: OutputFolder, clock: Clock) -> None:
    program, _ = live(place, clock, lambda: make("median"))
    taught(program, clock)
    shows(program, clock, empty(0, 48, 64))
    assert program.phase is Phase.COUNTING
    assert program.picture().shape == (48, 64, 3)
    shows(program, clock, empty(1, 48, 64), 100)
    assert program.phase is Phase.READY
    assert program.result is not None
    assert program.result.mask.shape == (48, 64)


def test_a_size_that_changes_while_it_looks_is_another_scene(place: OutputFolder, clock: Clock) -> None:
    program, _ = live(place, clock, lambda: make("median"), timing=Timing(0.0, 1.0))
    shows(program, clock, empty(0, *SIZE), 10)
    assert program.phase is Phase.COLLECTING
    shows(program, clock, empty(0, 48, 64), 30)
    assert program.phase is Phase.READY


def test_what_learns_online_starts_anew_at_another_size(place: OutputFolder, clock: Clock) -> None:
    program, _ = live(place, clock, lambda: make("mog2"))
    shows(program, clock, empty(0, *SIZE), 3)
    shows(program, clock, empty(0, 48, 64), 3)
    assert program.phase is Phase.READY
    assert program.result is not None
    assert program.result.mask.shape == (48, 64)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (16, 1)])
def test_the_smallest_pictures_do_no_harm(size: tuple[int, int], place: OutputFolder, clock: Clock) -> None:
    program, _ = live(place, clock, lambda: make("median"))
    frame = np.full((*size, 3), 90, np.uint8)
    for _ in range(100):
        shows(program, clock, frame)
        program.picture()
    assert program.phase is Phase.READY, program.learner.error
    for key in ("m", "m", "m", "m", "s", "r", "f", "g"):
        program.on(Key(key))
        shows(program, clock, frame)
        program.picture()
    program.close()


# Errors


def test_a_model_that_cannot_learn_is_told_in_red_and_can_be_started_again(place: OutputFolder, clock: Clock) -> None:
    broken = [True]

    def maker() -> BackgroundModel:
        model = make("median")
        if broken[0]:
            model.fit = fails  # type: ignore[method-assign]
        return model

    def fails(sequence: Any) -> Any:
        raise ModelError("median: has a cold")

    program, _ = live(place, clock, maker)
    shows(program, clock, empty(0, *SIZE), 200)
    assert program.phase is Phase.FAILED
    assert "has a cold" in program.learner.error
    red = program.picture().astype(int)
    assert (red[..., 2] - red[..., 1] > 60).mean() > 0.05
    broken[0] = False
    program.on(Key("l"))
    taught(program, clock)
    assert program.picture().shape == (*SIZE, 3)


def test_an_error_of_a_layer_at_a_frame_is_told_and_the_program_goes_on(place: OutputFolder, clock: Clock) -> None:
    model = make("median")
    program, _ = live(place, clock, lambda: model)
    taught(program, clock)

    def fails(frames: Any, learning_rate: float = -1.0) -> Any:
        raise RuntimeError("mat1 and mat2 cannot be multiplied\nand more")

    model.predict = fails  # type: ignore[method-assign]
    shows(program, clock, empty(0, *SIZE), 3)
    assert program.phase is Phase.FAILED
    assert program.learner.error == "median: mat1 and mat2 cannot be multiplied"
    del model.predict
    program.on(Key("l"))
    taught(program, clock)


def test_an_exported_model_of_another_size_says_what_to_do(place: OutputFolder, clock: Clock, tmp_path: Path) -> None:
    from cleanplate.engine.export import export

    first, _ = live(place, clock, lambda: make("median"))
    taught(first, clock)
    assert first.learner.model is not None
    cleanplate.save(first.learner.model, tmp_path / "room.ckpt")
    file = export(tmp_path / "room.ckpt", "torchscript", None)
    program, _ = live(place, clock, lambda: cleanplate.load(file))
    shows(program, clock, acted(40, 7, *SIZE))
    assert is_tinted(program.view(), acted(40, 7, *SIZE))
    shows(program, clock, empty(0, 48, 64), 200)
    assert program.phase is Phase.FAILED
    assert "fit its checkpoint" in program.learner.error


def test_keys_are_answered_and_the_newest_frame_is_next_while_a_slow_model_looks(
    place: OutputFolder, clock: Clock
) -> None:
    model, seen, go = make("median"), [], threading.Semaphore(0)
    predict = model.predict

    def slow(frames: Any, learning_rate: float = -1.0) -> Any:
        seen.append(frames[0])
        assert go.acquire(timeout=WAIT)
        return predict(frames, learning_rate)

    program, _ = live(place, clock, lambda: model, Worker())
    for seed in range(2000):
        shows(program, clock, empty(seed % 50, *SIZE))
        if program.phase is Phase.FITTING:
            break
    until(lambda: (program.picture() is not None and program.phase is Phase.READY) or None, "not learnt")
    model.predict = slow  # type: ignore[method-assign]
    frames = [acted(40, seed, *SIZE) for seed in range(10)]
    for frame in frames:
        shows(program, clock, frame)
        program.on(Key("m"))
        program.picture()
    assert program.result is None
    until(lambda: len(seen) == 1 or None, "not looked at")
    go.release(2)
    until(lambda: (program.picture() is not None and program.model_rate._times) or None, "nothing seen")
    until(lambda: len(seen) == 2 or None, "not looked at again")
    assert seen[0] is frames[0]
    assert seen[1] is frames[-1]  # those in between are left out
    program.close()
    assert not program.hangs


# Freezing


@pytest.mark.parametrize(("name", "adapt"), [("mog2", 0.0), ("median", 0.2)])
def test_freezing_really_freezes(name: str, adapt: float, place: OutputFolder, clock: Clock) -> None:
    program, _ = live(place, clock, lambda: make(name), adapt=adapt)
    taught(program, clock)
    shows(program, clock, empty(0, *SIZE), 5)
    program.on(Key("f"))
    shows(program, clock, empty(1, *SIZE))
    before = program.side_windows()["background"]
    assert before is not None
    before = before.copy()
    brighter = np.clip(empty(2, *SIZE).astype(int) + 12, 0, 255).astype(np.uint8)
    shows(program, clock, brighter, 40)
    np.testing.assert_array_equal(program.side_windows()["background"], before)
    assert "frozen" in program.status()
    program.on(Key("f"))
    shows(program, clock, brighter, 40)
    background = program.side_windows()["background"]
    assert background is not None
    assert (background.astype(int) - before).mean() > 2
    assert "frozen" not in program.status()


def test_a_rate_of_0_follows_nothing(place: OutputFolder, clock: Clock) -> None:
    program, _ = live(place, clock, lambda: make("median"), adapt=0.0)
    taught(program, clock)
    before = np.array(program.side_windows()["background"])
    shows(program, clock, np.clip(empty(2, *SIZE).astype(int) + 12, 0, 255).astype(np.uint8), 20)
    np.testing.assert_array_equal(program.side_windows()["background"], before)


# Views, snapshots, recordings


def test_every_view_shows_what_it_says(place: OutputFolder, clock: Clock) -> None:
    scenery = np.full((50, 200, 3), (200, 20, 120), np.uint8)
    program, _ = live(place, clock, lambda: make("median"), scenery=scenery)
    taught(program, clock)
    frame = acted(40, 7, *SIZE)
    shows(program, clock, frame)
    inside, outside = area(), cv2.dilate(cast(40, *SIZE), np.ones((25, 25), np.uint8)) == 0
    views = {"overlay": np.array(program.view())}
    for name in ("mask", "cut out", "blurred", "replaced"):
        program.on(Key("m"))
        views[name] = np.array(program.view())
    program.on(Key("m"))
    np.testing.assert_array_equal(program.view(), views["overlay"])
    np.testing.assert_array_equal(views["overlay"][outside], frame[outside])
    assert set(np.unique(views["mask"])) == {0, 255}
    for name in ("cut out", "blurred", "replaced"):
        assert (np.abs(views[name].astype(int) - frame)[inside] <= 1).mean() > 0.9
    assert (views["cut out"][outside] == (64, 177, 0)).all()
    assert (views["replaced"][outside] == (200, 20, 120)).all()
    assert views["blurred"][outside].std() < 0.7 * frame[outside].std()


def test_snapshots_are_numbered_and_never_written_over(tmp_path: Path, clock: Clock) -> None:
    folder = tmp_path / "kept"
    write_image(folder / "snapshot-007-frame.png", np.zeros((2, 2, 3), np.uint8))
    (folder / "notes.txt").write_text("mine")
    program, _ = live(OutputFolder(folder), clock, lambda: make("median"))
    program.on_frame(empty(0, *SIZE))
    program.on(Key("s"))  # nothing is learnt yet
    assert len(list(folder.iterdir())) == 2
    taught(program, clock)
    frame = acted(40, 7, *SIZE)
    shows(program, clock, frame)
    program.on(Key("s"))
    program.on(Key("s"))
    names = {path.name for path in folder.iterdir()} - {"notes.txt", "snapshot-007-frame.png"}
    kinds = ("frame", "mask", "background", "overlay")
    assert names == {f"snapshot-{number}-{kind}.png" for number in ("008", "009") for kind in kinds}
    np.testing.assert_array_equal(read_color(folder / "snapshot-008-frame.png"), frame)
    assert is_tinted(read_color(folder / "snapshot-008-overlay.png"), frame)
    mask = read_color(folder / "snapshot-008-mask.png")
    assert mask[area()].mean() > 230
    assert read_color(folder / "snapshot-007-frame.png").shape == (2, 2, 3)


def test_a_snapshot_that_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path, clock: Clock) -> None:
    folder = tmp_path / "kept"
    program, _ = live(OutputFolder(folder), clock, lambda: make("median"))
    taught(program, clock)
    folder.write_text("a file is in the way now")
    for key in ("s", "r"):
        program.on(Key(key))
        assert "kept" in program.message.text
        assert "cannot be written" in program.message.text
    assert folder.read_text() == "a file is in the way now"
    shows(program, clock, empty(0, *SIZE))
    assert program.phase is Phase.READY
    program.close()


def test_a_recording_holds_what_is_shown_without_plates_at_the_speed_at_which_it_was_shown(
    tmp_path: Path, clock: Clock
) -> None:
    program, told = live(OutputFolder(tmp_path / "kept"), clock, lambda: make("median"))
    taught(program, clock)
    shows(program, clock, empty(0, *SIZE), 30)
    program.on(Key("r"))
    frame = acted(40, 7, *SIZE)
    shows(program, clock, frame, 40, rate=20)
    program.picture()
    shows(program, clock, frame, 10, rate=5)  # the camera becomes slower
    program.on(Key("r"))
    path = tmp_path / "kept" / "recording-001.mp4"
    assert any(str(path) in line for line in told)
    capture = cv2.VideoCapture(str(path))
    seconds = capture.get(cv2.CAP_PROP_FRAME_COUNT) / capture.get(cv2.CAP_PROP_FPS)
    assert capture.get(cv2.CAP_PROP_FPS) == 20
    assert seconds == pytest.approx(4.0, abs=0.3)
    shown = decoded(path)[10]
    assert np.abs(shown.astype(int) - np.array(program.view()))[area()].mean() < 12
    assert np.abs(shown.astype(int) - np.array(program.view()))[:12, :60].mean() < 8  # where the window has its plate
    program.on(Key("r"))
    shows(program, clock, frame, 40)
    program.close()  # quitting ends it
    assert len(decoded(tmp_path / "kept" / "recording-002.mp4")) >= 10


def test_a_recording_is_whole_after_an_error_and_after_another_size(tmp_path: Path, clock: Clock) -> None:
    program, _ = live(OutputFolder(tmp_path / "film.mp4"), clock, lambda: make("median"))
    program.recorder.start(0.0)
    taught(program, clock)
    shows(program, clock, empty(0, 48, 64), 20)

    def fails(frames: Any, learning_rate: float = -1.0) -> Any:
        raise ModelError("median: has a cold")

    assert program.phase is Phase.COUNTING
    model = make("mog2")
    model.predict = fails  # type: ignore[method-assign]
    program.learner.ready(model, (48, 64))
    shows(program, clock, empty(0, 48, 64), 5)
    assert program.phase is Phase.FAILED
    program.close()
    pictures = decoded(tmp_path / "film.mp4")
    assert len(pictures) >= 90
    assert {picture.shape for picture in pictures} == {(*SIZE, 3)}
