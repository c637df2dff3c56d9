"""Checkpoints and predictions as W&B artifacts with their lineage."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cleanplate.engine.provenance import sha256
from cleanplate.engine.tracking import TrackingLogger


def artifact_name(kind: str, run: str) -> str:
    """The name under which W&B keeps what `run` made: letters, digits, `.`, `_` and `-`."""
    return f"{kind}-{re.sub(r'[^A-Za-z0-9._-]+', '-', run)}"[:128]


def checkpoint_lineage(path: Path, run: str) -> dict[str, str]:
    """What names a checkpoint without doubt: its artifact, its file's name and its digest."""
    return {"artifact": artifact_name("model", run), "file": path.name, "sha256": sha256(path)}


def log_checkpoint(
    logger: TrackingLogger | None, path: Path, metadata: Mapping[str, Any], run: str | None = None
) -> None:
    """Logs a checkpoint as artifact `model-<run>` of type `model`.

    Args:
        logger: from `start_logger`; `None` does nothing.
        path: the checkpoint's file; a copy is kept, so that a later `wandb sync` finds what was logged.
        metadata: scene, step, score, provenance; the file's digest is added.
        run: the training run's name, `logger.info.group` by default.
    """
    if logger is None:
        return
    name = run or logger.info.group

    def action(wandb_run: Any) -> None:
        import wandb

        lineage = checkpoint_lineage(path, name)
        artifact = wandb.Artifact(lineage["artifact"], type="model", metadata={**metadata, **lineage})
        artifact.add_file(str(path), name=path.name)
        wandb_run.log_artifact(artifact)

    logger.attempt(action)


def log_predictions(
    logger: TrackingLogger | None,
    folder: Path,
    name: str,
    checkpoints: Mapping[str, Mapping[str, str]],
    data: Mapping[str, str],
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Logs the masks below `folder` as artifact `predictions-<name>` of type `predictions`.

    The files are not copied: a prediction set has thousands. Offline, W&B cannot look up the artifacts a run used, so
    the lineage lies in the metadata; online it is an edge of the artifact graph too.

    Args:
        logger: from `start_logger`; `None` does nothing.
        folder: holds `bin%06d.png`, directly or in `<category>/<video>/`.
        name: what was predicted: the experiment or scene.
        checkpoints: `checkpoint_lineage` of each training run.
        data: digest of the sequences, by path.
        metadata: anything else.
    """
    if logger is None:
        return

    def action(wandb_run: Any) -> None:
        import wandb

        if logger.online:
            for lineage in checkpoints.values():
                _use(wandb_run, f"{lineage['artifact']}:latest")
        made_from = {"checkpoints": {key: dict(value) for key, value in checkpoints.items()}, "data": dict(data)}
        artifact = wandb.Artifact(
            artifact_name("predictions", name), type="predictions", metadata={**(metadata or {}), **made_from}
        )
        for path in sorted(folder.rglob("bin*.png")):
            artifact.add_file(str(path), name=path.relative_to(folder).as_posix(), policy="immutable", skip_cache=True)
        wandb_run.log_artifact(artifact)

    logger.attempt(action)


def _use(run: Any, name: str) -> None:
    """Draws the edge where the server knows the artifact; a model trained offline is not there yet."""
    try:
        run.use_artifact(name)
    except Exception:  # W&B has several for "not found", and a missing edge is not worth the rest
        return
