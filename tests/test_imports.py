"""What importing brings with it: help comes at once, and a bare machine needs no pipeline."""

import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

import cleanplate
from waiting import HUNG

HEAVY = ("torch", "pytorch_lightning", "wandb", "dvc", "hydra", "cv2", "pydantic", "rich")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=HUNG)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_and_asking_for_help_loads_nothing_heavy() -> None:
    loaded = python(
        "import sys, cleanplate\n"
        "from cleanplate.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert "Usage:" in loaded
    assert loaded.rstrip().endswith("LOADED []")


def test_models_training_and_metrics_need_no_pipeline_and_no_tracking() -> None:
    blocked = ("wandb", "dvc", "hydra", "omegaconf", "rich")
    told = python(
        f"import sys\nfor name in {blocked!r}: sys.modules[name] = None\n"
        "import cleanplate, cleanplate.models, cleanplate.engine.training, cleanplate.models.checkpoint\n"
        "import cleanplate.metrics, cleanplate.data\n"
        "print(sorted(cleanplate.available()))\n"
        "print(cleanplate.create('ae').name, cleanplate.create('median').name)\n"
    )
    assert "median" in told
    assert told.rstrip().endswith("ae median")


def test_making_a_model_does_not_wait_for_lightning() -> None:
    told = python(
        "import sys, cleanplate\n"
        "cleanplate.create('median'), cleanplate.create('ae'), cleanplate.available()\n"
        "print('pytorch_lightning' in sys.modules)"
    )
    assert told.strip() == "False"


def test_everything_that_is_promised_is_there_and_documented() -> None:
    assert set(cleanplate.__all__) <= set(dir(cleanplate))
    assert set(cleanplate.__all__) == set(cleanplate._MODULES)
    for name in cleanplate.__all__:
        public = getattr(cleanplate, name)
        assert callable(public) and public.__doc__
        assert public.__module__ == cleanplate._MODULES[name]
    assert "Raises:" in pydoc.plain(pydoc.render_doc(cleanplate.create))
    with pytest.raises(AttributeError, match="module 'cleanplate' has no attribute 'laod'"):
        _ = cleanplate.laod


RIGHT = """
import cv2
import cleanplate

capture = cv2.VideoCapture("my.mp4")
model = cleanplate.create("median", {"threshold": 20.0}, frames=50).fit("my.mp4").fit(capture)
frames = list(cleanplate.open_sequence("my.mp4").stack(3))
mask = model.fit(frames).fit(iter(frames)).apply(frames[0], learning_rate=0.0)
subtractor = cleanplate.BackgroundSubtractor("plate", warmup=20)
mask = subtractor.apply(frames[0], None, learningRate=0.5)
cleanplate.save(model, "model.ckpt", note="mine")
name: str = cleanplate.load("model.ckpt").predict(frames)[0].mask.dtype.name
"""
WRONG = {
    "cleanplate.create(3)": '"create"',
    'cleanplate.create("median", foreground=20.0)': '"create"',
    'cleanplate.create("median").fit(7)': '"fit"',
    'cleanplate.create("median").apply("frame.png")': '"apply"',
    'cleanplate.create("median").apply(frames[0], learning_rate="fast")': '"apply"',
    'cleanplate.BackgroundSubtractor("plate", warmup="long")': '"BackgroundSubtractor"',
    "subtractor.apply(frames[0], learningRate=None)": '"apply"',
    'cleanplate.laod("model.ckpt")': 'no attribute "laod"',
}


def test_mypy_finds_wrong_arguments_in_a_users_script(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(RIGHT + "\n".join(WRONG) + "\n")
    # torch's own types are not what is tested, and reading them takes most of a minute.
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\nstrict = True\n[mypy-torch.*,pytorch_lightning.*]\nfollow_imports = skip\n"
    )
    words = ["-m", "mypy", "--config-file", "mypy.ini", "--cache-dir", "cache", script.name]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=tmp_path, check=False)
    first = RIGHT.count("\n") + 1
    found = [line for line in done.stdout.splitlines() if line.startswith("script.py:")]
    errors = {int(line.split(":")[1]): line for line in found if ": error:" in line}
    assert sorted(errors) == [first + index for index in range(len(WRONG))], done.stdout
    for index, named in enumerate(WRONG.values()):
        assert named in errors[first + index]
