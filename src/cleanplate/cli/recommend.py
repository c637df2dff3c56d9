"""`cleanplate recommend`."""

import sys
from pathlib import Path
from typing import Any

import click

from cleanplate.cli import completion, options
from cleanplate.cli.group import main


@main.command()
@click.argument("source", shell_complete=completion.file)
@click.option(
    "-o",
    "--out",
    default=Path("recommend"),
    show_default=True,
    type=click.Path(path_type=Path, readable=False),
    help="Folder for the pictures and numbers.",
)
@click.option(
    "--frames",
    default=200,
    show_default=True,
    type=click.IntRange(min=10),
    metavar="N",
    help="Look at N frames at most.",
)
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="MODEL",
    shell_complete=completion.model,
    help="Try this one too; may be given again.",
)
@click.option(
    "--speed", default=0.0, type=click.FloatRange(min=0), metavar="FPS", help="Frames per second that are needed."
)
@click.option("--live", is_flag=True, help="In the end it will be live: nothing can be fitted on a whole recording.")
@click.option("--raw", default="", metavar="WxH[@FPS]", help="Standard input is raw bgr24 pictures of this size.")
@options.RETRIES
def recommend(source: str, out: Path, **choices: Any) -> None:
    """Say which model to choose for SOURCE, and why.

    Runs the fast models (median, lowmotion, plate, mog2, knn, and each --model) on a sample of SOURCE, which is
    whatever `cleanplate apply` takes: short stretches spread over a recording, the first frames of a camera. Measures,
    without labels, whether the camera shakes, pans or zooms, whether the light changes, whether the background is
    restless, and whether anybody stays in one place.

    \b
    For each model a row is printed:
      learns              offline: is fitted first; online: starts at once
      fit s               seconds to learn the sample
      frames/s            in one process, on this machine
      foreground          share of the picture, over the sample
      background changes  grey levels, from one moment to the next
      agrees              F of its masks against the other models', 1 is alike

    \b
    Rules, one after the other, as long as a model is left; the best of those left on real scenes is recommended:
      --live, or a camera   only models that learn online
      --speed, or a camera  only those that were measured to be fast enough
      camera moves          plate, lowmotion: no other follows it
      much is covered       not median, where that is so half of the time
      somebody stays        none that learns online, which takes who stays for background
      light changes         none that learns online, which follows late

    OUT gets sheet.png, the models' pictures side by side, and recommend.json, all numbers and reasons.

    \b
    Examples:
      cleanplate recommend my.mp4
      cleanplate recommend frames/ --speed 150 -o choice
      cleanplate recommend my.mp4 --live --model cnt
      cleanplate recommend 0 --frames 300
    """  # noqa: D301
    from cleanplate.apps.recommend.command import RecommendOptions, recommend_command

    try:
        recommend_command(RecommendOptions(source, out, **choices), lambda text: click.echo(text, err=True))
    except KeyboardInterrupt:
        sys.exit(130)
