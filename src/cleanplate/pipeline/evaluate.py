"""Stage `evaluate`: scores the masks by the official rules, and the saved scores at every threshold."""

import csv
import json
from dataclasses import fields
from functools import partial
from pathlib import Path

import numpy as np

from cleanplate.config import Config
from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.io.images import read_gray
from cleanplate.metrics.functional.sweep import LEVELS, Histograms, curve_of, score_histograms
from cleanplate.pipeline import stage
from cleanplate.pipeline.scores import Scores
from cleanplate.pipeline.scoring import score_results
from cleanplate.report.tables import print_scores
from cleanplate.utils.files import replacing


def run(config: Config) -> None:
    """Writes `reports/metrics.json`, of it `summary.json` for `dvc exp show`, CSV tables, and `plots/sweep.csv`.

    Scenes without ground truth are left out; where none has any, the files hold no rows.
    """
    scores, histograms = Scores(), {}
    for name in config.runs:
        plan = json.loads((stage.RUNS / f"{name}.json").read_text())
        for entry in plan["predict"]:
            scene = entry["scene"]
            folder = stage.scene_predictions(name, scene)
            if read_cdnet(stage.SEQUENCES / scene, scene, config.data.on_corrupt).truth is None:
                print(f"{scene}: no ground truth, not scored")
                continue
            # A run that is a scene keeps it at the root of the predictions, as a submission does.
            root = stage.PREDICTIONS if name == scene else stage.PREDICTIONS / name
            score = partial(score_results, stage.SEQUENCES, root, scenes=[scene], threads=config.evaluate.threads)
            learnt = frozenset(entry.get("exclude", ()))
            _add(scores, score(exclude={scene: learnt}))
            if learnt:
                scores.customary.update(score().counts)
            histograms[scene] = _histograms(config, scene, folder, learnt)
    print_scores(scores.to_dict())
    scores.write_json(stage.REPORTS / "metrics.json")
    scores.write_summary(stage.REPORTS / "summary.json")
    scores.write_csv(stage.REPORTS)
    with replacing(stage.REPORTS / "plots") as folder:
        folder.mkdir()
        _write_sweep(folder / "sweep.csv", histograms)


def _add(scores: Scores, more: Scores) -> None:
    for part in fields(Scores):
        getattr(scores, part.name).update(getattr(more, part.name))


def _histograms(config: Config, scene: str, predictions: Path, left_out: frozenset[int]) -> Histograms:
    sequence = read_cdnet(stage.SEQUENCES / scene, scene, config.data.on_corrupt)
    first, last = sequence.temporal_roi or (0, sequence.numbers[-1])
    total = np.zeros((2, LEVELS), np.int64)
    for path in sorted((predictions / "score").glob("score*.png")):
        number = int(path.stem.removeprefix("score"))
        counts = first <= number <= last and number not in left_out
        truth = sequence.truth.read(number) if sequence.truth and counts else None
        if truth is not None:
            total += score_histograms(read_gray(path), truth, sequence.roi)
    return total


def _write_sweep(path: Path, histograms: dict[str, Histograms]) -> None:
    """One row per scene and threshold; where a row says nothing new, it is left out."""
    with path.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["scene", "threshold", "precision", "recall", "f_measure"])
        for scene, counts in histograms.items():
            curve = curve_of(counts)
            for threshold in range(1, LEVELS):
                if counts[:, threshold - 1].any():
                    values = (curve.precision[threshold], curve.recall[threshold], curve.f_measure[threshold])
                    table.writerow([scene, threshold, *(f"{value:.6f}" for value in values)])


if __name__ == "__main__":
    stage.main(run)
