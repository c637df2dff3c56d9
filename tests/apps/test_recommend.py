"""`cleanplate recommend`: what it sees of a scene, which model it takes and why, and what it leaves on disk."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from tests.apps.clips import stream_of

from cleanplate.apps.recommend.command import DEFAULT
from cleanplate.apps.recommend.rules import RANKED, Needs, advise
from cleanplate.apps.recommend.sample import Sample, places
from cleanplate.apps.recommend.scene_analysis import Scene, analyze_scene, presence
from cleanplate.apps.recommend.sheet import chosen_frames
from cleanplate.apps.recommend.trial import Measurements, Trial, agreement
from cleanplate.cli import main
from cleanplate.data.io.images import read_color, write_image
from cleanplate.errors import ModelError
from in_memory import photographed, textured

HEIGHT, WIDTH, COUNT, SIDE = 72, 96, 60, 14


def filmed(
    shake: float = 0.0, pan: float = 0.0, light: float = 0.0, waves: float = 0.0, stays: bool = False
) -> list[np.ndarray]:
    """A square crosses a textured wall, before a camera that stands, shakes or pans."""
    wide = textured(HEIGHT + 40, WIDTH + 40 + int(pan * COUNT), seed=3, low=40, high=200)
    random = np.random.default_rng(4)
    made = []
    for index in range(COUNT):
        dx, dy = random.normal(0, shake, 2) if shake else (0.0, 0.0)
        dx += pan * index
        motion = np.array([[1, 0, -20 - dx], [0, 1, -20 - dy]])
        view = cv2.warpAffine(wide, motion, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        view += light * np.sin(index / 5)
        if waves:
            view[HEIGHT // 2 :] += waves * random.choice([-1, 1], (HEIGHT - HEIGHT // 2, WIDTH, 1))
        left = WIDTH // 2 if stays and index > 20 else 2 * index % (WIDTH - SIDE)
        view[8 : 8 + SIDE, left : left + SIDE] = (20, 250, 250)
        made.append(photographed(view, index))
    return made


def sample_of(frames: list[np.ndarray]) -> Sample:
    return Sample("wall", False, 25.0, tuple(range(1, len(frames) + 1)), tuple(frames), len(frames))


def folder(path: Path, frames: list[np.ndarray]) -> Path:
    for index, frame in enumerate(frames):
        write_image(path / f"{index + 1}.png", frame)
    return path


def recommended(*arguments: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["recommend", *(str(argument) for argument in arguments)], input=stdin)


SPEEDS = {"plate": 60.0, "lowmotion": 150.0, "median": 240.0, "knn": 370.0, "mog2": 440.0}
ALL = [
    Measurements(name, online=name in ("knn", "mog2"), frames_per_second=speed, agreement=0.8)
    for name, speed in SPEEDS.items()
]
STILL = Scene()


# The rules


@pytest.mark.parametrize(
    ("scene", "needs", "model", "why"),
    [
        (STILL, Needs(), "plate", ""),
        (STILL, Needs(speed=100), "lowmotion", "not plate: slower than the 100 frames/s"),
        (STILL, Needs(speed=200), "median", "not plate and lowmotion: slower"),
        (STILL, Needs(speed=300), "knn", "slower than the 300"),
        (STILL, Needs(speed=400), "mog2", "slower than the 400"),
        (STILL, Needs(live=True), "knn", "not plate, lowmotion and median: must be fitted first"),
        (STILL, Needs(live=True, speed=400), "mog2", "not knn: slower"),
        (Scene(shake=2.5), Needs(speed=100), "lowmotion", "cannot follow the camera, which shakes (by 2.5 pixels"),
        (Scene(moves=True), Needs(), "plate", "not median, knn and mog2: cannot follow the camera, which pans"),
        (Scene(covered=0.1), Needs(speed=200), "knn", "not median: 10.0% of the picture is covered"),
        (Scene(stay=0.6, stay_frames=300), Needs(), "plate", "not knn and mog2: somebody stays in one place for 300"),
        (Scene(light=20.0), Needs(speed=200), "median", "not knn and mog2: the light changes by 20 grey levels"),
    ],
)
def test_rules_with_their_reasons(scene: Scene, needs: Needs, model: str, why: str) -> None:
    advice = advise(scene, ALL, needs)
    assert advice.model == model
    assert advice.reasons[0].startswith(f"{model} ")
    assert f"{SPEEDS[model]:.0f} frames/s measured here" in advice.reasons[0]
    assert why in "; ".join(advice.reasons)
    assert not advice.warnings


def test_a_rule_that_leaves_nothing_becomes_a_warning() -> None:
    advice = advise(Scene(moves=True, light=20.0, stay=0.5, stay_frames=99), ALL, Needs(live=True))
    assert advice.model == "knn"
    expected = ("camera pans", "stays in one place for 99", "light changes")
    assert all(word in told for word, told in zip(expected, advice.warnings, strict=True))
    assert advice.otherwise == "if the first frames may be spent on a fit, plate with --fit 200 cuts out better"
    too_much = advise(STILL, ALL, Needs(speed=1000))
    assert too_much.model == "mog2"
    assert "none reaches 1000 frames/s" in too_much.warnings[0]
    assert advise(STILL, ALL, Needs(speed=200)).otherwise == "if 60 frames/s will do, plate cuts out better"
    assert advise(STILL, ALL, Needs()).otherwise == ""


def test_short_times_are_no_stay_and_small_changes_no_light() -> None:
    assert not Scene(stay=0.9, stay_frames=20).somebody_stays
    assert not Scene(stay=0.1, stay_frames=2000).somebody_stays
    assert not Scene(light=5.0).light_changes
    assert not Scene(light=None).light_changes


def test_what_failed_and_what_no_table_ranks() -> None:
    broken = [replace(trial, failed="too small") if trial.name == "plate" else trial for trial in ALL]
    own = Measurements("mine.ckpt", online=True, frames_per_second=900.0, agreement=1.0)
    assert advise(STILL, [own, *broken], Needs()).model == "lowmotion"
    left = advise(STILL, [own, *broken], Needs(speed=800))
    assert left.model == "mine.ckpt"
    assert "no table ranks it" in left.reasons[0]
    with pytest.raises(ModelError, match="no model could be tried on this source: too small"):
        advise(STILL, [Measurements("plate", failed="too small")], Needs())
    many = advise(STILL, [replace(ALL[0], share=0.7, agreement=0.1)], Needs())
    assert "70% of the picture is foreground" in many.warnings[0]
    assert "agrees little with the others (F 0.10)" in many.warnings[1]


def test_the_models_tried_are_those_ranked() -> None:
    assert set(DEFAULT) == set(RANKED)


# The scene


def test_a_still_scene() -> None:
    scene = analyze_scene(sample_of(filmed()))
    assert scene.enough
    assert scene.camera_still
    assert not scene.light_changes
    assert not scene.is_restless


def test_a_shaking_camera() -> None:
    scene = analyze_scene(sample_of(filmed(shake=2.0)))
    assert scene.shake is not None
    assert 1.0 < scene.shake < 4.0  # the median length of a normal pair is 1.18 deviations: 2.4
    assert not scene.moves


def test_a_panning_camera() -> None:
    scene = analyze_scene(sample_of(filmed(pan=3.0)))
    assert scene.moves
    assert scene.shake is None


def test_light_and_unrest_are_told_apart() -> None:
    light = analyze_scene(sample_of(filmed(light=15.0)))
    assert light.light == pytest.approx(30, abs=3)
    assert not light.is_restless
    waves = analyze_scene(sample_of(filmed(waves=25.0)))
    assert waves.restless == pytest.approx(0.5, abs=0.1)
    assert not waves.light_changes


def test_few_frames_tell_little() -> None:
    scene = analyze_scene(sample_of(filmed()[:12]))
    assert not scene.enough
    assert scene.camera_still
    assert "too few frames" in advise(scene, ALL, Needs()).warnings[0]


def test_who_stays() -> None:
    masks = np.zeros((100, 80, 80), bool)
    masks[30:90, 16:40, 16:40] = True  # stays for 60 of 100
    masks[np.arange(100), 60:70, np.arange(100) % 80] = True  # passes
    numbers = [5 * index + 1 for index in range(100)]
    share, frames, covered = presence(masks, numbers)
    assert share == pytest.approx(0.6)
    assert frames == numbers[89] - numbers[30] + 1
    assert covered == pytest.approx(24 * 24 / 6400)
    assert presence(np.zeros((5, 80, 80), bool), range(5)) == (0.0, 0, 0.0)


# Sample, agreement, sheet


def test_stretches_are_spread_over_a_recording() -> None:
    assert places(50, 200) == list(range(50))
    chosen = places(10_000, 200)
    assert len(chosen) == 200
    assert chosen[0] == 0
    assert chosen[-1] == 9999
    steps = np.diff(chosen)
    assert (steps == 1).sum() == 160
    assert steps[steps > 1].max() - steps[steps > 1].min() <= 1
    assert all(len(set(places(total, 200))) <= 200 for total in (201, 207, 399))


def test_pairs_do_not_reach_over_gaps() -> None:
    frames = [np.full((4, 4, 3), number, np.uint8) for number in (1, 2, 3, 11, 12)]
    pairs = Sample("x", False, 25.0, (1, 2, 3, 11, 12), tuple(frames)).pairs()
    assert pairs.frames[:, 0, 0, 0].tolist() == [1, 2, 11]
    assert pairs.following[:, 0, 0, 0].tolist() == [2, 3, 12]


def test_agreement_is_f() -> None:
    one, other = np.zeros((2, 10, 10), bool), np.zeros((2, 10, 10), bool)
    assert agreement(one, other) == 1.0
    one[0, :4] = True
    assert agreement(one, other) == 0.0
    other[0, 2:6] = True
    assert agreement(one, other) == pytest.approx(0.5)


def test_eventful_frames_are_not_neighbours() -> None:
    masks = np.zeros((80, 10, 10), bool)
    masks[19:21, :4] = True  # the best of two parts lie side by side
    masks[70] = True  # everything: no object
    chosen = chosen_frames([Trial(Measurements("a"), masks, None)])
    assert 19 in chosen
    assert 70 not in chosen
    assert min(np.diff(chosen)) >= 10


# The command


def test_a_still_recording_end_to_end(tmp_path: Path) -> None:
    source, out = folder(tmp_path / "frames", filmed()), tmp_path / "out"
    result = recommended(source, "-o", out, "--model", "mean")
    assert result.exit_code == 0, result.output
    assert "camera: stands still" in result.stdout
    assert "recommended: plate" in result.stdout
    assert f"cleanplate apply {source} -m plate -o masks.mp4" in result.stdout.replace("\n", "")
    told = json.loads((out / "recommend.json").read_text())
    assert [model["name"] for model in told["models"]] == [*DEFAULT, "mean"]
    assert told["recommended"]["model"] == "plate"
    assert (told["frames"], told["width"], told["height"]) == (COUNT, WIDTH, HEIGHT)
    true_share = SIDE * SIDE / (HEIGHT * WIDTH)
    by_name = {model["name"]: model for model in told["models"]}
    for name in ("median", "lowmotion", "plate"):
        assert by_name[name]["share"] == pytest.approx(true_share, rel=0.3)
        assert by_name[name]["fit_seconds"] > 0
        assert by_name[name]["frames_per_second"] > 0
        assert by_name[name]["agreement"] > 0.5
    assert by_name["mog2"]["fit_seconds"] == 0
    assert by_name["mog2"]["online"]
    assert by_name["median"]["unrest"] == 0
    sheet = read_color(out / "sheet.png")
    assert (np.abs(sheet.astype(int) - (60, 150, 40)).max(axis=2) < 3).sum() > 2000  # the chosen row is framed
    assert sorted(path.name for path in out.iterdir()) == ["recommend.json", "sheet.png"]


def test_a_moving_camera_and_a_need_end_to_end(tmp_path: Path) -> None:
    source = folder(tmp_path / "frames", filmed(pan=3.0)[:40])
    result = recommended(source, "-o", tmp_path / "out", "--live")
    assert result.exit_code == 0, result.output
    assert "camera: pans, tilts or zooms" in result.stdout
    assert "recommended: knn" in result.stdout or "recommended: mog2" in result.stdout
    assert "which no model left follows" in result.stdout


def test_a_pipe_is_live(tmp_path: Path) -> None:
    result = recommended("-", "-o", tmp_path / "out", "--frames", 20, stdin=stream_of("mjpeg", "mjpeg"))
    assert result.exit_code == 0, result.output
    told = json.loads((tmp_path / "out/recommend.json").read_text())
    assert told["needs"]["live"]
    assert told["frames"] == 20
    assert told["recommended"]["model"] in ("knn", "mog2")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{tmp}/none.mp4"], "no such file or folder"),
        (["{tmp}/text.mp4"], "text.mp4"),
        (["{tmp}/one"], "1 frame cannot show what moves"),
        (["{tmp}/sizes"], "a sequence has one size"),
        (["{tmp}/one", "--model", "nosuch"], "no model of that name"),
        (["{tmp}/one", "-o", "{tmp}/text.mp4"], "a file lies there; give a folder"),
        (["{tmp}/one", "-o", "{tmp}/one"], "is the source itself"),
        (["{tmp}/one", "--raw", "8x8"], "is for raw pictures on standard input"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    folder(tmp_path / "one", filmed()[:1])
    folder(tmp_path / "sizes", [np.zeros((20, 20, 3), np.uint8), np.zeros((20, 30, 3), np.uint8)])
    given = [argument.format(tmp=tmp_path) for argument in arguments]
    result = recommended(*given, *([] if "-o" in given else ["-o", tmp_path / "out"]))
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert not list((tmp_path / "out").glob("*"))
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["1.png"]


def test_tiny_frames_and_too_few_frames_to_look_at(tmp_path: Path) -> None:
    tiny = folder(tmp_path / "tiny", [np.full((1, 1, 3), index, np.uint8) for index in range(40)])
    result = recommended(tiny, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "camera: too few frames" in result.stdout
    told = json.loads((tmp_path / "out/recommend.json").read_text())
    assert {model["name"] for model in told["models"] if model["failed"]} <= set(DEFAULT) - {"median", "mog2"}
    assert not next(m for m in told["models"] if m["name"] == told["recommended"]["model"])["failed"]
    assert recommended(tiny, "--frames", 1).exit_code == 2


@pytest.mark.realdata
def test_highway(real_data: Path, tmp_path: Path) -> None:
    result = recommended(real_data / "cdnet/baseline/highway", "-o", tmp_path, "--frames", 40)
    assert result.exit_code == 0, result.output
    assert "camera: stands still" in result.stdout
    assert "recommended: plate" in result.stdout
