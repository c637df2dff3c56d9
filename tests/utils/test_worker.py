"""The background worker: what it runs, what it drops, and how it ends."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.camera.room import empty
from tests.camera.screen import WAIT

import cleanplate
from cleanplate.camera.live.scene_learning import learn_scene
from cleanplate.utils.worker import Worker, check_cancelled


def test_a_worker_does_the_newest_of_what_waits() -> None:
    worker: Worker[int] = Worker()
    begun, go = threading.Event(), threading.Event()

    def first() -> int:
        begun.set()
        go.wait(WAIT)
        return 1

    worker.put(first)
    assert begun.wait(WAIT)
    assert worker.outcome() is None
    done = []
    for number in (2, 3, 4):
        worker.put(lambda number=number: done.append(number) or number)
    go.set()
    results = []
    while 4 not in results:
        outcome = worker.outcome(WAIT)
        assert outcome is not None
        results.append(outcome.result)
    assert done == [4]
    assert worker.outcome() is None
    assert worker.close()


def test_an_error_is_an_outcome_and_the_worker_goes_on() -> None:
    worker: Worker[int] = Worker()
    worker.put(lambda: 1 // 0)
    outcome = worker.outcome(WAIT)
    assert outcome is not None
    assert isinstance(outcome.error, ZeroDivisionError)
    worker.put(lambda: 5)
    outcome = worker.outcome(WAIT)
    assert outcome is not None
    assert outcome.result == 5
    assert worker.close()


def test_a_long_work_is_abandoned_and_the_next_begins() -> None:
    worker: Worker[int] = Worker()
    begun, ended = threading.Event(), threading.Event()

    def endless() -> int:
        begun.set()
        try:
            while True:
                check_cancelled()
        finally:
            ended.set()

    worker.put(endless)
    assert begun.wait(WAIT)
    worker.abandon()
    worker.put(lambda: 7)
    outcome = worker.outcome(WAIT)
    assert outcome is not None
    assert outcome.result == 7
    assert ended.wait(WAIT)
    assert worker.close()


def test_a_training_by_lightning_is_abandoned_in_its_midst(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cleanplate.utils.worker._JOIN_SECONDS", WAIT)
    worker: Worker[object] = Worker()
    begun = threading.Event()
    frames = [empty(seed, 64, 96) for seed in range(12)]
    model = cleanplate.create("ae", steps=100_000, epoch_steps=100_000, batch_size=4)
    build = model.build

    def building(size: tuple[int, int]) -> None:
        build(size)
        begun.set()

    model.build = building
    worker.put(lambda: learn_scene(model, frames))
    assert begun.wait(WAIT)
    assert worker.outcome() is None  # it trains
    assert worker.close()


def test_work_that_does_not_check_for_cancellation_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cleanplate.utils.worker._JOIN_SECONDS", 0.05)
    worker: Worker[bool] = Worker()
    begun, go = threading.Event(), threading.Event()
    worker.put(lambda: (begun.set(), go.wait(WAIT))[1])  # waits in C
    assert begun.wait(WAIT)
    assert not worker.close()
    go.set()


def test_a_program_ends_well_in_the_midst_of_a_training(tmp_path: Path) -> None:
    script = tmp_path / "ends.py"
    script.write_text(
        "import threading, torch\n"
        "from cleanplate.utils.worker import Worker\n"
        "from cleanplate.utils.worker import check_cancelled\n"
        "begun = threading.Event()\n"
        "def train():\n"
        "    weight = torch.ones(64, 64, requires_grad=True)\n"
        "    while True:\n"
        "        (weight @ weight).sum().backward()\n"
        "        begun.set()\n"
        "        check_cancelled()\n"
        "worker = Worker()\n"
        "worker.put(train)\n"
        "begun.wait()\n"
        "print(worker.close())\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=WAIT, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
