"""The network that compares frame and clean plate: what it sees, what it learns from, whose plate it takes."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from benchmarks.pairs import SmallPair

import cleanplate
from cleanplate.config import load
from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.io.images import write_image
from cleanplate.data.sequence import CLEAN_PLATE
from cleanplate.data.training import LabelledFrames
from cleanplate.errors import CleanplateError, ConfigError, DataError, ModelError
from cleanplate.models.components.initializers import initial_background
from cleanplate.models.components.pasting import Cutout
from cleanplate.models.supervised.pairnet.examples import PairExamples, working_size
from cleanplate.models.supervised.pairnet.exposures import two_exposures
from cleanplate.models.supervised.pairnet.model import PairNet
from cleanplate.models.supervised.pairnet.network import PairNetwork
from cleanplate.models.supervised.pairnet.people import cut_out, people_below, resized_cutout
from cleanplate.pipeline import acquire, predict, prepare, stage, train
from labelled_sets import CocoFiles, rectangle
from project import configure

HEIGHT, WIDTH = 64, 80
SMALL = {"working": 64, "crop": 48, "epoch_steps": 50, "batch_size": 8, "workers": 0, "seed": 3}


def grain(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A place: smooth colours with fine structure on them."""
    random = np.random.default_rng(seed)
    coarse = cv2.resize(random.uniform(40, 200, (5, 6, 3)).astype(np.float32), (width, height))
    return np.clip(coarse + random.normal(0, 12, (height, width, 3)), 0, 255).astype(np.uint8)


