"""The W&B run of an evaluation: numbers, pictures, a clip, and the predictions with their lineage."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleanplate.config import Config
from cleanplate.models import registry
from cleanplate.pipeline import stage
from cleanplate.report.page import SceneFigures

if TYPE_CHECKING:  # Lightning takes seconds to import; without tracking the report does not need it
    from cleanplate.engine.tracking import RunInfo


def track_evaluation(
    config: Config,
    project: Path,
    metrics: Mapping[str, Any],
    scenes: list[SceneFigures],
    predictions: Mapping[str, Path],
) -> None:
    """Logs one run of job type `evaluate`, unless tracking is disabled; what fails there is a warning.

    Args:
        config: the configuration.
        project: the folder with `data/` and `reports/`.
        metrics: what `reports/metrics.json` holds.
        scenes: figures, their paths relative to `reports/`.
        predictions: the folder of each scene's masks.
    """
    if config.tracking.mode == "disabled":
        return
    from cleanplate.engine.artifacts import checkpoint_lineage, log_predictions
    from cleanplate.engine.provenance import dvc_digests
    from cleanplate.engine.tracking import tracked

    settings = config.tracking
    with tracked(
        settings.mode, settings.project, settings.entity, project / "outputs", _info(config, project)
    ) as logger:
        if logger is None:
            return
        logger.attempt(lambda run: run.log(_media(project / stage.REPORTS, scenes) | _table(metrics)))
        logger.attempt(lambda run: run.summary.update(dict(metrics.get("overall") or {})))
        checkpoints = {}
        for name in config.runs:
            path = project / stage.MODELS / name / "model.ckpt"
            if path.is_file():
                checkpoints[name] = checkpoint_lineage(path, name)
        data = dvc_digests(project, "data/sequences")
        for scene, folder in predictions.items():
            used = {scene: checkpoints[scene]} if scene in checkpoints else checkpoints
            numbers = (metrics.get("videos") or {}).get(scene) or {}
            log_predictions(logger, folder, scene, used, data, {"scene": scene, "model": config.model.name, **numbers})


def _info(config: Config, project: Path) -> "RunInfo":
    from cleanplate.engine.provenance import provenance
    from cleanplate.engine.tracking import RunInfo, run_name

    model = registry.model_class(config.model.name)
    return RunInfo(
        name=run_name(config.model.name, "evaluate"),
        job_type="evaluate",
        group=config.model.name,
        tags=(model.family, model.league),
        config={**config.model_dump(mode="json"), "provenance": provenance(project)},
    )


def _table(metrics: Mapping[str, Any]) -> dict[str, Any]:
    import wandb

    videos = metrics.get("videos") or {}
    columns = list(dict.fromkeys(key for values in videos.values() for key in values))
    rows = [[name, *(values.get(key) for key in columns)] for name, values in videos.items()]
    return {"videos": wandb.Table(columns=["video", *columns], data=rows)} if rows else {}


def _media(reports: Path, scenes: list[SceneFigures]) -> dict[str, Any]:
    import wandb

    # A key per scene: W&B shows pictures of one key at one size, and scenes differ in theirs.
    logged: dict[str, Any] = {
        f"contact_sheets/{scene.name}": wandb.Image(str(reports / scene.sheet), caption=scene.name) for scene in scenes
    }
    clips = [(scene.name, reports / scene.mp4) for scene in scenes if scene.mp4]
    if clips:
        logged["clips"] = [wandb.Video(str(path), caption=name, format="mp4") for name, path in clips]
    return logged
