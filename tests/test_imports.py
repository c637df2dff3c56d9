"""What importing brings with it: help comes at once, and a bare machine needs no pipeline."""

import subprocess
import sys

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


def test_everything_that_is_promised_is_there() -> None:
    for name in cleanplate.__all__:
        assert callable(getattr(cleanplate, name))
    with pytest.raises(AttributeError, match="module 'cleanplate' has no attribute 'laod'"):
        _ = cleanplate.laod
