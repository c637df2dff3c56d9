"""Scoring a folder: a tiny set with the known defects of CDnet, counted again here pixel by pixel; and the real one."""

import csv
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from cleanplate.errors import DataError
from cleanplate.metrics.functional import background_quality
from cleanplate.pipeline.scores import Scores
from cleanplate.pipeline.scoring import evaluate_command, score_results

SHAPE = (24, 32)
LABELS = np.array([0, 50, 85, 170, 255], np.uint8)
SEVEN = {"recall", "specificity", "fpr", "fnr", "pwc", "precision", "f_measure"}
COUNTS = {"tp", "fp", "fn", "tn", "shadow_errors", "frames"}


def picture(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


class World:
    """A data set and a result folder on disk, and the truth about them in memory."""

    def __init__(self, root):
        self.dataset, self.results = root / "dataset", root / "results"
        self.random = np.random.default_rng(5)
        self.expected = {}

    def video(self, scene, frames, *, span=None, roi=None, roi_file=None, colour=(), unlabelled=(), unpictured=()):
        """Writes a video whose frames of `span` are scored; `roi` is what should apply, `roi_file` what is written."""
        tally = dict.fromkeys(["tp", "fp", "fn", "tn", "shadow_errors", "frames"], 0)
        inside = np.ones(SHAPE, bool) if roi is None else roi > 0
        for number in frames:
            truth = self.random.choice(LABELS, SHAPE)
            mask = self.random.choice(np.array([0, 127, 255], np.uint8), SHAPE)
            if number not in unpictured:
                picture(self.dataset / scene / f"input/in{number:06d}.jpg", np.zeros((*SHAPE, 3), np.uint8))
                picture(self.results / scene / f"bin{number:06d}.png", mask)
            if number not in unlabelled:
                grey = cv2.merge([truth] * 3) if number in colour else truth
                picture(self.dataset / scene / f"groundtruth/gt{number:06d}.png", grey)
            if number in unlabelled or number in unpictured or (span and not span[0] <= number <= span[1]):
                continue
            counted = inside & (truth != 170)
            actual, predicted = (truth == 255)[counted], (mask == 255)[counted]
            tally["tp"] += int((actual & predicted).sum())
            tally["fp"] += int((~actual & predicted).sum())
            tally["fn"] += int((actual & ~predicted).sum())
            tally["tn"] += int((~actual & ~predicted).sum())
            tally["shadow_errors"] += int(((truth == 50)[counted] & predicted).sum())
            tally["frames"] += 1
        if span:
            (self.dataset / scene / "temporalROI.txt").write_text(f"{span[0]} {span[1]}")  # no newline at the end
        if roi_file is not None:
            picture(self.dataset / scene / "ROI.bmp", roi_file)
        self.expected[scene] = tally


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    half = np.zeros(SHAPE, np.uint8)
    half[:, :20] = 255
    world.video("baseline/plain", range(1, 25), span=(5, 20), roi=half, roi_file=half)
    world.video("baseline/grey", range(1, 8), span=(1, 7), colour=(2, 5))
    world.video("jitter/traffic", range(1, 6), span=(1, 5), roi_file=np.full((24, 40), 255, np.uint8))
    world.video("weather/half", range(1, 11), span=(3, 10), unlabelled=range(6, 11))
    world.video("weather/gaps", range(1, 11), span=(2, 9), unpictured=(4, 5))
    world.video("weather/whole", range(1, 4))
    (world.dataset / "baseline/plain/input/Thumbs.db").write_bytes(b"x")
    (world.dataset / "baseline/plain/groundtruth/Thumbs.db").write_bytes(b"x")
    return world


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_counts_and_means_survive_every_defect(world, threads):
    scores = score_results(world.dataset, world.results, threads=threads).to_dict()
    assert {name: {key: video[key] for key in COUNTS} for name, video in scores["videos"].items()} == world.expected
    for name, tally in world.expected.items():
        tp, fp, fn, tn = (tally[key] for key in ("tp", "fp", "fn", "tn"))
        precision, recall = tp / (tp + fp), tp / (tp + fn)
        video = scores["videos"][name]
        assert set(video) >= (SEVEN | COUNTS)
        assert video["f_measure"] == pytest.approx(2 * precision * recall / (precision + recall))
        assert video["pwc"] == pytest.approx(100 * (fp + fn) / (tp + fp + fn + tn))
    assert set(scores["categories"]) == {"baseline", "jitter", "weather"}
    means = {}
    for category in scores["categories"]:
        members = [video["recall"] for name, video in scores["videos"].items() if name.startswith(category)]
        means[category] = sum(members) / len(members)
        assert scores["categories"][category]["recall"] == pytest.approx(means[category])
        assert set(scores["categories"][category]) >= SEVEN
    assert scores["overall"]["recall"] == pytest.approx(sum(means.values()) / 3)
    assert set(scores["overall"]) >= SEVEN


def test_defects_are_told(world):
    defects = score_results(world.dataset, world.results).to_dict()["defects"]
    assert any("Thumbs.db" in text for text in defects["baseline/plain"])
    assert "groundtruth: 5 of 8 frames to score have none; left out" in defects["weather/half"]
    assert any("2 of 8 frames to score have ground truth but no picture" in text for text in defects["weather/gaps"])
    assert any("ROI: is 40×24" in text for text in defects["jitter/traffic"])
    assert "baseline/grey" not in defects


def test_only_the_scenes_asked_for(world):
    calls = []
    scores = score_results(
        world.dataset,
        world.results,
        scenes=["weather/whole", "baseline/grey"],
        progress=lambda *step: calls.append(step),
    )
    assert list(scores.counts) == ["weather/whole", "baseline/grey"]
    assert calls == [("weather/whole", 1, 2), ("baseline/grey", 2, 2)]


def test_scenes_of_one_side_only_are_passed_over(world):
    picture(world.results / "other/more/bin000001.png", np.zeros(SHAPE, np.uint8))
    picture(world.dataset / "other/less/input/in000001.jpg", np.zeros(SHAPE, np.uint8))
    assert set(score_results(world.dataset, world.results).counts) == set(world.expected)


@pytest.mark.parametrize(
    ("scenes", "message"),
    [
        (["baseline/nothing"], r"dataset: has no scene 'baseline/nothing'; it has baseline/grey, .* and 2 more"),
        (["other/less"], r"results: has no results of 'other/less'; it has"),
    ],
)
def test_a_scene_asked_for_but_missing(world, scenes, message):
    picture(world.dataset / "other/less/input/in000001.jpg", np.zeros(SHAPE, np.uint8))
    with pytest.raises(DataError, match=message):
        score_results(world.dataset, world.results, scenes=scenes)


def test_no_scene_in_common(world, tmp_path):
    picture(tmp_path / "elsewhere/a/b/bin000001.png", np.zeros(SHAPE, np.uint8))
    with pytest.raises(DataError, match=r"no scene in common: .*dataset has baseline/grey.*elsewhere has a/b"):
        score_results(world.dataset, tmp_path / "elsewhere")
    with pytest.raises(DataError, match=r"no scene in common: .*nowhere has none"):
        score_results(tmp_path / "nowhere", world.results)


@pytest.mark.parametrize("threads", [0, 2])
def test_a_mask_that_is_missing_stops(world, threads):
    (world.results / "baseline/grey/bin000004.png").unlink()
    with pytest.raises(DataError, match=r"baseline/grey/bin000004\.png: no such mask"):
        score_results(world.dataset, world.results, threads=threads)


def test_a_mask_beyond_the_frames_to_score_may_be_missing(world):
    (world.results / "baseline/plain/bin000002.png").unlink()
    assert score_results(world.dataset, world.results).counts["baseline/plain"].frames == 16


def test_ground_truth_of_another_size(world):
    path = world.dataset / "baseline/plain/groundtruth/gt000009.png"
    picture(path, np.zeros((10, 11), np.uint8))
    with pytest.raises(DataError, match=r"gt000009\.png: is 11×10, its video is 32×24"):
        score_results(world.dataset, world.results)


def test_nothing_left_to_score(world):
    (world.dataset / "weather/whole/temporalROI.txt").write_text("50 60")
    with pytest.raises(DataError, match=r"weather/whole: no frame to score; temporalROI is \(50, 60\)"):
        score_results(world.dataset, world.results, scenes=["weather/whole"])


def test_a_set_without_ground_truth(tmp_path):
    picture(tmp_path / "d/a/b/input/in000001.jpg", np.zeros(SHAPE, np.uint8))
    picture(tmp_path / "r/a/b/bin000001.png", np.zeros(SHAPE, np.uint8))
    with pytest.raises(DataError, match="none of a/b has ground truth or a true background"):
        score_results(tmp_path / "d", tmp_path / "r")


def test_a_video_where_nothing_moves_stays_finite(tmp_path):
    for folder, name in (("d", "input/in"), ("d", "groundtruth/gt"), ("r", "bin")):
        picture(tmp_path / folder / "a/b" / f"{name}000001.png", np.zeros(SHAPE, np.uint8))
    scores = score_results(tmp_path / "d", tmp_path / "r")
    values = json.loads(scores.to_json())
    assert values["overall"]["f_measure"] == 1.0
    assert values["overall"]["pwc"] == 0.0
    assert "nothing moves" in values["defects"]["a/b"][0]


def plate(level):
    image = np.full((*SHAPE, 3), 90, np.uint8)
    image[:, 8:16] = level
    return image


def test_backgrounds_by_frame(world):
    scene = world.dataset / "weather/whole"
    for number, level in ((1, 100), (3, 160)):  # the first serves for frame 2 too
        picture(scene / f"background/bg{number:06d}.png", plate(level))
    for number in (1, 2, 3):
        picture(world.results / f"weather/whole/background/bg{number:06d}.png", plate(120))
    expected = [background_quality(plate(120), plate(level)) for level in (100, 100, 160)]
    six = score_results(world.dataset, world.results).to_dict()["background"]
    for key in ("age", "peps", "pceps", "ms_ssim", "psnr", "cqm"):
        assert six["videos"]["weather/whole"][key] == pytest.approx(np.mean([row[key] for row in expected]))
        assert six["overall"][key] == six["categories"]["weather"][key] == six["videos"]["weather/whole"][key]


@pytest.mark.parametrize("estimate", ["background.png", "background/bg000002.png"])
def test_the_best_of_several_true_backgrounds(world, estimate):
    scene = world.dataset / "weather/whole"
    for number, level in ((1, 100), (2, 10), (3, 200)):
        picture(scene / f"background/GT_background{number}.png", plate(level))
    picture(world.results / "weather/whole" / estimate, plate(101))
    six = score_results(world.dataset, world.results).backgrounds["weather/whole"]
    assert six == pytest.approx(background_quality(plate(101), plate(100)))


def test_backgrounds_are_sampled(world, monkeypatch):
    picture(world.dataset / "weather/whole/background.png", plate(100))
    for number in range(1, 46):
        picture(world.results / f"weather/whole/background/bg{number:06d}.png", plate(100))
    judged = []
    monkeypatch.setattr(
        "cleanplate.pipeline.background_scoring._judged",
        lambda path, _: (
            judged.append(path.name) or dict.fromkeys(["age", "peps", "pceps", "ms_ssim", "psnr", "cqm"], 1.0)
        ),
    )
    score_results(world.dataset, world.results, scenes=["weather/whole"], threads=0)
    assert judged == [f"bg{number:06d}.png" for number in range(1, 46, 3)]


def test_backgrounds_without_masks(tmp_path):
    for name in ("input/in000001.png", "background.png"):
        picture(tmp_path / "d/a/b" / name, plate(100))
    picture(tmp_path / "r/a/b/background.png", plate(100))
    values = score_results(tmp_path / "d", tmp_path / "r").to_dict()
    assert values["videos"] == {}
    assert values["background"]["overall"]["psnr"] == 99


def test_a_background_of_another_size(world):
    picture(world.dataset / "weather/whole/background.png", plate(100))
    picture(world.results / "weather/whole/background.png", np.zeros((5, 6, 3), np.uint8))
    with pytest.raises(DataError, match=r"background\.png: is 6×5, the true background .* is 32×24"):
        score_results(world.dataset, world.results)


def test_the_command_prints_and_writes(world, tmp_path, capsys):
    target = tmp_path / "out/metrics.json"
    scores = evaluate_command(world.dataset, world.results, target, None, 2, csv_folder=tmp_path / "out")
    printed = capsys.readouterr().out
    assert "plain" in printed
    assert "overall" in printed
    assert json.loads(target.read_text()) == scores.to_dict()
    assert sorted(path.name for path in target.parent.iterdir()) == [
        "categories.csv",
        "metrics.json",
        "overall.csv",
        "videos.csv",
    ]
    rows = list(csv.DictReader((tmp_path / "out/videos.csv").open()))
    assert {row["video"]: int(row["tp"]) for row in rows} == {name: row["tp"] for name, row in world.expected.items()}
    assert (
        float(next(csv.DictReader((tmp_path / "out/overall.csv").open()))["pwc"]) == scores.to_dict()["overall"]["pwc"]
    )
    assert [row["category"] for row in csv.DictReader((tmp_path / "out/categories.csv").open())] == [
        "baseline",
        "jitter",
        "weather",
    ]


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(DataError, match=r"taken: cannot be written"):
        Scores().write_json(tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


# The totals depend on the data set and the rules alone, not on the masks: P = TP + FN, N = FP + TN.
TOTALS = {
    "baseline/highway": (5457989, 86654469),
    "baseline/pedestrians": (670862, 67569107),
    "dynamicBackground/canoe": (1043369, 28419721),
}
# F-measure of OpenCV's MOG2, == 255, median blur 5, by the official comparator.
MOG2 = {"baseline/highway": 0.777061, "baseline/pedestrians": 0.867595, "dynamicBackground/canoe": 0.864986}


@pytest.fixture
def cdnet():
    data = os.environ.get("CLEANPLATE_DATA")
    if not data:
        pytest.skip("CLEANPLATE_DATA is not set; it names the folder that holds cdnet/")
    return Path(data) / "cdnet"


def write_masks(cdnet, results, scene, mask_of):
    first, last = map(int, (cdnet / scene / "temporalROI.txt").read_text().split())
    (results / scene).mkdir(parents=True)
    for number in range(1, last + 1):
        mask = mask_of(cdnet / scene / f"input/in{number:06d}.jpg")
        if number >= first:
            cv2.imwrite(str(results / scene / f"bin{number:06d}.png"), mask, [cv2.IMWRITE_PNG_COMPRESSION, 1])


@pytest.mark.realdata
def test_official_totals(cdnet, tmp_path):
    levels = dict(zip(TOTALS, (0, 255, 0), strict=True))
    for scene, level in levels.items():
        shape = cv2.imread(str(cdnet / scene / "input/in000001.jpg")).shape[:2]
        mask = np.full(shape, level, np.uint8)
        write_masks(cdnet, tmp_path, scene, lambda _, mask=mask: mask)
    counts = score_results(cdnet, tmp_path).counts
    assert {scene: (each.tp + each.fn, each.fp + each.tn) for scene, each in counts.items()} == TOTALS
    for scene, each in counts.items():
        assert (each.tp, each.fp) == (0, 0) if levels[scene] == 0 else (each.fn, each.tn) == (0, 0)


@pytest.mark.realdata
@pytest.mark.parametrize(
    "scene",
    [pytest.param("baseline/highway", marks=pytest.mark.slow), "baseline/pedestrians", "dynamicBackground/canoe"],
)
def test_official_counts_of_a_whole_run(cdnet, tmp_path, scene):
    """Counts are compared with a plain count of the same masks: MOG2's masks depend on the processor's rounding."""
    model = cv2.createBackgroundSubtractorMOG2(history=500, varThreshold=16, detectShadows=True)

    def mask_of(path):
        mask = np.where(model.apply(cv2.imread(str(path))) == 255, 255, 0).astype(np.uint8)
        return cv2.medianBlur(mask, 5)

    write_masks(cdnet, tmp_path, scene, mask_of)
    scores = score_results(cdnet, tmp_path)
    counts = scores.counts[scene]
    expected = counted_plainly(cdnet / scene, tmp_path / scene)
    assert (counts.tp, counts.fp, counts.fn, counts.tn, counts.shadow_errors) == expected
    assert scores.to_dict()["videos"][scene]["f_measure"] == pytest.approx(MOG2[scene], abs=1e-3)


def counted_plainly(scene, masks):
    """TP, FP, FN, TN and shadow errors of a folder of masks, as one would count them with OpenCV alone."""
    inside = cv2.imread(str(scene / "ROI.bmp"), cv2.IMREAD_GRAYSCALE) > 0
    totals = np.zeros(5, int)
    for path in masks.iterdir():
        truth = cv2.imread(str(scene / "groundtruth" / path.name.replace("bin", "gt")), cv2.IMREAD_GRAYSCALE)
        found = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) == 255
        counted = inside & (truth != 85) & (truth != 170)
        moving = truth == 255
        parts = (found & moving, found & ~moving, ~found & moving, ~found & ~moving, found & (truth == 50))
        totals += [np.count_nonzero(part & counted) for part in parts]
    return tuple(totals)
