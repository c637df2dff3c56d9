"""Initialisers: the statistics against NumPy, the learned one against the mean, and the names against each other."""

from typing import get_args

import numpy as np
import pytest
import torch

import cleanplate
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError
from cleanplate.models.components.initializers import INITIALIZERS, Initial, initial_background
from cleanplate.models.components.initializers.learned import disagreement, learned
from cleanplate.models.components.initializers.temporal import mean, median, mode, trimmed_mean
from cleanplate.models.components.losses import mixed
from cleanplate.models.components.sample_pairs import FramePairs


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


def in_memory(frames):
    return FrameSequence("test/frames", Frames(frames), range(1, len(frames) + 1))


@pytest.mark.parametrize("count", [1, 2, 7, 200])
@pytest.mark.parametrize("levels", [(0, 256), (100, 106), (0, 2), (255, 256)])
def test_statistics_against_numpy(count, levels):
    frames = np.random.default_rng(count).integers(*levels, (count, 9, 11, 3)).astype(np.uint8)
    np.testing.assert_array_equal(mean(frames), np.rint(frames.mean(0)))
    np.testing.assert_array_equal(median(frames), np.rint(np.median(frames, axis=0)))
    for share in (0, 0.2, 0.49):
        dropped = int(share * count)
        kept = np.sort(frames, axis=0)[dropped : count - dropped]
        np.testing.assert_array_equal(trimmed_mean(frames, share), np.rint(kept.mean(0)))
    found = mode(frames)
    for row, column, channel in [(0, 0, 0), (4, 5, 1), (8, 10, 2)]:
        counts = np.bincount(frames[:, row, column, channel], minlength=256)
        assert found[row, column, channel] == np.convolve(counts, [1, 2, 3, 2, 1], mode="same").argmax()


def test_statistics_take_pictures_larger_than_a_block():
    frames = np.random.default_rng(0).integers(0, 256, (5, 100, 90, 3)).astype(np.uint8)
    np.testing.assert_array_equal(median(frames), np.median(frames, axis=0))


def test_the_trimmed_mean_forgets_what_passed_quickly():
    frames = np.full((20, 4, 4, 3), 100, np.uint8)
    frames[:3] = 250
    assert (trimmed_mean(frames) == 100).all()
    assert (mean(frames) > 120).all()


@pytest.mark.parametrize("share", [-0.1, 0.5])
def test_a_share_that_leaves_nothing_is_refused(share):
    with pytest.raises(ConfigError, match="share: "):
        trimmed_mean(np.zeros((4, 2, 2, 3), np.uint8), share)


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_a_still_scene_is_its_own_background(name):
    picture = np.random.default_rng(0).integers(0, 256, (100, 90, 3)).astype(np.uint8)
    found = initial_background(name, in_memory([picture] * 12), frames=8)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, picture)


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_a_sequence_shorter_than_asked_for_will_do(name):
    picture = np.random.default_rng(0).integers(0, 256, (30, 41, 3)).astype(np.uint8)
    for count in (1, 2):
        np.testing.assert_array_equal(initial_background(name, in_memory([picture] * count)), picture)


def test_unknown_initialiser_names_the_choices():
    with pytest.raises(ConfigError, match="'best' is unknown; choose one of mean, trimmed_mean, median, mode"):
        initial_background("best", in_memory([np.zeros((3, 3, 3), np.uint8)]))


def test_every_initialiser_is_an_anchor_that_can_be_chosen():
    assert set(get_args(Initial)) == {*INITIALIZERS, "none"}


