"""`cleanplate apply`."""

import sys
from pathlib import Path
from typing import Any

import click

from cleanplate.cli import completion, options
from cleanplate.cli.group import main

# As `cleanplate.apps.apply.outputs.KINDS`, which would be slow to import for help; a test holds the two together.
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
    default="plate",  # as `cleanplate.apps.apply.command.DEFAULT_MODEL`
    show_default=True,
    metavar="MODEL",
    shell_complete=completion.model_or_file,
    help="Name of a model (`cleanplate models`), or a checkpoint.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, readable=False),
    help="Folder, or file whose suffix decides.  [default: NAME_cleanplate beside SOURCE]",
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
def apply(source: str, model: str, out: Path | None, **choices: Any) -> None:
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

    Without -o, the folder NAME_cleanplate beside SOURCE gets overlay, masks and sheet, or what --write names.

    Ctrl-C ends cleanly, with everything written so far valid, and exit code 130. Pictures and tables can be gone on
    with: --resume. A camera that is lost is looked for again, with longer and longer pauses.

    \b
    Examples:
      cleanplate apply my.mp4
      cleanplate apply my.mp4 -m plate -o masks.mp4
      cleanplate apply frames/ -m median -o out --write masks --write overlay --write csv
      cleanplate apply 0 -m mog2 -o out --write csv --show
      cleanplate apply rtsp://camera/stream -m median --fit 300 -o out --write overlay
      ffmpeg -i in.mp4 -f mjpeg - | cleanplate apply - -m mog2 -o masks.mp4
    """  # noqa: D301
    from cleanplate.apps.apply.command import ApplyOptions, apply_command

    try:
        if not apply_command(ApplyOptions(source, model, out, **choices), lambda text: click.echo(text, err=True)):
            sys.exit(130)
    except KeyboardInterrupt:
        sys.exit(130)
