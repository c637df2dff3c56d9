"""Training examples of `plate`: pasted objects are foreground, shadows are background, a seed determines all."""

import numpy as np
import pytest

from cleanplate.data.sequence import FrameSequence
from cleanplate.data.training import MOVING, UNKNOWN
from cleanplate.models import create
from cleanplate.models.components.pasting import Cutout, TrainingScene, paste, random_object
from cleanplate.models.components.shading import darken, overlap, shade_alone, shade_of, silhouette, somewhere
from cleanplate.models.hybrid.plate.examples import Batch, draw_batch, training_scene
from in_memory import photographed, textured

PARTS = ("frames", "backgrounds", "noise", "labels")


def empty(height: int = 100, width: int = 140, seed: int = 0, cutouts: tuple[Cutout, ...] = ()) -> TrainingScene:
    """A scene in which nobody is: whatever is foreground in a batch was pasted."""
    picture = textured(height, width, seed)
    return TrainingScene(
        frames=[photographed(picture, index) for index in range(3)],
        backgrounds=[np.rint(picture).astype(np.uint8)] * 3,
        labels=[np.zeros((height, width), np.uint8)] * 3,
        noise=np.full((height, width), 2, np.float32),
        cutouts=list(cutouts),
    )


@pytest.fixture(scope="module")
def batches() -> list[Batch]:
    return [draw_batch([empty(), empty(seed=1)], 4, 64, (0, step)) for step in range(40)]


def joined(batches: list[Batch], part: str) -> np.ndarray:
    return np.concatenate([getattr(batch, part) for batch in batches])


def test_a_batch_follows_from_its_seed_alone() -> None:
    scenes = [empty(), empty(seed=1)]
    one, same, other = (draw_batch(scenes, 4, 64, seed) for seed in ((3, 5), (3, 5), (3, 6)))
    for part in PARTS:
        np.testing.assert_array_equal(getattr(one, part), getattr(same, part))
    assert (one.frames != other.frames).any()


def test_drawing_leaves_the_scenes_as_they_were() -> None:
    scene, untouched = empty(), empty()
    draw_batch([scene], 30, 64, (0,))
    for one, other in zip(
        scene.frames + scene.backgrounds + scene.labels, untouched.frames + untouched.backgrounds + untouched.labels,
        strict=True,
    ):  # fmt: skip
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("size", "expected"), [((100, 140), (64, 64)), ((50, 140), (48, 64)), ((33, 17), (32, 16))])
def test_crops_have_the_promised_form(size: tuple[int, int], expected: tuple[int, int]) -> None:
    batch = draw_batch([empty(*size)], 5, 64, (0,))
    assert batch.frames.shape == batch.backgrounds.shape == (5, *expected, 3)
    assert batch.noise.shape == batch.labels.shape == (5, *expected)
    assert [getattr(batch, part).dtype for part in PARTS] == [np.uint8, np.uint8, np.float32, np.uint8]


def test_labels_are_foreground_background_and_unknown_and_all_occur(batches: list[Batch]) -> None:
    shares = dict(zip(*np.unique(joined(batches, "labels"), return_counts=True), strict=True))
    assert set(shares) == {0, MOVING, UNKNOWN}
    total = sum(shares.values())
    assert 0.03 < shares[MOVING] / total < 0.4
    assert shares[UNKNOWN] / total < 0.1
    objects = [(labels == MOVING).any() for labels in joined(batches, "labels")]
    assert 0.6 < np.mean(objects) < 0.95  # some crops show the scene as it is


def test_what_was_pasted_differs_from_the_background_and_the_rest_hardly(batches: list[Batch]) -> None:
    gap = np.abs(joined(batches, "frames").astype(int) - joined(batches, "backgrounds")).max(axis=-1)
    labels = joined(batches, "labels")
    assert (gap[labels == MOVING] > 20).mean() > 0.75
    assert np.median(gap[labels == MOVING]) > 3 * np.median(gap[labels == 0])


def test_a_pasted_thing_is_where_its_label_is() -> None:
    for seed in range(60):
        random = np.random.default_rng(seed)
        picture, labels = np.full((60, 80, 3), 100, np.float32), np.zeros((60, 80), np.uint8)
        thing = Cutout(np.full((24, 30, 3), 220, np.float32), np.ones((24, 30), np.uint8))
        paste(random, picture, labels, thing, -6 if seed % 2 else 20, 65 if seed % 3 else 30)
        gap = np.abs(picture - 100).max(axis=2)
        assert gap[labels == MOVING].min() > 0.6 * 119
        assert gap[labels == 0].max() <= 0.15 * 120 + 1e-3
        assert (labels == MOVING).sum() > 50