def with_somebody(plate: np.ndarray, left: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    mask = np.zeros(plate.shape[:2], np.uint8)
    cv2.ellipse(mask, (left, 40), (9, 22), 0, 0, 360, 255, -1)
    picture = plate.copy()
    picture[mask > 0] = grain(seed + 100)[mask > 0] // 2 + np.array([90, 0, 20], np.uint8) * (seed % 2)
    return picture, mask


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two sets of four labelled frames, one of them empty, with the plate that was taken before."""
    places = []
    for number in range(2):
        place = tmp_path_factory.mktemp("capture") / f"set{number}"
        plate = grain(number)
        write_image(place / CLEAN_PLATE, plate)
        for frame in range(1, 5):
            picture, mask = with_somebody(plate, 15 * frame, 10 * number + frame)
            if frame == 4:
                picture, mask = plate, np.zeros_like(mask)
            write_image(place / "input" / f"in{frame:06d}.png", picture)
            write_image(place / "groundtruth" / f"gt{frame:06d}.png", mask)
        places.append(place)
    return places


@pytest.fixture(scope="module")
def labelled(captured: list[Path]) -> list[LabelledFrames]:
    return [LabelledFrames.of(read_cdnet(place)) for place in captured]


@pytest.fixture(scope="module")
def learnt(labelled: list[LabelledFrames]) -> PairNet:
    model = cleanplate.create("pairnet", **SMALL, steps=150)
    assert isinstance(model, PairNet)
    return model.learn(labelled)


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    files = CocoFiles(tmp_path / "coco")
    for number in (1, 2, 3):
        files.picture(number, 60, 90)
    files.label(1, [rectangle(10, 5, 40, 55)]).label(2, [rectangle(50, 20, 80, 50)]).label(
        3, [rectangle(0, 0, 9, 9)], 3
    )
    return files.save().pictures


def pictures_of(*pictures: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)


@pytest.mark.parametrize("size", [(16, 16), (48, 80), (240, 320)])
def test_logits_have_the_size_of_the_pictures(size: tuple[int, int]) -> None:
    frames = pictures_of(grain(0, *size), grain(1, *size))
    assert PairNetwork().eval()(frames, frames.flip(0)).shape == (2, 1, *size)


def test_one_plate_serves_for_several_frames() -> None:
    network = PairNetwork().eval()
    frames, plate = pictures_of(grain(0), grain(1)), pictures_of(grain(2))
    with torch.inference_mode():
        together = network.compare(network.features(frames), network.features(plate))
        torch.testing.assert_close(together, network(frames, plate.expand(2, -1, -1, -1)), rtol=1e-3, atol=1e-3)


def test_the_network_that_predicts_says_what_the_one_that_learnt_says() -> None:
    network = PairNetwork().train()
    frames, plates = pictures_of(grain(0), grain(1)), pictures_of(grain(2), grain(3))
    for _ in range(5):
        network(frames, plates)  # norms that are not at their first values
    quick = network.for_prediction(torch.float32)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) and part.training for part in quick.modules())
    with torch.inference_mode():
        expected = network.eval()(frames, plates)
        torch.testing.assert_close(quick(frames, plates), expected, rtol=1e-3, atol=1e-3)
        coarse = network.for_prediction(torch.bfloat16)(frames, plates).float()
    assert (coarse - expected).abs().mean() < 0.05 * expected.abs().mean() + 0.05


def test_the_norms_learn(learnt: PairNet) -> None:
    norms = [part for part in learnt.network.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    assert norms
    assert all(not norm.training and norm.running_mean.abs().sum() > 0 for norm in norms)


def test_somebody_is_found_and_nobody_is_not(learnt: PairNet, captured: list[Path]) -> None:
    for place in captured:
        sequence = read_cdnet(place)
        learnt.fit(sequence)
        for index in range(3):
            mask, truth = learnt.apply(sequence[index]), sequence.truth.read(index + 1)
            assert f_measure(mask, truth) > 0.8
        assert (learnt.apply(sequence[3]) > 0).mean() < 0.01


def test_a_place_never_seen_before(learnt: PairNet) -> None:
    plate = grain(50)
    learnt.take_plate(plate)
    frame, truth = with_somebody(plate, 30, 61)
    assert f_measure(learnt.apply(frame), truth) > 0.75
    assert (learnt.apply(plate) > 0).mean() < 0.01


def test_both_pictures_matter(learnt: PairNet) -> None:
    plate = grain(51)
    frame, _ = with_somebody(plate, 30, 63)
    learnt.take_plate(plate)
    before = learnt.apply(frame)
    learnt.take_plate(frame)
    assert (learnt.apply(frame) > 0).mean() < 0.01  # who is in the plate belongs there
    learnt.take_plate(grain(52))
    assert (learnt.apply(frame) != before).mean() > 0.05


@pytest.mark.parametrize(("gain", "offset"), [(1.35, 0.0), (0.7, 0.0), (1.0, 25.0), (1.0, -20.0)])
def test_another_light_is_no_object(learnt: PairNet, gain: float, offset: float) -> None:
    plate = grain(53)
    learnt.take_plate(plate)
    frame, truth = with_somebody(plate, 40, 65)
    lit = [np.clip(picture * gain + offset, 0, 255).astype(np.uint8) for picture in (plate, frame)]
    assert (learnt.apply(lit[0]) > 0).mean() < 0.03
    assert f_measure(learnt.apply(lit[1]), truth) > 0.65


@pytest.mark.parametrize("size", [(33, 47), (96, 64), (130, 200)])
def test_any_size_of_picture(learnt: PairNet, size: tuple[int, int]) -> None:
    learnt.take_plate(grain(5, *size))
    prediction = learnt.predict([grain(6, *size)])[0]
    assert prediction.mask.shape == prediction.score.shape == size
    assert 0 <= prediction.score.min() <= prediction.score.max() <= 255


def test_threads_change_nothing(learnt: PairNet) -> None:
    learnt.take_plate(grain(8))
    frames = [with_somebody(grain(8), 10 * place, place)[0] for place in range(1, 6)]
    alone = [prediction.score for prediction in learnt.predict(frames)]
    torch.set_num_threads(2)
    try:
        together = [prediction.score for prediction in learnt.predict(frames)]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    np.testing.assert_allclose(together, alone, atol=0.5)  # sums are taken in another order, in 16 bits on some


@pytest.mark.parametrize("light", ["none", "offset", "gain"])
def test_light_may_be_compensated_beforehand(labelled: list[LabelledFrames], light: str) -> None:
    model = cleanplate.create("pairnet", **SMALL, light=light)
    inputs, _ = model.examples(labelled)[0]
    assert inputs.shape == (6, 48, 64)
    model.finish()
    plate = grain(7)
    model.take_plate(plate)
    brighter = np.clip(plate.astype(int) + 15, 0, 255).astype(np.uint8)
    np.testing.assert_array_equal(model.predict([brighter])[0].background, plate)


def test_a_draw_follows_from_seed_and_number(labelled: list[LabelledFrames], coco: Path) -> None:
    one, other, strange = (
        PairExamples(labelled, PairNet.Options(**(SMALL | {"people": str(coco), "seed": seed}))) for seed in (3, 3, 4)
    )
    for draw in (0, 7, 200):
        assert all(torch.equal(first, second) for first, second in zip(one[draw], other[draw], strict=True))
    assert not torch.equal(one[0][0], one[1][0])
    assert not torch.equal(one[0][0], strange[0][0])


def test_what_is_drawn(labelled: list[LabelledFrames], coco: Path) -> None:
    examples = PairExamples(labelled, PairNet.Options(**SMALL, people=str(coco)))
    empty, alike = 0, 0
    for draw in range(60):
        pictures, labels = examples[draw]
        assert pictures.shape == (6, 48, 64) and pictures.dtype == torch.uint8
        assert labels.shape == (1, 48, 64) and set(labels.unique().tolist()) <= {0, 170, 255}
        frame, plate = pictures.float().split(3)
        empty += int((labels == 0).all())
        alike += torch.equal(frame, plate)
    assert 5 <= empty <= 40  # negatives, and not too many
    assert alike == 0  # never without noise, light or shake


def test_what_is_held_out_are_the_frames_as_they_are_first(labelled: list[LabelledFrames]) -> None:
    held = list(PairExamples(labelled, PairNet.Options(**SMALL)).held_out())
    pictures, labels = held[0]
    frame, truth = labelled[0].read(1)
    np.testing.assert_array_equal(pictures[..., :3], frame[..., ::-1])
    np.testing.assert_array_equal(pictures[..., 3:], labelled[0].sequence.clean_plate[..., ::-1])
    np.testing.assert_array_equal(labels, truth)
    assert len(held) > 8
    again = list(PairExamples(labelled, PairNet.Options(**SMALL)).held_out())
    np.testing.assert_array_equal(held[-1][0], again[-1][0])


def test_light_moves_no_label() -> None:
    """Whatever is done to the two, the frame's objects stay where the labels say."""
    frame = np.full((48, 64, 3), 60, np.float32)
    labels = np.zeros((48, 64), np.uint8)
    labels[10:40, 20:40] = 255
    frame[labels > 0] = 200
    for seed in range(40):
        seen, _ = two_exposures(np.random.default_rng(seed), frame.copy(), np.full_like(frame, 60), labels)
        grey = seen.astype(np.float32).mean(axis=2)
        assert np.median(grey[labels > 0]) > np.median(grey[labels == 0]) + 25
        middle = (grey[labels > 0].mean() + grey[labels == 0].mean()) / 2
        assert ((grey > middle) == (labels > 0)).mean() > 0.9


def test_the_users_plate_comes_before_the_initialisers(learnt: PairNet, captured: list[Path], scene) -> None:
    sequence = read_cdnet(captured[0])
    learnt.fit(sequence)
    np.testing.assert_array_equal(learnt.background, sequence.clean_plate)
    learnt.fit(scene)
    np.testing.assert_array_equal(learnt.background, initial_background("low_motion", scene))


def test_videos_without_a_plate_can_be_learnt_from(scene) -> None:
    examples = PairExamples([LabelledFrames.of(scene)], PairNet.Options(**SMALL, initial="median"))
    np.testing.assert_array_equal(examples.scenes[0].backgrounds[0], initial_background("median", scene))
    assert examples[0][0].shape == (6, 48, 64)


def test_pictures_of_people_alone_can_be_learnt_from(tmp_path: Path, coco: Path) -> None:
    from cleanplate.data.datasets.coco import annotations_of, write_coco
    from cleanplate.data.datasets.picture_set import LabelOptions

    place = tmp_path / "sequences" / "coco" / "train2017"
    write_coco(annotations_of(coco), coco, place, LabelOptions(workers=1))
    sequence = read_cdnet(place)
    assert sequence.still_pictures
    examples = PairExamples([LabelledFrames.of(sequence)], PairNet.Options(**SMALL))
    assert not examples.scenes
    assert len(examples.stills) == 2
    assert any((examples[draw][1] == 255).any() for draw in range(8))
    assert len(list(examples.held_out())) >= 16
    for one, other in zip(people_below(str(place)), people_below(str(coco)), strict=True):
        np.testing.assert_array_equal(one()[0], other()[0])
        np.testing.assert_array_equal(one()[1], other()[1])


def test_cutting_out_and_resizing() -> None:
    picture, labels = grain(0, 100, 120), np.zeros((100, 120), np.uint8)
    labels[20:80, 30:60] = 255
    labels[2:4, 100:103] = 255  # a crumb
    labels[90:, :] = 170
    (thing,) = cut_out(picture, labels)
    assert thing.mask.shape == (60, 30)
    np.testing.assert_array_equal(thing.picture, picture[20:80, 30:60].astype(np.float32))
    assert thing.mask[1:-1, 1:-1].all()
    assert resized_cutout(np.random.default_rng(0), thing, 30, 100).mask.shape == (30, 15)
    assert resized_cutout(np.random.default_rng(0), thing, 300, 20).mask.shape == (40, 20)
    assert isinstance(thing, Cutout)


@pytest.mark.parametrize(
    ("size", "expected"), [((480, 640), (240, 320)), ((240, 320), (240, 320)), ((720, 1280), (240, 432)),
                           ((20, 20), (16, 16)), ((100, 1000), (96, 992)), ((1080, 608), (432, 240))]
)  # fmt: skip
def test_working_size(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert working_size(size, 240) == expected


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"crop": 40}, "crop: 40 is no multiple of 16"),
        ({"working": 8}, "working: 8 is too small"),
        ({"initial": "none"}, "initial"),
        ({"light": "gamma"}, "light"),
    ],
)
def test_a_wrong_option_is_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        cleanplate.create("pairnet", **options)