@pytest.fixture(scope="module")
def lingering():
    """Dark boxes, each standing for a third of the time somewhere else, on a brighter plate, under noise."""
    random = np.random.default_rng(0)
    plate = np.add.outer(np.linspace(120, 160, 48), np.linspace(0, 40, 72))[..., None] + np.array([0, 10, -10])
    frames = []
    for index in range(48):
        frame = plate + random.normal(0, 3, plate.shape)
        left = 24 * (index // 16)
        frame[10 + index % 3 : 34, left + 2 : left + 22] = (40, 60, 50)
        frames.append(np.clip(np.rint(frame), 0, 255).astype(np.uint8))
    return plate, FramePairs(np.stack(frames[:-1]), np.stack(frames[1:]))


def gap(background, plate):
    return np.abs(background - plate).mean()


def test_the_learned_initialiser_beats_the_mean_and_what_it_starts_from(lingering):
    plate, pairs = lingering
    found = gap(learned(pairs), plate)
    assert found < 0.1 * gap(mean(pairs.frames), plate)
    assert found < 0.3 * gap(learned(pairs, steps=0), plate)  # the plain average of its statistics


def test_the_learned_initialiser_gives_the_same_picture_again(lingering):
    _, pairs = lingering
    before = torch.random.get_rng_state()
    first, again = learned(pairs, steps=10), learned(pairs, steps=10)
    np.testing.assert_array_equal(first, again)
    assert torch.equal(before, torch.random.get_rng_state())
    assert (learned(pairs, seed=1, steps=10) != first).any()


def test_the_learned_initialiser_beats_the_mean_on_a_generated_scene(scene):
    assert scene.plates is not None
    plates = np.stack([scene.plates.read(number) for number in scene.numbers]).astype(float)
    by_mean = gap(initial_background("mean", scene)[None], plates)
    assert gap(learned(FramePairs.of(scene, 200))[None], plates) < by_mean


def test_disagreement_is_bounded_and_zero_for_equal_pictures():
    frames = torch.rand(2, 3, 8, 9, generator=torch.Generator().manual_seed(0))
    assert disagreement(frames[:1], frames[:1], box=3) == 0
    assert 0.5 < disagreement(torch.zeros(1, 3, 8, 9), torch.ones(2, 3, 8, 9), box=3) < 1


# As anchor and as a goal of autoencoders


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_every_initialiser_anchors_an_autoencoder(name, scene):
    model = cleanplate.create("ae", initial=name, frames=4, initial_frames=20)
    model.task(scene)
    np.testing.assert_array_equal(model.background, initial_background(name, scene, 20))
    np.testing.assert_array_equal(model.predict([scene[3]])[0].background, model.background)


def test_the_initial_background_can_be_a_part_of_the_loss(scene):
    """The loss grows by what the option says, and a heavy weight holds the background at the initial one."""
    losses = {}
    for weight in (0.0, 2.0):
        model = cleanplate.create("ae", initial_weight=weight, frames=4)
        task = model.task(scene)
        task.log = task.log_dict = lambda *_, **__: None
        frames = task.training_frames(torch.arange(2))
        plate = model.network.small_plate
        losses[weight] = task.criterion.weighted(frames, plate.expand_as(frames) + 0.1, None, "train")
    goal = mixed({"smooth_l1": 1.0}, plate + 0.1, plate).mean()
    torch.testing.assert_close(losses[2.0] - losses[0.0], 2 * goal)
    changes = {}
    for weight in (0.0, 100.0):
        model = cleanplate.create(
            "ae",
            initial="mean",
            initial_weight=weight,
            foreground_suppression=0.0,
            steps=30,
            epoch_steps=30,
            batch_size=8,
            frames=40,
        ).fit(scene)
        plate = model.network.plate[0].permute(1, 2, 0).flip(-1).numpy() * 255
        changes[weight] = np.mean([gap(one.background, plate) for one in model.predict([scene[5], scene[30]])])
    assert changes[100.0] < 0.5 * changes[0.0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"initial_weight": -1.0}, "initial_weight: -1.0 is negative"),
        ({"initial_weight": 1.0, "initial": "none"}, "initial_weight: 1.0, but initial is none"),
        ({"initial": "best"}, "initial: 'best'"),
    ],
)
def test_bad_options_are_refused_by_name(options, words):
    with pytest.raises(ConfigError, match=words):
        cleanplate.create("ae", **options)


def test_the_benchmark_says_when_there_is_nothing_to_measure(monkeypatch, capsys):
    from benchmarks import initializers

    monkeypatch.delenv("CLEANPLATE_DATA", raising=False)
    assert initializers.main() == 0
    assert "nothing measured" in capsys.readouterr().out
