"""Temporal statistics, the mixture and OpenCV's subtractors on a square that crosses a plate."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError
from cleanplate.models import available, create
from cleanplate.models.statistical.opencv import model as opencv_subtractors
from cleanplate.models.statistical.opencv.model import Cnt
from cleanplate.models.statistical.opencv.options import CntOptions, GsocOptions, KnnOptions, LsbpOptions
from cleanplate.models.statistical.temporal.model import TemporalOptions

HEIGHT, WIDTH, SIDE, FRAMES = 64, 96, 28, 60
OFFLINE = [
    *((name, {}) for name in ("mean", "trimmed_mean", "median", "mode", "benet", "gmm")),
    ("gmm", {"use": "label"}),
]
ONLINE = ["mog2", "knn"]
CONTRIB = pytest.mark.skipif(not hasattr(cv2, "bgsegm"), reason="needs opencv-contrib-python")


class Frames:
    """Frames in memory, as a `FrameSource`."""

    def __init__(self, frames):
        self.frames = frames

    def __len__(self):
        return len(self.frames)

    def read(self, index):
        return self.frames[index]

    def label(self, index):
        return f"frame {index}"


def plate():
    ramp = np.linspace(70, 130, WIDTH)[None, :, None] + np.linspace(-20, 20, HEIGHT)[:, None, None]
    return (ramp + np.array([0, 10, -10])).astype(np.uint8)


def show(left=None, seed=0):
    """The plate with sensor noise, and a bright square at `left`; truth beside it."""
    frame = np.clip(plate() + np.random.default_rng(seed).normal(0, 2, (HEIGHT, WIDTH, 3)), 0, 255)
    truth = np.zeros((HEIGHT, WIDTH), bool)
    if left is not None:
        truth[16 : 16 + SIDE, left : left + SIDE] = True
        frame[truth] = (40, 220, 240)
    return frame.astype(np.uint8), truth


@pytest.fixture(scope="module")
def sequence():
    # Every third frame shows it: rarely enough at any place to be no background.
    frames = [show(None if index % 3 else (index * 7) % (WIDTH - SIDE), index)[0] for index in range(FRAMES)]
    return FrameSequence("test/square", Frames(frames), range(1, FRAMES + 1))


def overlap(mask, truth):
    found = mask == 255
    return (found & truth).sum() / (found | truth).sum()


@pytest.mark.parametrize(("name", "options"), OFFLINE)
def test_offline_models_find_the_square_and_the_plate(name, options, sequence):
    model = create(name, **options).fit(sequence)
    frame, truth = show(left=24, seed=99)
    assert overlap(model.apply(frame), truth) > 0.85
    gap = np.abs(model.background.astype(int) - plate())
    # The mean keeps a ghost of the square.
    assert gap.max() <= 60 if name == "mean" else gap.max() <= 6
    assert (model.apply(show(seed=98)[0]) == 0).all()


@pytest.mark.parametrize(("name", "options"), OFFLINE)
def test_offline_models_come_back_as_they_were(name, options, sequence):
    model = create(name, **options).fit(sequence)
    again = create(name, **options)
    again.load_state_dict(model.state_dict())
    frames = [show(left=left, seed=left)[0] for left in (5, 30)]
    for one, other in zip(model.predict(frames), again.predict(frames), strict=True):
        np.testing.assert_array_equal(one.mask, other.mask)
        np.testing.assert_array_equal(one.score, other.score)
        np.testing.assert_array_equal(one.background, other.background)


def test_mixture_scores_stay_on_the_scale(sequence):
    scores = create("gmm", use="label").fit(sequence).predict([show(left=24)[0]])[0].score
    assert scores.dtype == np.float32
    assert scores.min() >= 0
    assert scores.max() <= 255


@pytest.mark.parametrize("name", ONLINE)
def test_online_models_learn_by_looking(name):
    model = create(name)
    assert model.fitted
    for index in range(FRAMES):
        model.apply(show(seed=index)[0])
    frame, truth = show(left=24, seed=99)
    assert overlap(model.apply(frame), truth) > 0.85
    assert np.abs(model.background.astype(int) - plate()).mean() < 4


@pytest.mark.parametrize("name", ONLINE)
def test_first_background_is_complete(name):
    model = create(name)
    frame, _ = show()
    model.apply(frame)
    np.testing.assert_array_equal(model.background, frame)


@pytest.mark.parametrize("name", ONLINE)
def test_rate_zero_freezes(name):
    model = create(name)
    for index in range(FRAMES):
        model.apply(show(seed=index)[0])
    before = model.background
    frame, truth = show(left=24, seed=99)
    masks = [model.apply(frame, learning_rate=0) for _ in range(100)]
    assert overlap(masks[-1], truth) > 0.85
    np.testing.assert_array_equal(masks[0], masks[-1])
    np.testing.assert_array_equal(model.background, before)
    # Nothing was learnt on the sly: the empty scene is still known, and the square still new.
    assert (model.apply(show(seed=5)[0]) == 0).all()
    assert overlap(model.apply(frame), truth) > 0.85


@pytest.mark.parametrize("name", ONLINE)
def test_restored_subtractor_starts_afresh(name, sequence):
    model = create(name)
    for index in range(20):
        model.apply(sequence[index])
    state = model.state_dict()
    other = create(name)
    other.load_state_dict(state)
    other.apply(np.zeros((8, 10, 3), np.uint8))  # any size is welcome again
    model.load_state_dict(state)
    fresh = create(name)
    for index in range(5):
        np.testing.assert_array_equal(model.apply(sequence[index]), fresh.apply(sequence[index]))


def test_missing_contrib_module_is_named(monkeypatch):
    monkeypatch.delattr(cv2, "bgsegm", raising=False)
    with pytest.raises(ConfigError, match=r"gsoc needs cv2\.bgsegm.*opencv-contrib-python"):
        create("gsoc")


def test_contrib_models_are_listed_only_where_opencv_has_them():
    assert ({"gsoc", "cnt", "lsbp"} <= set(available())) == hasattr(cv2, "bgsegm")


def test_gray_backgrounds_get_three_channels(monkeypatch):
    """CNT keeps no colour; frozen, it compares gray with gray."""
    stand_in = SimpleNamespace(
        apply=lambda frame, learningRate: np.zeros(frame.shape[:2], np.uint8),  # noqa: N803 (OpenCV's name)
        getBackgroundImage=lambda: cv2.cvtColor(plate(), cv2.COLOR_BGR2GRAY),
    )
    module = SimpleNamespace(createBackgroundSubtractorCNT=lambda **_: stand_in)
    monkeypatch.setattr(cv2, "bgsegm", module, raising=False)
    monkeypatch.setattr(opencv_subtractors, "import_module", lambda _: module)
    model = Cnt()
    model.apply(show()[0])
    assert model.background.shape == (HEIGHT, WIDTH, 3)
    frame, truth = show(left=24)
    assert overlap(model.apply(frame, learning_rate=0), truth) > 0.8


@CONTRIB
@pytest.mark.parametrize("name", ["gsoc", "cnt", "lsbp"])
def test_contrib_models_run(name, sequence):
    model = create(name)
    for index in range(FRAMES):
        mask = model.apply(sequence[index])
    assert set(np.unique(mask)) <= {0, 127, 255}
    assert model.background.shape == (HEIGHT, WIDTH, 3)
    before = model.background
    model.apply(show(left=24)[0], learning_rate=0)
    np.testing.assert_array_equal(model.background, before)


@pytest.mark.parametrize(
    ("make", "values", "words"),
    [
        (TemporalOptions, {"frames": 1}, "frames: 1 is too few"),
        (KnnOptions, {"history": 0}, "history: 0 is not positive"),
        (KnnOptions, {"dist2_threshold": -1.0}, "dist2_threshold: -1.0"),
        (GsocOptions, {"replace_rate": 2.0}, "replace_rate: 2.0 is outside"),
        (CntOptions, {"min_pixel_stability": 30, "max_pixel_stability": 20}, "is above max_pixel_stability 20"),
        (LsbpOptions, {"radius": 0}, "radius: 0"),
    ],
)
def test_bad_options_are_refused_by_name(make, values, words):
    with pytest.raises(ConfigError, match=words):
        make(**values)
