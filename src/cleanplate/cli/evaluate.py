"""`cleanplate evaluate` and `cleanplate benchmark`: the score of results, and of models."""

import sys
from pathlib import Path
from typing import Any

import click

from cleanplate.cli import completion
from cleanplate.cli.group import main


@main.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write the scores to this file.")
@click.option(
    "--scene",
    "scenes",
    multiple=True,
    shell_complete=completion.scene,
    help="Score only this <category>/<video>; may be given again.",
)
@click.option("--threads", default=2, show_default=True, type=click.IntRange(min=1), help="Threads that decode.")
def evaluate(dataset: Path, results: Path, json_path: Path | None, scenes: tuple[str, ...], threads: int) -> None:
    """Score the masks in RESULTS against DATASET by the official CDnet 2014 rules.

    DATASET holds <category>/<video>/{input,groundtruth,ROI.bmp,temporalROI.txt}, RESULTS holds
    <category>/<video>/bin000001.png, …, from any program.

    \b
    Example:
      cleanplate evaluate /data/cdnet2014 results --json scores.json
    """  # noqa: D301
    from cleanplate.pipeline.scoring import evaluate_command

    evaluate_command(dataset, results, json_path, list(scenes) or None, threads)


@main.command()
@click.option(
    "--data",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="Holds <category>/<video> in the CDnet layout; may be given again.",
)
@click.option("--to", default=Path("reports/benchmark.csv"), show_default=True, type=click.Path(path_type=Path))
@click.option(
    "--model",
    "models",
    multiple=True,
    shell_complete=completion.model,
    help="Measure only this model; may be given again.",
)
@click.option(
    "--scene",
    "scenes",
    multiple=True,
    shell_complete=completion.scene,
    help="Measure only on this <category>/<video>; may be given again.",
)
@click.option("--set", "settings", multiple=True, metavar="MODEL.KEY=VALUE", help="A value that is not the default.")
@click.option("--plugin", "plugins", multiple=True, help="A module to import, which registers further models.")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(min=1), help="Runs at a time.")
@click.option("--limit", type=click.FloatRange(min=0, min_open=True), help="Seconds that a run may take.")
@click.option("--again", is_flag=True, help="Measure what is in the table, too.")
def benchmark(data: tuple[Path, ...], to: Path, **choices: Any) -> None:
    """Measure every unsupervised model on every scene: F, AGE, seconds of training, frames per second.

    A row is kept as soon as it is there: a benchmark that was stopped goes on where it was, a run that fails does not
    stop the rest and is tried again the next time. Exit code 1 tells that a run failed, 130 that it was stopped. The
    table is written as Markdown beside the CSV.

    \b
    Example:
      cleanplate benchmark --data /data/cdnet2014 --model median --model ae
    """  # noqa: D301
    from cleanplate.pipeline.benchmark import benchmark_command

    try:
        if not benchmark_command(data, to, **choices):
            sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
