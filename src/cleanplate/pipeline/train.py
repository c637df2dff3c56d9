"""Stage `train`: one training per entry of `runs`; writes a checkpoint and its curves."""

import json
import shutil
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cleanplate
from cleanplate.config import Config
from cleanplate.data.sequence import FrameSequence
from cleanplate.data.training import LabelledFrames
from cleanplate.engine.training import fit
from cleanplate.errors import ConfigError
from cleanplate.models import BackgroundModel
from cleanplate.models.checkpoint import save
from cleanplate.models.supervised.base import SupervisedModel
from cleanplate.pipeline import stage
from cleanplate.pipeline.plans import Plan, check_leakage
from cleanplate.pipeline.stage import opened
from cleanplate.utils.files import remove, replacing

if TYPE_CHECKING:
    from pytorch_lightning.callbacks import Callback

    from cleanplate.engine.tracking import TrackingLogger

_SAMPLES = 4


def run(config: Config, name: str) -> None:
    """Trains run `name`; writes `data/models/<name>/`: `model.ckpt`, `training.json` and, if learned, `curves.csv`."""
    plan = json.loads((stage.RUNS / f"{name}.json").read_text())
    check_leakage(plan)
    model = config.create_model()
    material = _material(config, name, plan, model)
    work = stage.WORK / name
    with _tracked(config, name, plan, model) as logger:
        fitted = fit(
            model,
            material,
            config.trainer.model_dump(),
            work,
            {"model": config.model.model_dump(), "data": plan, "version": cleanplate.__version__},
            logger=logger,
            callbacks=partial(_callbacks, config, model, material, work),
        )
        if not fitted.is_writer:
            return
        print(f"{name}: {model.name} fitted in {fitted.seconds:.1f} s" + (", resumed" if fitted.resumed else ""))
        with replacing(stage.MODELS / name) as folder:
            folder.mkdir()
            save(model, folder / "model.ckpt", run=name, data=plan["train"])
            if (work / "curves.csv").is_file():
                shutil.copy(work / "curves.csv", folder / "curves.csv")
            facts = {"model": model.name, "parameters": model.parameters, "steps": fitted.steps}
            (folder / "training.json").write_text(json.dumps(facts, indent=2) + "\n")
        if logger is not None:
            from cleanplate.engine.artifacts import log_checkpoint

            log_checkpoint(logger, stage.MODELS / name / "model.ckpt", {"run": name, "data": plan["train"], **facts})
    remove(work)


def _material(config: Config, name: str, plan: Plan, model: BackgroundModel) -> FrameSequence | list[LabelledFrames]:
    """The scene that a model is fitted to, or the labelled frames that it learns from."""
    if isinstance(model, SupervisedModel):
        model.league = plan["league"] or model.league
        return [LabelledFrames.of(opened(config, entry), entry["frames"]) for entry in plan["train"]]
    if len(plan["train"]) != 1:
        raise ConfigError(
            f"runs: {name!r} trains on {len(plan['train'])} scenes; {config.model.name} learns one at a time"
        )
    return opened(config, plan["train"][0])


def _tracked(
    config: Config, name: str, plan: dict[str, Any], model: BackgroundModel
) -> "AbstractContextManager[TrackingLogger | None]":
    tracking = config.tracking
    if tracking.mode == "disabled":
        return nullcontext()
    from cleanplate.engine.provenance import provenance
    from cleanplate.engine.tracking import RunInfo, run_name, tracked

    told = config.model_dump(mode="json") | {"run": plan, "provenance": provenance(Path())}
    info = RunInfo(run_name(model.name, name), "train", name, (model.family, model.league), told)
    return tracked(tracking.mode, tracking.project, tracking.entity, Path("outputs"), info)


def _callbacks(
    config: Config, model: BackgroundModel, material: FrameSequence | list[LabelledFrames], work: Path
) -> "list[Callback]":
    from cleanplate.engine.callbacks import Curves, HeldOutPictures, Throughput

    plain = [Curves(work / "curves.csv"), Throughput(config.model.options.get("batch_size", 1))]
    if isinstance(material, FrameSequence):
        return [*plain, _pictures(config, model, material)]
    return [*plain, HeldOutPictures(config.tracking.picture_every, _SAMPLES)]


def _pictures(config: Config, model: BackgroundModel, sequence: FrameSequence) -> "Callback":
    from cleanplate.engine.callbacks import Pictures

    positions = _sample_positions(sequence)
    numbers = [sequence.numbers[position] for position in positions]
    return Pictures(
        model,
        [sequence[position] for position in positions],
        [f"{sequence.name} {number}" for number in numbers],
        [sequence.truth.read(number) if sequence.truth else None for number in numbers],
        config.tracking.picture_every,
        [sequence[max(0, position - 1)] for position in positions],
    )


def _sample_positions(sequence: FrameSequence) -> list[int]:
    """A few frames spread over the scored part."""
    first, last = sequence.temporal_roi or (sequence.numbers[0], sequence.numbers[-1])
    scored = [position for position, number in enumerate(sequence.numbers) if first <= number <= last]
    scored = scored or list(range(len(sequence)))
    return [scored[(2 * sample + 1) * len(scored) // (2 * _SAMPLES)] for sample in range(_SAMPLES)]


if __name__ == "__main__":
    stage.main_per_run(run)