def test_a_folder_without_people_is_refused(tmp_path: Path, labelled: list[LabelledFrames]) -> None:
    with pytest.raises(ConfigError, match="neither a folder in the CDnet layout"):
        cleanplate.create("pairnet", **SMALL, people=str(tmp_path / "nowhere")).examples(labelled)


def test_it_says_that_it_must_learn_first(scene) -> None:
    with pytest.raises(ModelError, match="has not learnt yet"):
        cleanplate.create("pairnet").fit(scene)


def test_pictures_of_many_places_have_no_plate(learnt: PairNet, captured: list[Path]) -> None:
    sequence = read_cdnet(captured[0])
    sequence.clean_plate, sequence.still_pictures = None, True
    with pytest.raises(DataError, match="no common clean plate to compare with"):
        learnt.fit(sequence)


def test_a_frame_of_another_size_is_refused(learnt: PairNet) -> None:
    learnt.take_plate(grain(0))
    with pytest.raises(CleanplateError, match="80×64"):
        learnt.apply(grain(0, 48, 64))


def test_the_network_it_is_measured_against_is_as_published() -> None:
    network = SmallPair().eval()
    assert sum(part.numel() for part in network.parameters()) == 46_154
    assert network(torch.rand(1, 3, 48, 64), torch.rand(1, 3, 48, 64)).shape == (1, 2, 48, 64)


