"""The registry of datasets: what is in it, and a dataset of one's own on its way through acquire and prepare."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from cleanplate.config import load
from cleanplate.data import open_sequence
from cleanplate.data.datasets import base
from cleanplate.data.datasets.base import datasets, find_dataset, register
from cleanplate.data.io.images import write_image
from cleanplate.errors import ConfigError, DataError
from cleanplate.pipeline import acquire, prepare
from project import configure

CONF = Path(__file__).parents[2] / "conf" / "data"

TOY = """
from cleanplate.data.datasets.base import Dataset, register
from cleanplate.data.datasets.layout import link, numbered, pictures

@register
class Toy(Dataset):
    name = "toy"
    contents = "<folder>.frames/"

    def find(self, root):
        return {f"toy/{path.stem}": path for path in sorted(root.glob("*.frames"))}

    def write(self, record, folder, options, progress):
        (folder / "input").mkdir(parents=True)
        for number, path in numbered(pictures(self.find(options.root)[record["scene"]])).items():
            link(path, folder / "input" / f"in{number:06d}.png")
            progress(number, record["files"])
        return ["a defect"]
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plugin beside params.yaml and two scenes of its dataset."""
    monkeypatch.setattr(base, "_DATASETS", dict(datasets()))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.syspath_prepend(tmp_path / "project")
    Path("toy_dataset.py").write_text(TOY)
    for name in ("a", "b"):
        for number in (1, 2, 3):
            write_image(tmp_path / "raw" / f"{name}.frames" / f"{number}.png", np.full((40, 60, 3), number, np.uint8))
    configure(Path(), "tracking=disabled", "model=median", "runs=[all]")
    params = yaml.safe_load(Path("params.yaml").read_text())
    params |= {"plugins": ["toy_dataset"], "data": {"name": "toy", "root": str(tmp_path / "raw"), "scenes": ["toy/*"]}}
    Path("params.yaml").write_text(yaml.safe_dump(params))
    yield tmp_path
    sys.modules.pop("toy_dataset", None)


def test_every_dataset_has_a_configuration_file_of_its_name() -> None:
    assert list(datasets()) == sorted(path.stem for path in CONF.glob("*.yaml"))
    assert all(dataset.contents for dataset in datasets().values())


def test_a_dataset_of_ones_own_goes_through_acquire_and_prepare(toy: Path) -> None:
    config = load()
    assert config.data.scenes == ["toy/a", "toy/b"]
    acquire.run(config)
    prepare.run(config)
    assert json.loads(Path("data/acquired/toy/a.json").read_text())["files"] == 3
    assert json.loads(Path("data/prepared/toy/a.json").read_text())["defects"] == ["a defect"]
    assert open_sequence(Path("data/sequences/toy/b"))[2].max() == 3


def test_its_root_and_scenes_are_checked(toy: Path) -> None:
    with pytest.raises(ConfigError, match=r"data\.root: missing; .*-S data\.root=/path/to/toy$"):
        load(overrides=["data.root=null"])
    with pytest.raises(ConfigError, match=r"data\.scenes: 'toy/c' is not in .*raw; it has toy/a, toy/b"):
        load(overrides=["data.scenes=[toy/c]"])


def test_two_datasets_of_one_name_are_refused(toy: Path) -> None:
    load()
    with pytest.raises(DataError, match="two datasets are called 'coco'"):
        register(type("Other", (type(find_dataset("toy")),), {"name": "coco"}))
