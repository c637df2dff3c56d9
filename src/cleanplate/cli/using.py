"""`apply`, `recommend`: a model at work on one's own pictures."""

import sys
from pathlib import Path
from typing import Any

import click

from cleanplate.cli import completion, options
from cleanplate.cli.group import main

# As `cleanplate.apps.apply.kinds.KINDS`, which would be slow to import for help; a test holds the two together.
_WRITTEN = (
    "masks",
    "mask-video",
    "backgrounds",
    "overlay",
    "foreground",
    "cutout",
    "cutout-video",
    "replaced",
    "blurred",
    "sheet",
    "csv",
    "model",
)


@main.command()
@click.argument("source", shell_complete=completion.file)
@click.option(
    "-m",
    "--model",
    required=True,
    metavar="MODEL",
    shell_complete=completion.model_or_file,
    help="Name of a model (`cleanplate models`), or a checkpoint.",
)
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path, readable=False),
    help="Folder, or file whose suffix decides.",
)
@click.option(
    "--write",
    multiple=True,
    type=click.Choice(_WRITTEN),
    metavar="KIND",
    help="What to write, as above; may be given again.",
)
@click.option("--fit", type=click.IntRange(min=1), metavar="N", help="Fit the model to the first N frames.")
@options.SETTINGS
@click.option(
    "--rate",
    default=-1.0,
    type=click.FloatRange(-1, 1),
    metavar="R",
    help="How fast it goes on learning online, such as 0.005; 0 freezes.  [default: as the model has it]",
)
@click.option("--background", type=click.Path(path_type=Path), help="Picture for --write replaced.")
@click.option("--raw", default="", metavar="WxH[@FPS]", help="Standard input is raw bgr24 pictures of this size.")
@click.option("--resume", is_flag=True, help="Go on where a run that was stopped had come to.")
@click.option("--overwrite", is_flag=True, help="Replace what lies in OUT.")
@click.option("--show", is_flag=True, help="Show a live window; q closes it and ends.")
@options.RETRIES
def apply(source: str, model: str, out: Path, **choices: Any) -> None:
    """Cut the foreground out of SOURCE and write masks, overlays, cut-outs, tables.

    \b
    SOURCE is
      a video file or GIF, a folder of pictures, a glob in quotes,
      the number of a webcam (0), an rtsp:// or http:// address,
      - for standard input: MJPEG, MPEG-TS, Matroska, AVI, Y4M or fragmented MP4;
        with --raw 640x480 raw bgr24 pictures.

    \b
    MODEL is a name or a checkpoint. Models that learn offline are fitted first: to the whole of a recording, to 200
    frames of a camera, or to the first N with --fit N. Those that learn online start at once.

    \b
    --write, each under its name if OUT is a folder:
      masks          bin000001.png, …: 255 foreground, 127 shadow (default for pictures)
      mask-video     masks.mp4 (default for a video)
      backgrounds    background/bg000001.png, where it changes
      overlay        overlay.mp4: foreground tinted
      foreground     foreground.gif: foreground on the dimmed clean plate
      cutout         cutout/cut000001.png with alpha
      cutout-video   cutout.webm: VP9 with alpha
      replaced       replaced.mp4: before the picture of --background
      blurred        blurred.mp4: before the blurred background
      sheet          sheet.png: a few eventful frames
      csv            frames.csv: share of foreground and boxes, per frame
      model          model.ckpt: the fitted model, for -m
    A file OUT is a mask video (.mp4, .mov, .mkv), foreground (.gif), cut-out (.webm), table (.csv), sheet (.png)
    or model (.ckpt); with one --write a video of that.

    Ctrl-C ends cleanly, with everything written so far valid, and exit code 130. Pictures and tables can be gone on
    with: --resume. A camera that is lost is looked for again, with longer and longer pauses.

    \b
    Examples:
      cleanplate apply my.mp4 -m plate -o masks.mp4
      cleanplate apply frames/ -m median -o out --write masks --write overlay --write csv
      cleanplate apply 0 -m mog2 -o out --write csv --show
      cleanplate apply rtsp://camera/stream -m median --fit 300 -o out --write overlay
      ffmpeg -i in.mp4 -f mjpeg - | cleanplate apply - -m mog2 -o masks.mp4
    """  # noqa: D301
    from cleanplate.apps.apply.command import Asked, apply_command

    try:
        if not apply_command(Asked(source, model, out, **choices), lambda text: click.echo(text, err=True)):
            sys.exit(130)
    except KeyboardInterrupt:
        sys.exit(130)


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
    from cleanplate.apps.recommend.command import Asked, recommend_command

    try:
        recommend_command(Asked(source, out, **choices), lambda text: click.echo(text, err=True))
    except KeyboardInterrupt:
        sys.exit(130)
