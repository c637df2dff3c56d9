"""`bgsnet`: its two backgrounds, its initial weights, its training examples."""

from pathlib import Path

import numpy as np
import pytest
import torch

import cleanplate
from cleanplate.data import open_sequence
from cleanplate.data.sequence import FrameSequence
from cleanplate.data.training import UNKNOWN, LabelledFrames
from cleanplate.errors import ConfigError, DataError, ModelError
from cleanplate.models.hybrid.plate.inference import pretrained_weights
from cleanplate.models.hybrid.plate.network import ForegroundNetwork
from cleanplate.models.supervised.bgsnet.examples import BgsExamples, stacked
from cleanplate.models.supervised.bgsnet.model import BgsNet
from cleanplate.models.supervised.bgsnet.recent_background import COUNT, EVERY, RecentBackground, recent_at
from cleanplate.scenes import SceneSpec, write_scene


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> FrameSequence:
    folder = tmp_path_factory.mktemp("video") / "baseline" / "street"
    write_scene(SceneSpec("baseline", "street", height=64, width=96, frames=40, seed=3), folder)
    return open_sequence(folder)


def made(**options: object) -> BgsNet:
    model = cleanplate.create("bgsnet", **({"side": 48, "examples": 6} | options))
    assert isinstance(model, BgsNet)
    return model


def test_the_recent_background_is_the_same_online_and_at_any_position(video: FrameSequence) -> None:
    online = RecentBackground()
    for position in range(len(video)):
        seen = online.after(video[position])
        if position in (0, 9, 10, 25, 39):
            np.testing.assert_array_equal(seen, recent_at(video, position))


def test_the_recent_background_is_a_median_of_the_last_hundred_frames() -> None:
    frames = [np.full((2, 2, 3), value, np.uint8) for value in range(200)]
    online = RecentBackground()
    seen = [online.after(frame) for frame in frames]
    kept = sorted(range(0, 200, EVERY))[-COUNT:]
    assert seen[-1][0, 0, 0] == kept[(COUNT - 1) // 2]
    online.clear()
    assert online.after(frames[7])[0, 0, 0] == 7


def test_it_starts_as_the_network_of_plate_whatever_the_recent_background_is() -> None:
    plate = ForegroundNetwork()
    plate.load_state_dict(pretrained_weights())
    model = made()
    pictures = torch.randint(0, 256, (2, 10, 32, 48), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    with torch.inference_mode():
        expected = plate(pictures[:, :3], pictures[:, 3:6], pictures[:, 9:].float())
        found = model.network(pictures[:, :3], pictures[:, 3:6], pictures[:, 9:].float(), pictures[:, 6:9])
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    drawn = made(initial_weights="random").network.state_dict()["stem.weight"]
    assert not torch.equal(drawn, model.network.state_dict()["stem.weight"])


def test_what_is_drawn_follows_from_its_number(video: FrameSequence) -> None:
    model = made(pasted=1.0)
    one, two = (model.examples([LabelledFrames.of(video)]) for _ in range(2))
    for number in (0, 5, 17):
        for found, expected in zip(one[number], two[number], strict=True):
            torch.testing.assert_close(found, expected)
    pictures, labels = one[3]
    assert pictures.shape == (10, 48, 48)
    assert labels.shape == (1, 48, 48)
    assert set(labels.unique().tolist()) <= {0, UNKNOWN, 255}
    assert not torch.equal(one[3][0], one[4][0])


def test_only_the_frames_that_are_named_are_learnt_from(video: FrameSequence) -> None:
    three = LabelledFrames.of(video).numbers[2:9:3]
    chosen = LabelledFrames.of(video, three)
    examples = made().examples([chosen])
    assert isinstance(examples, BgsExamples)
    named = [video[video.numbers.index(number)] for number in three]
    for view in [*examples.views, *examples.held_out_views]:
        assert any(np.array_equal(view.frame, frame) for frame in named)
    with pytest.raises(DataError, match="frame 99 has no ground truth"):
        LabelledFrames.of(video, [*three, 99])


def test_pictures_are_stacked_in_the_order_that_the_network_reads() -> None:
    frame, background, recent = (np.full((4, 6, 3), [1 + k, 2 + k, 3 + k], np.uint8) for k in (0, 10, 20))
    whole = stacked(frame, background, recent, np.full((4, 6), 7.6, np.float32))
    assert whole[0, 0].tolist() == [3, 2, 1, 13, 12, 11, 23, 22, 21, 8]


def test_it_remembers_and_forgets(video: FrameSequence) -> None:
    model = made(steps=2, epoch_steps=2, batch_size=2, workers=0).learn([LabelledFrames.of(video)]).fit(video)
    frames = [video[position] for position in range(12)]
    first = [prediction.score for prediction in model.predict(frames)]
    model.reset()
    for expected, frame in zip(first, frames, strict=True):
        np.testing.assert_array_equal(model.predict([frame])[0].score, expected)


def test_it_says_what_is_missing(video: FrameSequence, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="bgsnet: has not learnt yet"):
        made().fit(video)
    with pytest.raises(ConfigError, match="base: 'bgsnet' cannot be its own base"):
        made(base="bgsnet")
    with pytest.raises(ConfigError, match="base: 'unet' learns from labels itself"):
        made(base="unet")
    with pytest.raises(ConfigError, match="side: 50 is no multiple of 16"):
        made(side=50)


def test_part_of_plates_weights_stays_in_the_weights(video: FrameSequence) -> None:
    options = {"steps": 4, "epoch_steps": 2, "batch_size": 2, "workers": 0, "learning_rate": 1e-2}
    learnt, half, plate = (
        made(pretrained_share=kept, **options).learn([LabelledFrames.of(video)]).network.state_dict()
        for kept in (0.0, 0.5, 1.0)
    )
    torch.testing.assert_close(plate, made().network.state_dict())
    assert not torch.equal(learnt["stem.weight"], plate["stem.weight"])
    for name, weight in half.items():
        torch.testing.assert_close(weight, (learnt[name] + plate[name]) / 2)
