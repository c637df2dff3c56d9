"""The U-Net for people: any size of picture, any network, pictures from disk, a background with nobody in it."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

import cleanplate
from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.io.images import write_image
from cleanplate.data.sequence import FrameSequence
from cleanplate.data.training import LabelledFrames
from cleanplate.errors import ConfigError, DataError, ModelError
from cleanplate.models.components.blocks import Style
from cleanplate.models.components.inpainting import inpaint
from cleanplate.models.supervised.unet.examples import fitting
from cleanplate.models.supervised.unet.model import UNet
from cleanplate.models.supervised.unet.network import IMAGENET_DEVIATION, IMAGENET_MEAN, UNetNetwork
from in_memory import textured

SMALL: dict[str, Any] = {
    "side": 48,
    "width": 4,
    "widest": 8,
    "stages": 3,
    "steps": 2,
    "epoch_steps": 2,
    "batch_size": 2,
}


def made(**options: Any) -> UNet:
    model = cleanplate.create("unet", **(SMALL | {"workers": 0} | options))
    assert isinstance(model, UNet)
    return model


def grown(**options: Any) -> UNet:
    """A model that passes for one that has learnt."""
    model = made(**options)
    model.finish()
    return model


@pytest.fixture(scope="module")
def stills_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty pictures of different sizes with a bright disc each, which is its label, and a corner that is unknown."""
    folder = tmp_path_factory.mktemp("stills") / "coco" / "train2017"
    for number in range(1, 41):
        height, width = 50 + number, 90 - number
        picture = textured(height, width, number, 40, 120).astype(np.uint8)
        labels = np.zeros((height, width), np.uint8)
        cv2.circle(labels, (width // 3 + number % 7, height // 2), 14, 255, -1)
        picture[labels == 255] = 240
        labels[:6, :6] = 170
        write_image(folder / f"input/in{number:06d}.png", picture)
        write_image(folder / f"groundtruth/gt{number:06d}.png", labels)
    (folder / "pictures.csv").write_text("number,file\n")
    return folder


@pytest.fixture
def stills(stills_folder: Path) -> FrameSequence:
    return read_cdnet(stills_folder)


# The network


@pytest.mark.parametrize("norm", ["batch", "group", "none"])
@pytest.mark.parametrize("upsampling", ["bilinear", "transposed"])
@pytest.mark.parametrize("stem", [1, 2, 4])
def test_a_picture_of_any_size_has_a_logit_per_pixel_and_every_weight_a_gradient(
    norm: Any, upsampling: Any, stem: int
) -> None:
    network = UNetNetwork(4, 12, 4, 2, stem, upsampling, Style(norm, "silu"))
    for size in ((32, 32), (33, 47), (70, 41), (5, 64)):
        logits = network(torch.rand(2, 3, *size))
        assert logits.shape == (2, 1, *size)
    network(torch.rand(2, 3, 66, 50)).square().mean().backward()
    without = [name for name, weight in network.named_parameters() if weight.grad is None]
    assert not without
    if norm != "batch":  # under batch norm a constant offset before it changes nothing
        assert all(weight.grad.abs().max() > 0 for weight in network.parameters() if weight.grad is not None)


@pytest.mark.parametrize("stages", [1, 2, 5])
@pytest.mark.parametrize("blocks", [1, 3])
def test_depth_and_blocks_are_as_asked_for(stages: int, blocks: int) -> None:
    network = UNetNetwork(4, 16, stages, blocks)
    assert network.multiple == 2 ** (stages - 1)
    convolutions = [part for part in network.encoder.modules() if isinstance(part, torch.nn.Conv2d)]
    assert len(convolutions) == stages * blocks
    assert network(torch.rand(1, 3, 19, 23)).shape == (1, 1, 19, 23)
    widths = [features.shape[1] for features in network.encoder(torch.rand(1, 3, 32, 32))]
    assert widths == [4, 8, 16, 16, 16][:stages]


def test_pictures_are_normalised_as_those_of_imagenet() -> None:
    network = UNetNetwork(4, 8, 2, 1, style=Style("none", "relu"))
    seen: list[torch.Tensor] = []
    network.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    pictures = torch.rand(1, 3, 8, 8)
    network(pictures)
    channels = [(pictures[:, c] - IMAGENET_MEAN[c]) / IMAGENET_DEVIATION[c] for c in range(3)]
    torch.testing.assert_close(seen[0], torch.stack(channels, dim=1))


def test_the_network_is_shown_rgb(stills: FrameSequence) -> None:
    examples = made(cropped=1.0, turned=0.0, light=0.0, rough=0.0, pasted=0.0).examples([LabelledFrames.of(stills)])
    blue = np.zeros((40, 40, 3), np.uint8)
    blue[..., 0] = 200
    examples._tried = lambda *_: (blue, np.zeros((40, 40), np.uint8))  # type: ignore[method-assign]
    assert examples[0][0].amax(dim=(1, 2)).tolist() == [0, 0, 200]
    model, seen = grown(mirrored=False), []
    model.logits = lambda batch: (seen.append(batch), torch.zeros(1, 1, 40, 40))[1]  # type: ignore[method-assign]
    model.apply(blue)
    assert seen[0].amax(dim=(2, 3)).tolist() == [[0, 0, 200]]


# Predicting


def test_pictures_of_any_size_in_one_call_get_what_they_get_alone(stills: FrameSequence) -> None:
    model = grown().fit(stills)
    frames = [stills[index] for index in (0, 0, 7, 20, 0)]
    for frame, prediction in zip(frames, model.predict(frames), strict=True):
        alone = model.predict([frame])[0]
        assert prediction.score.shape == prediction.mask.shape == frame.shape[:2]
        np.testing.assert_allclose(prediction.score, alone.score, atol=0.5)
        assert prediction.background.shape == frame.shape
    assert model.fitted_size is None


def test_before_it_meets_a_scene_it_can_be_used_and_after_that_it_knows_its_size(scene: FrameSequence) -> None:
    model = grown()
    model.apply(np.zeros((31, 57, 3), np.uint8))
    model.apply(scene[0])
    model.fit(scene)
    assert model.fitted_size == scene.size
    with pytest.raises(ModelError, match="unet: learnt 96×64 frames, this one is 57×31"):
        model.apply(np.zeros((31, 57, 3), np.uint8))


@pytest.mark.parametrize(
    ("size", "expected"), [((480, 640), (36, 48)), ((640, 480), (48, 36)), ((20, 30), (20, 30)), ((4, 4000), (1, 48))]
)
def test_large_pictures_are_made_smaller_for_the_network(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert fitting(size, 48) == expected
    model, seen = grown(mirrored=False), []
    model.logits = lambda batch: (seen.append(batch.shape[-2:]), torch.zeros(1, 1, *expected))[1]  # type: ignore[method-assign]
    assert model.apply(np.zeros((*size, 3), np.uint8)).shape == size
    assert tuple(seen[0]) == expected


def test_seen_mirrored_as_well_a_mirrored_frame_gives_the_mirrored_score(stills: FrameSequence) -> None:
    def largest_difference(mirrored: bool) -> float:
        model = grown(mirrored=mirrored)
        one, other = (model.predict([frame])[0].score for frame in (stills[3], stills[3][:, ::-1].copy()))
        return float(np.abs(one - other[:, ::-1]).max())

    # Rounding (bf16 where a processor has it) leaves a little; without mirroring the network itself is not symmetric.
    assert largest_difference(mirrored=True) < 0.2 * largest_difference(mirrored=False)


def test_the_threshold_is_half_of_the_probability(stills: FrameSequence) -> None:
    model = grown()
    for logit, level in ((0.1, 255), (-0.1, 0)):
        model.logits = lambda batch, logit=logit: torch.full((len(batch), 1, *batch.shape[-2:]), logit)  # type: ignore
        prediction = model.predict([stills[0]])[0]
        assert (prediction.mask == level).all()
        np.testing.assert_allclose(prediction.score, 255 / (1 + np.exp(-logit)), rtol=1e-3)


# Backgrounds


def test_the_background_of_a_camera_is_its_own(scene: FrameSequence) -> None:
    model = grown().fit(scene)
    np.testing.assert_array_equal(model.background, cleanplate.create("median").fit(scene).background)
    assert all(prediction.background is model.background for prediction in model.predict([scene[3], scene[9]]))
    scene.clean_plate = np.full((64, 96, 3), 90, np.uint8)
    np.testing.assert_array_equal(grown().fit(scene).predict([scene[0]])[0].background, scene.clean_plate)


def test_the_background_of_a_still_picture_is_filled_in_where_somebody_is(stills: FrameSequence) -> None:
    model, frame = grown().fit(stills), stills[4]
    truth = LabelledFrames.of(stills).read(5)[1] == 255
    model._scored = lambda frames: [(one, np.where(truth, 250, 3).astype(np.float32)) for one in frames]  # type: ignore
    background = model.predict([frame])[0].background
    far = cv2.dilate(truth.astype(np.uint8), np.ones((7, 7))) == 0
    np.testing.assert_array_equal(background[far], frame[far])
    assert frame[truth].min() == 240
    assert background[truth].max() < 140
    model = grown(initial="none").fit(stills)
    assert model.fitted_size is None


def test_a_hole_is_filled_with_what_surrounds_it() -> None:
    rows = np.repeat(np.linspace(20, 200, 300)[:, None, None], 400, axis=1).repeat(3, axis=2)
    frame = np.rint(rows).astype(np.uint8)
    hole = np.zeros((300, 400), bool)
    hole[100:200, 150:230] = True
    spoilt = np.where(hole[..., None], 255, frame).astype(np.uint8)
    filled = inpaint(spoilt, hole)
    far = cv2.dilate(hole.astype(np.uint8), np.ones((21, 21))) == 0
    np.testing.assert_array_equal(filled[far], frame[far])
    gap = np.abs(filled.astype(int) - frame)
    assert gap[hole].mean() < 12
    assert gap[hole].max() < 40
    plain = np.full((50, 60, 3), (10, 100, 250), np.uint8)
    assert np.abs(inpaint(plain, hole[:50, 100:160] | (plain[..., 0] > 10)).astype(int) - plain).max() == 0


def test_holes_of_nothing_and_of_everything() -> None:
    frame = textured(40, 50, 1).astype(np.uint8)
    untouched = inpaint(frame, np.zeros((40, 50), bool))
    np.testing.assert_array_equal(untouched, frame)
    assert untouched is not frame
    everywhere = inpaint(frame, np.ones((40, 50), bool))
    np.testing.assert_array_equal(np.unique(everywhere.reshape(-1, 3), axis=0), np.rint(frame.mean((0, 1)))[None])
    corner = np.ones((40, 50), bool)
    corner[:12, :12] = False  # all that is known
    frame[:12, :12] = 77
    assert (inpaint(frame, corner) == 77).all()


# What it learns from


def test_every_tenth_picture_is_held_out_and_nothing_is_read_before_it_is_drawn(
    stills: FrameSequence, monkeypatch
) -> None:
    read: list[int] = []
    whole = LabelledFrames.read
    monkeypatch.setattr(LabelledFrames, "read", lambda self, number: (read.append(number), whole(self, number))[1])
    examples = made(pasted=0.0).examples([LabelledFrames.of(stills)])
    assert read == []
    assert [number for _, number in examples.judged] == [10, 20, 30, 40]
    for draw in range(36):
        pictures, labels = examples[draw]
        assert pictures.shape == (3, 48, 48)
        assert labels.shape == (1, 48, 48)
        assert set(labels.unique().tolist()) <= {0, 170, 255}
    assert sorted(read) == [number for number in range(1, 41) if number % 10]  # each once in a pass
    held = list(examples.held_out())
    assert read[-4:] == [10, 20, 30, 40]
    assert [max(labels.shape) for _, labels in held] == [48] * 4
    batch = examples.validation()[1]
    assert [part.shape[:2] for part in batch] == [(1, 3), (1, 1)]
    assert len(made(judged=2).examples([LabelledFrames.of(stills)]).validation()) == 2


def test_only_so_many_pictures_are_held_in_memory(stills: FrameSequence, monkeypatch) -> None:
    read: list[int] = []
    whole = LabelledFrames.read
    monkeypatch.setattr(LabelledFrames, "read", lambda self, number: (read.append(number), whole(self, number))[1])
    for frames, expected in ((40, 36), (2, 72)):
        read.clear()
        examples = made(pasted=0.0, frames=frames).examples([LabelledFrames.of(stills)])
        for draw in range(72):
            examples[draw]
        assert expected - 4 <= len(read) <= expected
        assert examples._read.cache_info().currsize <= frames


@pytest.mark.parametrize("on_corrupt", ["error", "skip"])
def test_a_broken_picture_stops_the_training_or_is_passed_over(stills_folder: Path, tmp_path, on_corrupt: Any) -> None:
    folder = tmp_path / "coco/train2017"
    for path in stills_folder.rglob("*.*"):
        target = folder / path.relative_to(stills_folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    (folder / "input/in000003.png").write_bytes(b"broken")
    (folder / "groundtruth/gt000010.png").write_bytes(b"broken")  # held out
    examples = made(pasted=0.0).examples([LabelledFrames.of(read_cdnet(folder, on_corrupt=on_corrupt))])
    if on_corrupt == "error":
        with pytest.raises(DataError, match=r"in000003\.png"):
            [examples[draw] for draw in range(36)]
        with pytest.raises(DataError, match=r"gt000010\.png"):
            list(examples.held_out())
    else:
        assert len([examples[draw] for draw in range(36)]) == 36
        assert len(list(examples.held_out())) == 4


def test_it_learns_to_know_what_it_is_shown(stills: FrameSequence) -> None:
    """Bright discs on a darker ground, some seconds."""
    model = made(steps=80, epoch_steps=80, batch_size=8, average=0.9, width=8, learning_rate=1e-2)
    model.learn([LabelledFrames.of(stills)]).fit(stills)
    frame, truth = LabelledFrames.of(stills).read(25)
    found = model.apply(frame) == 255
    assert (found & (truth == 255)).sum() > 0.7 * (found | (truth == 255)).sum()
    assert np.abs(model.background.astype(int) - frame)[truth == 0].mean() < 3  # only the disc is taken out
    assert model.background[truth == 255].mean() < 200


# Encoder weights


def test_an_encoder_from_a_file_starts_the_training_and_is_not_needed_again(
    stills: FrameSequence, tmp_path: Path
) -> None:
    first = grown(seed=5)
    cleanplate.save(first, tmp_path / "first.ckpt")
    second = made(encoder_weights=str(tmp_path / "first.ckpt"))
    given = first.network.encoder.state_dict()
    own = {key: weight.clone() for key, weight in second.network.decoder.state_dict().items()}
    task = second.task([LabelledFrames.of(stills)])
    for key, weight in second.network.encoder.state_dict().items():
        assert torch.equal(weight, given[key]), key
        assert torch.equal(task.averaged.module.encoder.state_dict()[key], weight)
    for key, weight in second.network.decoder.state_dict().items():
        assert torch.equal(weight, own[key])
    assert all(weight.requires_grad for weight in second.network.encoder.parameters())
    second.learn([LabelledFrames.of(stills)])
    assert any(not torch.equal(weight, given[key]) for key, weight in second.network.encoder.state_dict().items())
    cleanplate.save(second, tmp_path / "second.ckpt")
    (tmp_path / "first.ckpt").unlink()
    loaded = cleanplate.load(tmp_path / "second.ckpt")
    np.testing.assert_array_equal(loaded.predict([stills[0]])[0].score, second.predict([stills[0]])[0].score)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 8, "widest": 16}, r"has stages\.0\.0\.weight of shape \[4, 3, 4, 4\], this encoder needs \[8, 3"),
        ({"stages": 4}, r"lacks stages\.3\.1\.0\.weight"),
        ({"norm": "none"}, r"lacks .* and has stages\.0\.1\.weight, .* unlike this encoder"),
    ],
)
def test_an_encoder_that_does_not_fit_is_refused(
    options: dict, message: str, stills: FrameSequence, tmp_path: Path
) -> None:
    torch.save(grown().network.encoder.state_dict(), tmp_path / "encoder.pt")
    with pytest.raises(ConfigError, match=rf"^encoder_weights: .*encoder\.pt {message}"):
        made(encoder_weights=str(tmp_path / "encoder.pt"), **options).task([LabelledFrames.of(stills)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"side": 8}, r"model\.side: 8 is too few"),
        ({"stages": 0}, r"model\.stages: 0 is not positive"),
        ({"stem": 3}, r"model\.stem: 3 is not one of 1, 2, 4"),
        ({"norm": "spectral"}, r"model\.norm: 'spectral' is not one of batch, group, none"),
        ({"cropped": 0.0}, r"model\.cropped: 0\.0 is outside 0 … 1"),
        ({"pasted": 2.0}, r"model\.pasted: 2\.0 is outside 0 … 1"),
        ({"turned": 270.0}, r"model\.turned: 270\.0 is outside 0 … 180"),
        ({"judged": 0}, r"model\.judged: 0 is not positive"),
    ],
)
def test_a_wrong_option_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        made(**options)