def test_captured_sets_and_people_of_another_set_on_the_whole_road(
    tmp_path: Path, coco: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        plate = grain(number)
        write_image(tmp_path / f"images/set{number}/bkg.png", plate)
        picture, mask = with_somebody(plate, 40, number)
        write_image(tmp_path / f"images/set{number}/0.png", picture)
        write_image(tmp_path / f"images/set{number}/0_mask.png", mask)
    short = ["steps=4", "epoch_steps=2", "batch_size=2", "crop=48", "working=64", "workers=0", f"people={coco}"]
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, "data=capture", f"data.root={tmp_path / 'images'}", "model=pairnet", "tracking=disabled",
              "trainer.progress=false", *(f"model.{option}" for option in short))  # fmt: skip
    config = load()
    assert config.runs == ["all"]
    acquire.run(config)
    prepare.run(config)
    train.run(config, "all")
    predict.run(config, "all")
    masks = list((stage.PREDICTIONS / "all" / "capture/set2").glob("bin*.png"))
    assert len(masks) == 1  # the last set is kept for testing
    shown = cv2.imread(str(stage.PREDICTIONS / "all" / "capture/set2/background/bg000001.png"))
    np.testing.assert_array_equal(shown, grain(2))


def f_measure(mask: np.ndarray, truth: np.ndarray) -> float:
    hit = int(((mask > 0) & (truth > 0)).sum())
    return 2 * hit / max(1, int((mask > 0).sum()) + int((truth > 0).sum()))
