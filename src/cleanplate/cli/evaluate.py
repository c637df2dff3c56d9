"""`cleanplate evaluate`."""

from pathlib import Path

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
