"""Stage `report`: contact sheets, clips, the page, and the W&B run of the evaluation."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cleanplate.config import Config
from cleanplate.data import open_sequence
from cleanplate.data.io.images import write_image
from cleanplate.data.io.results import VideoResults
from cleanplate.errors import DataError
from cleanplate.models import registry
from cleanplate.pipeline import stage
from cleanplate.pipeline.report_tracking import track_evaluation
from cleanplate.report.clips import foreground_frames, side_by_side, write_gif, write_mp4
from cleanplate.report.contact_sheet import contact_sheet
from cleanplate.report.page import Page, SceneFigures, render
from cleanplate.report.scene import SceneResult
from cleanplate.report.tabular import precision_recall_charts, training_charts
from cleanplate.utils.files import replacing


def run(config: Config, project: Path = Path()) -> None:
    """Shows what lies on disk: `reports/figures/` and `reports/index.html`, then logs it to W&B.

    Args:
        config: the configuration that made it.
        project: the folder with `data/` and `reports/`.

    Raises:
        DataError: if a scene has no predictions, or a file is broken.
    """
    reports = project / stage.REPORTS
    metrics = read_metrics(reports / "metrics.json")
    plans = [json.loads((project / stage.RUNS / f"{name}.json").read_text()) for name in config.runs]
    tested = [(plan["run"], entry["scene"]) for plan in plans for entry in plan["predict"]]
    folders = {scene: predictions_of(project, run, scene) for run, scene in tested}
    league = plans[0]["league"] or registry.model_class(config.model.name).league
    with replacing(reports / "figures") as figures:
        scenes = [_draw(config, project, scene, folder, figures, metrics, league) for scene, folder in folders.items()]
    with replacing(reports / "index.html") as page:
        page.write_text(render(_page(config, project, metrics, scenes, league)), encoding="utf-8")
    track_evaluation(config, project, metrics, scenes, folders)


def read_metrics(path: Path) -> dict[str, Any]:
    """What the evaluate stage wrote; empty where no video has ground truth.

    Raises:
        DataError: if the file is no JSON object.
    """
    if not path.is_file():
        return {}
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path}: no valid JSON: {error}; run the evaluate stage again") from error
    if not isinstance(metrics, dict):
        raise DataError(f"{path}: must hold videos, categories and overall")
    return metrics


def predictions_of(project: Path, run: str, scene: str) -> Path:
    """Where the masks of a scene are that a run was tested on.

    Raises:
        DataError: naming the place, where there are none.
    """
    place = project / stage.scene_predictions(run, scene)
    if not VideoResults(place).has_masks():
        raise DataError(f"{place}: no masks there for {scene}; run the predict stage first")
    return place


def _draw(
    config: Config, project: Path, scene: str, folder: Path, figures: Path, metrics: Mapping[str, Any], league: str
) -> SceneFigures:
    location = project / stage.SEQUENCES / scene
    result = SceneResult(open_sequence(location, scene, config.data.on_corrupt), folder)
    score = ((metrics.get("videos") or {}).get(scene) or {}).get("f_measure")
    subtitle = " · ".join([config.model.name, league, *([] if score is None else [f"F-measure {score:.4f}"])])
    write_image(figures / scene / "sheet.png", contact_sheet(result, subtitle=subtitle))
    window, fps = result.liveliest(config.report.clip_frames), config.report.clip_fps
    write_gif(figures / scene / "foreground.gif", foreground_frames(result, window), fps)
    write_mp4(figures / scene / "clip.mp4", side_by_side(result, window), fps)
    base = f"figures/{scene}"
    return SceneFigures(scene, f"{base}/sheet.png", f"{base}/foreground.gif", f"{base}/clip.mp4")


def _page(config: Config, project: Path, metrics: Mapping[str, Any], scenes: list[SceneFigures], league: str) -> Page:
    model = registry.model_class(config.model.name)
    charts = precision_recall_charts(sorted((project / stage.REPORTS / "plots").glob("*.csv")))
    for name in config.runs:
        curves = project / stage.MODELS / name / "curves.csv"
        if curves.is_file():
            charts += training_charts(curves, name)
    facts = {"model": config.model.name, "family": model.family, "league": league, "after": model.paper}
    facts["data"] = f"{config.data.name}, {len(scenes)} scene{'' if len(scenes) == 1 else 's'}"
    text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    return Page(f"cleanplate: {config.model.name}", facts, metrics, scenes, charts, text)


if __name__ == "__main__":
    from cleanplate.pipeline import stage

    stage.main(run)
