"""Which frames a run learns from and is tested on, and that the two never meet."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cleanplate.config import compose, validate
from cleanplate.config.schema import Config, ProtocolConfig
from cleanplate.errors import ConfigError
from cleanplate.pipeline.plans import Scene, check_leakage, chosen_frames, planned

ROOT = Path(__file__).parents[2]
NAMES = ["baseline/street", "shadow/plaza", "thermal/hall"]
SCENES = {name: Scene(f"digest of {name}", tuple(range(start, 101))) for start, name in enumerate(NAMES, 1)}


def config(model: str, *overrides: str) -> Config:
    scenes = f"data.scenes=[{','.join(NAMES)}]"
    return validate(compose([f"model={model}", scenes, *overrides], ROOT / "conf"))


def trained(plan: dict[str, Any]) -> dict[str, int]:
    return {entry["scene"]: len(entry["frames"]) for entry in plan["train"]}


def predicted(plan: dict[str, Any]) -> list[str]:
    return [entry["scene"] for entry in plan["predict"]]


def test_a_model_without_labels_sees_the_frames_of_its_scene() -> None:
    plan = planned(config("median"), NAMES[1], SCENES)
    assert plan["protocol"] == "none"
    assert plan["train"] == plan["predict"] == [{"scene": NAMES[1], "sha256": f"digest of {NAMES[1]}"}]


def test_a_model_that_learns_from_labels_splits_by_itself() -> None:
    chosen = config("bgsnet")
    assert (chosen.protocol_name, chosen.runs) == ("split", ["all"])
    plan = planned(chosen, "all", SCENES)
    assert trained(plan) == {NAMES[0]: 100, NAMES[1]: 99}
    assert predicted(plan) == [NAMES[2]]
    plan = planned(config("bgsnet", f"data.test=[{NAMES[0]}]"), "all", SCENES)
    assert trained(plan) == {NAMES[1]: 99, NAMES[2]: 98}


def test_a_scene_without_labels_is_not_kept_for_testing() -> None:
    scenes = SCENES | {NAMES[2]: Scene("unlabelled", ())}
    assert predicted(planned(config("bgsnet"), "all", scenes)) == [NAMES[1]]


def test_unseen_tests_each_video_by_a_run_that_never_saw_it() -> None:
    chosen = config("bgsnet", "protocol=unseen")
    assert chosen.runs == NAMES
    for name in NAMES:
        plan = planned(chosen, name, SCENES)
        assert predicted(plan) == [name]
        assert set(trained(plan)) == set(NAMES) - {name}
        assert plan["league"] == "unseen"


def test_unseen_takes_published_folds(tmp_path: Path) -> None:
    folds = tmp_path / "folds.yaml"
    folds.write_text(yaml.safe_dump({"fold1": ["street", "elsewhere"], "fold2": ["shadow/plaza", "thermal/hall"]}))
    chosen = config("bgsnet", "protocol=unseen", f"protocol.folds={folds}", "runs=[fold1,fold2]")
    assert predicted(planned(chosen, "fold1", SCENES)) == [NAMES[0]]
    plan = planned(chosen, "fold2", SCENES)
    assert (predicted(plan), trained(plan)) == (NAMES[1:], {NAMES[0]: 100})


def test_a_fold_without_a_video_at_hand_is_refused(tmp_path: Path) -> None:
    folds = tmp_path / "folds.yaml"
    folds.write_text(yaml.safe_dump({"fold1": ["elsewhere"]}))
    chosen = config("bgsnet", "protocol=unseen", f"protocol.folds={folds}", "runs=[fold1]")
    with pytest.raises(ConfigError, match="run 'fold1': none of its videos is among data.scenes"):
        planned(chosen, "fold1", SCENES)


@pytest.mark.parametrize("content", ["- a list", "fold1: one", "fold1: [", "\x00"])
def test_folds_that_are_none_are_refused(tmp_path: Path, content: str) -> None:
    folds = tmp_path / "folds.yaml"
    folds.write_text(content)
    with pytest.raises(ConfigError, match=r"protocol\.folds"):
        config("bgsnet", "protocol=unseen", f"protocol.folds={folds}")


def test_scene_learns_from_frames_that_are_not_scored() -> None:
    chosen = config("bgsnet", "protocol=scene", "protocol.frames=25")
    plan = planned(chosen, NAMES[0], SCENES)
    (learnt,), (shown,) = plan["train"], plan["predict"]
    assert len(learnt["frames"]) == 25
    assert shown["exclude"] == learnt["frames"]
    assert (learnt["frames"][0], learnt["frames"][-1]) == (1, 100)
    assert plan["league"] == "scene"


def test_scene_takes_a_published_choice(tmp_path: Path) -> None:
    listed = tmp_path / "frames.csv"
    listed.write_text("baseline/street,5 7 9 500\nshadow/plaza,1 2\n")
    protocol = ProtocolConfig(name="scene", frames_file=listed)
    assert chosen_frames(protocol, NAMES[0], range(1, 101)) == [5, 7, 9]
    with pytest.raises(ConfigError, match="has no line for thermal/hall"):
        chosen_frames(protocol, NAMES[2], range(1, 101))
    listed.write_text("baseline/street,five\n")
    with pytest.raises(ConfigError, match="a line is `category/video,1 2 3`"):
        chosen_frames(protocol, NAMES[0], range(1, 101))


def test_frames_that_leave_none_to_test_on_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"protocol\.frames: 200 leaves none of the 100 frames of baseline/street"):
        planned(config("bgsnet", "protocol=scene"), NAMES[0], SCENES)


def test_a_run_without_labels_to_learn_from_is_refused() -> None:
    bare = {name: Scene("same", ()) for name in NAMES}
    with pytest.raises(ConfigError, match="no labelled frame to learn from"):
        planned(config("bgsnet"), "all", bare)


@pytest.mark.parametrize(
    ("train", "predict"),
    [
        ({"scene": "a/b", "sha256": "1", "frames": [1, 2]}, {"scene": "a/b", "sha256": "1"}),
        ({"scene": "a/b", "sha256": "1", "frames": [1, 2]}, {"scene": "a/b", "sha256": "1", "exclude": [1]}),
        ({"scene": "a/copy", "sha256": "1", "frames": [1, 2]}, {"scene": "a/b", "sha256": "1", "exclude": [1, 2]}),
    ],
)
def test_a_run_that_would_be_tested_on_what_it_learnt_refuses_to_start(train: Any, predict: Any) -> None:
    plan = {"run": "x", "protocol": "scene", "train": [train], "predict": [predict]}
    with pytest.raises(ConfigError, match="run 'x': would be tested on a/b after learning from"):
        check_leakage(plan)


def test_a_copy_of_a_video_under_another_name_is_found_out() -> None:
    copied = SCENES | {NAMES[1]: SCENES[NAMES[0]]}
    with pytest.raises(ConfigError, match="which holds the same files"):
        planned(config("bgsnet", "protocol=unseen"), NAMES[0], copied)


def test_a_model_that_uses_no_labels_takes_no_protocol() -> None:
    with pytest.raises(ConfigError, match=r"protocol\.name: 'scene' is for models that learn from labels; median"):
        config("median", "protocol=scene")