@pytest.mark.parametrize("kind", ["alone", "of an object", "dark"])
def test_a_shadow_is_background(kind: str) -> None:
    darkened = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        picture, labels = textured(60, 80).astype(np.float32), np.zeros((60, 80), np.uint8)
        before = picture.copy()
        if kind == "alone":
            shade_alone(random, picture, labels)
        elif kind == "of an object":
            shade_of(random, picture, labels, silhouette(random, 30, 20), 15, 30)
        else:
            darken(random, picture, labels, np.ones((60, 80), np.float32), 0.4, 1.0)
        assert (labels == 0).all()
        assert (picture <= before * 1.1).all()
        assert (picture >= 0).all()
        darkened += bool((picture < 0.9 * before).any())
    assert darkened > 20


def test_a_shadow_does_not_fall_on_an_object() -> None:
    picture, labels = np.full((40, 40, 3), 100, np.float32), np.zeros((40, 40), np.uint8)
    labels[10:20, 10:20] = MOVING
    darken(np.random.default_rng(0), picture, labels, np.ones((40, 40), np.float32), 0.5, 1.0)
    assert (picture[labels == MOVING] == 100).all()
    assert (picture[labels == 0] < 60).all()


@pytest.mark.parametrize("side", [3, 4, 5, 7, 11, 16, 40, 128])
def test_silhouettes_have_the_size_asked_for_and_are_never_empty(side: int) -> None:
    kinds = set()
    for seed in range(60):
        for height, width in ((side, side), (side, 128), (128, side), (side, 3)):
            mask = silhouette(np.random.default_rng(seed), height, width)
            assert mask.shape == (height, width)
            assert mask.dtype == np.uint8
            assert mask.max() == 1
            kinds.add(mask.tobytes())
    assert len(kinds) > 20


def test_silhouettes_of_every_size_are_drawn() -> None:
    random = np.random.default_rng(0)
    for height in range(3, 129):
        for width in (3, height, 128):
            assert silhouette(random, height, width).any()


def test_random_objects_fit_their_place_and_some_come_from_the_scene() -> None:
    cutout = Cutout(np.full((20, 12, 3), (250, 5, 250), np.float32), np.ones((20, 12), np.uint8))
    here = empty(cutouts=(cutout,))
    under = here.backgrounds[0][:48, :64].astype(np.float32)
    random = np.random.default_rng(0)
    magenta = 0
    for _ in range(200):
        thing = random_object(random, [here], here, under)
        assert thing.picture.shape == (*thing.mask.shape, 3)
        assert thing.picture.dtype == np.float32 and thing.mask.dtype == np.uint8
        assert thing.mask.any() and set(np.unique(thing.mask)) <= {0, 1}
        assert max(thing.mask.shape) <= 1.2 * 48
        assert thing.picture.min() >= 0 and thing.picture.max() <= 255
        magenta += bool(thing.picture[..., 0].min() > 150 and thing.picture[..., 1].max() < 60)
    assert 40 < magenta < 110  # a third, and those that happen to be so


def test_places_let_about_half_of_a_thing_be_seen() -> None:
    random = np.random.default_rng(0)
    for _ in range(300):
        height, width = int(random.integers(3, 60)), int(random.integers(3, 80))
        top, left = somewhere(random, (60, 80, 3), height, width)
        assert -height / 2 - 1 <= top < 60 - height // 2
        assert -width / 2 - 1 <= left < 80 - width // 2


@pytest.mark.parametrize("place", [(-5, -7), (0, 0), (50, 70), (-60, 3), (61, 3), (3, 200)])
def test_only_what_lies_inside_is_overlap(place: tuple[int, int]) -> None:
    outer, inner = np.zeros((60, 80)), np.arange(20 * 30).reshape(20, 30) + 1.0
    window, part = overlap(outer.shape, inner.shape, *place)
    outer[window] = inner[part]
    expected = np.zeros((200, 400))
    expected[100 + place[0] : 120 + place[0], 100 + place[1] : 130 + place[1]] = inner
    np.testing.assert_array_equal(outer, expected[100:160, 100:180])


def test_a_scene_gives_frames_with_true_labels_and_what_its_model_knows(scene: FrameSequence) -> None:
    assert scene.truth is not None
    model = create("median", frames=40).fit(scene)
    found = training_scene(scene, model, 9, cutouts=5)
    assert len(found.frames) == len(found.backgrounds) == len(found.labels) == 9
    assert found.noise.shape == scene.size
    truth = [scene.truth.read(number) for number in scene.numbers if scene.truth.path(number) is not None]
    for labels, marks in ((found.labels[0], truth[0]), (found.labels[-1], truth[-1])):
        np.testing.assert_array_equal(labels == MOVING, marks == 255)
        np.testing.assert_array_equal(labels == 0, (marks == 0) | (marks == 50))
        assert set(np.unique(labels)) <= {0, MOVING, UNKNOWN}
    np.testing.assert_array_equal(found.backgrounds[0], model.background)
    assert 0 < len(found.cutouts) <= 5
    for cutout in found.cutouts:
        assert cutout.picture.shape == (*cutout.mask.shape, 3)
        assert 60 < cutout.mask.sum() < 0.15 * scene.size[0] * scene.size[1]
