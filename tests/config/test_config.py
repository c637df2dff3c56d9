"""The configuration: what conf/ composes to, and every wrong value refused by key, value and choices."""

import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from cleanplate.config import compose, load, validate
from cleanplate.errors import ConfigError
from cleanplate.models import available

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"
COMMITTED = yaml.safe_load((ROOT / "params.yaml").read_text())
PARAMS = compose(["model=ae"], folder=CONF)  # a model with options enough to try everything on
FILES = sorted((path.parent.name, path.stem) for path in CONF.glob("*/*.yaml"))
SETS_OF_LABELS = {
    "coco": [f"{split}/1.jpg" for split in ("train2017", "val2017")]
    + [f"annotations/instances_{split}.json" for split in ("train2017", "val2017")],
    "capture": ["set10/bkg.png", "set2/bkg.png", "notes/readme.txt"],
    "labelme": ["hall/1.jpg", "hall/1.json"],
    "export": ["hall/1.jpg", "hall/labels.json"],
}
CDNET_SCENES = yaml.safe_load((CONF / "data" / "cdnet.yaml").read_text())["scenes"]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Folders where conf/data/cdnet.yaml looks for its scenes."""
    for scene in CDNET_SCENES:
        (tmp_path / "set" / scene / "input").mkdir(parents=True)
    for kind, files in SETS_OF_LABELS.items():
        for file in files:
            (tmp_path / kind / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / kind / file).touch()
    return tmp_path / "set"


def overrides_for(group: str, choice: str, dataset: Path) -> list[str]:
    if group == "data" and choice in SETS_OF_LABELS:
        return [f"data={choice}", f"data.root={dataset.parent / choice}", "runs=[all]"]
    if group == "protocol" and choice != "auto":
        return ["model=unet", f"protocol={choice}"]  # which labels are learnt from matters to those that learn from any
    return [f"{group}={choice}", *([f"data.root={dataset}"] if choice in ("cdnet", "video") else [])]


def changed(key: str, value: Any) -> dict[str, Any]:
    values: dict[str, Any] = deepcopy(PARAMS)
    *path, last = key.split(".")
    place = values
    for part in path:
        place = place[part]
    place[last] = value
    return values


def test_the_committed_params_are_what_conf_composes_to() -> None:
    assert compose(folder=CONF) == COMMITTED


def test_the_committed_params_are_valid() -> None:
    config = load(ROOT / "params.yaml")
    assert config.model.name == COMMITTED["model"]["name"]
    assert config.runs == config.data.scenes
    assert config.create_model().name == config.model.name


@pytest.mark.parametrize(("group", "choice"), FILES)
def test_every_file_composes_and_is_valid(group: str, choice: str, dataset: Path) -> None:
    values = compose(overrides_for(group, choice, dataset), folder=CONF)
    name = values["model"]["name"]
    if name not in available():
        pytest.skip(f"{name} is not made by the OpenCV that is installed")
    config = validate(values)
    once = config.data.name in SETS_OF_LABELS or config.protocol_name == "split"
    assert config.runs == (["all"] if once else config.data.scenes)
    assert config.create_model().name == name


@pytest.mark.parametrize(
    ("kind", "scenes", "test"),
    [
        ("coco", ["coco/train2017", "coco/val2017"], ["coco/val2017"]),
        ("capture", ["capture/set2", "capture/set10"], []),
        ("labelme", ["labelme/hall"], []),
        ("export", ["export/hall"], []),
    ],
)
def test_labelled_sets_are_found_below_their_root(kind: str, scenes: list[str], test: list[str], dataset: Path) -> None:
    data = validate(compose(overrides_for("data", kind, dataset), folder=CONF)).data
    assert (data.scenes, data.test, data.on_corrupt) == (scenes, test, "skip")


def test_a_pattern_adds_to_the_scenes_that_are_named(dataset: Path) -> None:
    data = {"name": "capture", "root": str(dataset.parent / "capture"), "scenes": ["capture/set10", "capture/*"]}
    assert validate(changed("data", data)).data.scenes == ["capture/set10", "capture/set2"]


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        (
            "coco",
            {"scenes": ["coco/test2017"]},
            r"data\.scenes: 'coco/test2017' is not in .*it has coco/train2017, coco/v",
        ),
        ("capture", {"scenes": ["capture/set3"]}, r"data\.scenes: 'capture/set3' is not in .*; it has capture/set2, "),
        ("capture", {"scenes": ["sets/*"]}, r"data\.scenes\.0: 'sets/\*': string should match pattern"),
        ("cdnet", {"scenes": ["baseline/*"]}, r"data\.scenes\.0: 'baseline/\*': string should match pattern"),
        ("labelme", {"root": "{empty}"}, r"data\.scenes: 'labelme/\*' finds nothing in .*; looked for <folder>/"),
        (
            "labelme",
            {"root": "{empty}", "scenes": ["labelme/a"]},
            r"data\.scenes: 'labelme/a' is not in .*; looked for ",
        ),
        ("export", {"root": "{file}"}, r"data\.root: .*labels\.json is not a folder"),
        ("capture", {"root": None}, r"data\.root: missing; .*-S data\.root=/path/to/capture"),
        ("capture", {"root": "/nowhere"}, r"data\.root: /nowhere does not exist"),
        (
            "capture",
            {"test": ["capture/set3"]},
            r"data\.test: 'capture/set3' is not among data\.scenes; choose from cap",
        ),
        ("coco", {"smallest": -1}, r"data\.smallest: -1: input should be greater than or equal to 0"),
        ("coco", {"workers": -1}, r"data\.workers: -1: input should be greater than or equal to 0"),
        ("coco", {"categories": "person"}, r"data\.categories: 'person': input should be a valid list"),
        ("coco", {"negatives": "some"}, r"data\.negatives: 'some': input should be a valid boolean"),
    ],
)
def test_a_wrong_value_of_a_labelled_set_is_refused(name: str, changes: dict, message: str, dataset: Path) -> None:
    (dataset.parent / "empty").mkdir()
    places = {"{empty}": dataset.parent / "empty", "{file}": dataset.parent / "export/hall/labels.json"}
    data = {"name": name, "root": str(dataset.parent / name), "scenes": [f"{name}/*"]} | changes
    data["root"] = None if data["root"] is None else str(places.get(data["root"], data["root"]))
    if name == "cdnet":
        data["root"] = str(dataset)
    with pytest.raises(ConfigError, match=f"^{message}"):
        validate(changed("data", data))


@pytest.mark.parametrize("choice", [choice for group, choice in FILES if group == "model"])
def test_a_models_file_sets_its_own_keys_and_nothing_else(choice: str) -> None:
    values = compose([f"model={choice}"], folder=CONF)
    assert values["foreground"]
    assert values["runs"] in (["all"], PARAMS["runs"])  # a training for all, or one per scene, is its own to say
    for key in set(PARAMS) - {"model", "foreground", "flow", "runs"}:  # and so is whether it needs optical flow
        assert values[key] == PARAMS[key]


def test_every_model_has_a_file_of_its_name_and_no_file_of_another_model_bears_it() -> None:
    """Further files set a model otherwise: `ae_grey_ssim` is an `ae`."""
    files = {choice for group, choice in FILES if group == "model"}
    assert set(available()) <= files
    for choice in files & set(available()):
        assert compose([f"model={choice}"], folder=CONF)["model"]["name"] == choice


def test_a_presets_file_sets_what_its_name_says() -> None:
    model = compose(["model=ae_grey_ssim"], folder=CONF)["model"]
    assert model["name"] == "ae"
    assert (model["grey"], model["latent_dim"], model["initial"]) == (True, 20, "none")
    assert {name for name, weight in model["loss"].items() if weight} == {"ssim"}


def test_a_seed_and_scenes_reach_the_model() -> None:
    values = compose(["model=ae", "seed=7", "data.scenes=[baseline/a]"], folder=CONF)
    assert values["model"]["seed"] == 7
    assert values["runs"] == ["baseline/a"]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("model.name", "autoencoder", r"model\.name: 'autoencoder' is unknown; choose one of aae, ae, "),
        ("model.latent_dimm", 3, r"model\.latent_dimm: no such option; choose from .*latent_dim, "),
        ("model.latent_dim", 0, r"model\.latent_dim: 0 is not positive"),
        ("model.latent_dim", "many", r"model\.latent_dim: 'many' is not a whole number"),
        ("model.learning_rate", -1.0, r"model\.learning_rate: -1\.0 is not positive"),
        ("model.optimizer", "sgd", r"model\.optimizer: 'sgd' is not one of adam, adamw, rmsprop"),
        ("model.loss", {"lpips": 1}, r"model\.loss\.lpips: no such loss; choose from mse, "),
        ("model.loss", {}, r"model\.loss: nothing has a weight"),
        ("runs", [], r"runs: \[\]: "),
        ("foreground.rule", "triangle", r"foreground\.rule: 'triangle' is not one of fixed, noise, otsu, hysteresis"),
        ("foreground.blur", 2, r"foreground\.blur: 2 is no filter side"),
        ("foreground.blurr", 2, r"foreground\.blurr: no such option; choose from channels, blur"),
        ("foreground.fill_holes", 2.0, r"foreground\.fill_holes: 2\.0 is outside 0 … 1"),
        ("foreground", 3, "foreground: 3: input should be a valid dictionary"),
        (
            "data.name",
            "kitti",
            r"data\.name: 'kitti' is unknown; choose one of capture, cdnet, coco, export, labelme, synthetic, video",
        ),
        ("data.height", -240, r"data\.height: -240: input should be greater than or equal to 32"),
        ("data.width", "wide", r"data\.width: 'wide': input should be a valid integer"),
        ("data.frames", 1, r"data\.frames: 1: input should be greater than or equal to 2"),
        ("data.seed", -1, r"data\.seed: -1: input should be greater than or equal to 0"),
        ("data.scenes", [], r"data\.scenes: \[\]: "),
        ("data.scenes", ["street"], r"data\.scenes\.0: 'street': string should match pattern"),
        ("data.scenes", ["a/b", "c/d", "a/b"], r"data\.scenes: .*: named twice: a/b"),
        ("data.scnees", ["a/b"], r"data\.scnees: no such key \(value \['a/b'\]\)"),
        ("data.on_corrupt", "ignore", r"data\.on_corrupt: 'ignore': input should be 'error' or 'skip'"),
        ("trainer.devices", 0, r"trainer\.devices: 0: input should be greater than 0\ntrainer\.devices: 0: .*'auto'"),
        ("trainer.accelerator", "tpu", r"trainer\.accelerator: 'tpu': input should be 'auto', 'cpu', 'gpu', "),
        ("trainer.precision", 16, r"trainer\.precision: 16: input should be 'auto', '32-true', "),
        ("tracking.mode", "on", r"tracking\.mode: 'on': input should be 'offline', 'online' or 'disabled'"),
        ("evaluate.threads", 0, r"evaluate\.threads: 0: input should be greater than 0"),
        ("report.clip_fps", 0, r"report\.clip_fps: 0: input should be greater than 0"),
        ("predict.batch_size", 1.5, r"predict\.batch_size: 1\.5: input should be a valid integer"),
        ("seed", -1, r"seed: -1: input should be greater than or equal to 0"),
        ("sede", 3, r"sede: no such key \(value 3\)"),
        ("plugins", "mine", r"plugins: 'mine': input should be a valid list"),
        ("plugins", [3], r"plugins\.0: 3: input should be a valid string"),
        ("plugins", ["no_such_module"], r"plugins: 'no_such_module' cannot be imported: No module named"),
        ("plugins", [""], r"plugins: '' cannot be imported"),
    ],
)
def test_a_wrong_value_is_refused_by_key_value_and_choices(key: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        validate(changed(key, value))


@pytest.mark.parametrize("key", ["data", "model", "data.name", "data.scenes", "model.name", "runs"])
def test_what_is_missing_is_named(key: str) -> None:
    values = deepcopy(PARAMS)
    *path, last = key.split(".")
    del (values[path[0]] if path else values)[last]
    with pytest.raises(ConfigError, match=rf"^{key}: missing$"):
        validate(values)


def test_every_wrong_value_is_told_at_once() -> None:
    values = changed("data.height", 1)
    values["trainer"]["threads"] = 0
    with pytest.raises(ConfigError, match=r"(?s)data\.height: 1: .*trainer\.threads: 0: "):
        validate(values)


@pytest.mark.parametrize("name", ["cdnet", "video"])
@pytest.mark.parametrize("root", [None, "???"])
def test_a_set_without_its_folder_asks_for_it(name: str, root: str | None) -> None:
    data = {"name": name, "root": root, "scenes": ["a/b"]}
    with pytest.raises(ConfigError, match=rf"^data\.root: missing; .*-S data\.root=/path/to/{name}"):
        validate(changed("data", data))


@pytest.mark.parametrize("name", ["cdnet", "video"])
def test_a_folder_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    data = {"name": name, "root": str(tmp_path / "away"), "scenes": ["a/b"]}
    with pytest.raises(ConfigError, match=rf"^data\.root: {tmp_path / 'away'} does not exist"):
        validate(changed("data", data))


def test_a_scene_without_its_folder_is_named(dataset: Path) -> None:
    data = {"name": "cdnet", "root": str(dataset), "scenes": [*CDNET_SCENES, "baseline/lowway"]}
    with pytest.raises(ConfigError, match=r"^data\.scenes: 'baseline/lowway' has no folder .*lowway/input"):
        validate(changed("data", data))


def test_one_video_is_one_scene(dataset: Path) -> None:
    data = {"name": "video", "root": str(dataset), "scenes": ["a/b", "a/c"]}
    with pytest.raises(ConfigError, match=r"^data\.scenes: one video is one scene, here are 2"):
        validate(changed("data", data))


def test_a_plugin_brings_its_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "plugin_of_the_config_test.py").write_text("loaded = True\n")
    validate(changed("plugins", ["plugin_of_the_config_test"]))
    assert sys.modules.pop("plugin_of_the_config_test").loaded


def test_nothing_changes_after_reading() -> None:
    config = validate(PARAMS)
    with pytest.raises(ValueError, match="frozen"):
        config.seed = 3
    with pytest.raises(ValueError, match="frozen"):
        config.data.height = 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "not here; run from the project's folder"),
        (b"a: [", "no valid YAML"),
        (b"- a\n- b\n", "must hold keys and values"),
        (b"", "must hold keys and values"),
        (b"a: \xff\xfe", "cannot be read"),
    ],
)
def test_a_params_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=rf"params\.yaml: {message}"):
        load(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model=autoencoder", r"(?s)model/autoencoder.*\baae\b.*\bmedian\b"),
        ("modle=ae", "modle"),
        ("model.latent=3", r"model\.latent"),
        ("model", "model"),
        ("model.latent_dim=[", r"\["),
    ],
)
def test_composing_refuses_a_wrong_override_as_hydra_does(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compose([override], folder=CONF)


def test_composing_without_hydra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hydra", None)
    with pytest.raises(ConfigError, match=r"needs Hydra: pip install 'cleanplate\[pipeline\]'"):
        compose(folder=CONF)
