"""The camera programs: `capture`, `annotate`, `live`, `mirror`."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cleanplate.cli import completion, options
from cleanplate.cli.group import main

Options = TypeVar("Options")


@main.command()
@options.CAMERA
@click.option(
    "-o",
    "--out",
    default=Path("captured"),
    show_default=True,
    type=click.Path(path_type=Path, readable=False),
    help="Folder of the sets; new ones are added.",
)
@options.countdown("--background-seconds", "-b", 5.0, "the background is taken: time to step out of the picture")
@options.countdown("--save-seconds", "-s", 2.0, "a picture is saved: time to take a pose")
@click.option("--palms/--no-palms", default=True, show_default=True, help="Let palms press the buttons, too.")
@click.option("--mirror/--no-mirror", default=True, show_default=True, help="Show, and save, mirrored pictures.")
@options.RETRIES
def capture(source: str, out: Path, **choices: Any) -> None:
    """Take pictures in front of a camera, to train a model of your own: first the empty scene, then people in it.

    \b
    SOURCE is
      the number of a webcam (default 0), an rtsp:// or http:// address,
      or a video, a folder of pictures or a glob in quotes, which are played again and again.

    \b
    Press a button by a mouse click, by its key, or by holding a palm in it for a moment:
      Bkg  b   takes the empty scene after a countdown and begins a set
      Sav  s   saves a picture to that set after a countdown; as often as you like
      Ext  q   ends the program
           h   shows the keys
    Both countdowns may run at once. Take the background again whenever camera or light has changed.

    \b
    OUT gets
      set1/bkg.png             the background
      set1/0.png, 1.png, …     pictures with people, of the same set
      set2/…                   from the next background on
    with nothing drawn on them, mirrored as they are shown. Numbers continue; no file is overwritten.

    Palms need weights: run `cleanplate download palm` once. Mouse and keys work without them.

    \b
    Examples:
      cleanplate capture
      cleanplate capture 1 -o images -b 8 -s 3
      cleanplate capture rtsp://camera/stream --no-mirror
      cleanplate capture party.mp4 --no-palms
    """  # noqa: D301
    from cleanplate.camera.capture.program import CaptureOptions, capture_command

    _run(capture_command, CaptureOptions(source, out, **choices))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, readable=False))
@click.option("--set", "number", type=click.IntRange(min=0), metavar="N", help="Only the set setN of FOLDER.")
@click.option(
    "-m",
    "--model",
    default="",
    metavar="MODEL",
    shell_complete=completion.model_or_file,
    help="Proposes masks: a name (`cleanplate models`) or a checkpoint; none for no proposals.  [default: plate, where "
    "there is a bkg.png to compare with]",
)
@click.option(
    "--json",
    default="labelme",
    show_default=True,
    type=click.Choice(("labelme", "coco", "both", "none")),
    help="What to write beside the masks.",
)
@click.option(
    "--label", default="person", show_default=True, metavar="WORD", help="What the outlines are called there."
)
@click.option("--again", is_flag=True, help="Begin at the first picture, also with those that have a mask.")
def annotate(folder: Path, **choices: Any) -> None:
    """Outline the foreground in the pictures of FOLDER: masks to train a model of your own.

    \b
    FOLDER is
      a folder of sets (set1/bkg.png, set1/0.png, …), as `cleanplate capture` makes it,
      one such set, or any folder of pictures.

    Pictures with a mask are skipped, so that you can stop and resume at any time; p goes back to them to change their
    outlines. A model proposes outlines, drawn dashed: a takes them. Correct them by holes and further outlines.

    \b
    left click         next corner; on the first one, or with enter or c: closed
    right click        done: closes an open outline, saves, next picture; with nothing drawn: nobody there
    e                  nobody there: removes all, saves, next picture
    backspace, esc     removes the last corner, the open outline
    x, delete          removes the outline under the mouse
    o                  holes on and off: a closed outline is cut out
    u, r               undo, redo
    a, g               take the proposal, ask for one
    n, p               next, previous picture; saves what has changed
    +, -, 0            zoom about the mouse, 0 shows the whole picture; arrows or the middle button move it
    m, b               tint, outlines or mask; the background
    h, q               help; save and quit

    \b
    Written beside K.png:
      K_mask.png         8-bit grey, 255 inside, 0 outside; corners and lines belong to the inside
      K.json             labelme: corners as pixel centres; a hole is a shape called hole
      annotations.json   COCO, for --json coco: one file per folder; outlines with holes as run lengths
    The mask is the truth: labelme has no holes, and other programs may draw an outline differently by a pixel.

    \b
    Examples:
      cleanplate annotate captured
      cleanplate annotate captured --set 3 --json coco
      cleanplate annotate photos/ --label dog -m unet.ckpt
      dvc exp run -S data=capture -S data.root=$PWD/captured -S model=pairnet
    """  # noqa: D301
    from cleanplate.camera.annotate.command import AnnotateOptions, annotate_command

    _run(annotate_command, AnnotateOptions(folder, **choices))


@main.command()
@options.CAMERA
@options.CAMERA_MODEL
@options.SETTINGS
@options.countdown("--seconds", "", 5.0, "it learns: time to step out of the picture")
@options.learning_time(4.0)
@click.option(
    "--learn-frames", default=0, type=click.IntRange(min=0, max=2000), metavar="N", help="Learn from N frames instead."
)
@options.output_folder("live", "-o", "--out")
@click.option(
    "--adapt",
    default=0.005,
    show_default=True,
    type=click.FloatRange(min=0, max=1),
    help="Learning rate of fitted models that follow the light; 0 switches it off.",
)
@click.option("--background", type=click.Path(path_type=Path), metavar="PICTURE", help="Adds a view: on this picture.")
@click.option("--mirror/--no-mirror", default=None, help="Show mirrored pictures.  [default: for a webcam]")
@options.RETRIES
def live(
    source: str, seconds: float, learn_seconds: float, learn_frames: int, settings: tuple[str, ...], **choices: Any
) -> None:
    """See a model's foreground in front of a camera: leave the picture, let it learn, come back.

    \b
    SOURCE is
      the number of a webcam (default 0), an rtsp:// or http:// address,
      or a video, a folder of pictures or a glob in quotes, which are played again and again.

    After a countdown the model is fitted to some seconds of the empty scene. Then the foreground is shown tinted, and
    the model's background in a second window. Models that learn online (mog2, knn) and checkpoints that were fitted to
    this camera start at once.

    \b
    Keys:
      l  learns again, from the countdown on
      f  freezes the model; again to go on
      m  another view: overlay, mask, cut out on green, on the blurred background,
         on the picture of --background
      g  background window on and off
      s  snapshot: frame, mask, background and overlay
      r  starts and stops a recording
      h  shows the keys
      q  quits

    \b
    OUT gets
      snapshot-001-frame.png, snapshot-001-mask.png, …
      recording-001.mp4, …
    Numbers continue; no file is overwritten.

    \b
    Examples:
      cleanplate live
      cleanplate live 1 -m mog2
      cleanplate live -m pairnet.ckpt --seconds 8 --background beach.jpg
      cleanplate live -m median --set foreground.threshold=40 --adapt 0
      cleanplate live corridor.mp4 --learn-frames 60 -o demo.mp4
    """  # noqa: D301
    from cleanplate.camera.live.options import LiveOptions, Timing
    from cleanplate.camera.live.program import live_command

    timing = Timing(seconds, learn_seconds, learn_frames)
    _run(live_command, LiveOptions(source, settings=settings, timing=timing, **choices))


@main.command()
@options.CAMERA
@options.CAMERA_MODEL
@options.SETTINGS
@options.countdown("--seconds", "", 3.0, "it learns: time to step out of the picture")
@options.learning_time(3.0)
@options.output_folder("mirror", "-o", "--record")
@click.option("--shadow/--no-shadow", default=True, show_default=True, help="The double casts the person's shadow.")
@options.RETRIES
def mirror(source: str, seconds: float, learn_seconds: float, settings: tuple[str, ...], **choices: Any) -> None:
    """Play with yourself: your mirrored double enters the picture.

    \b
    SOURCE is
      the number of a webcam (default 0), an rtsp:// or http:// address,
      or a video, a folder of pictures or a glob in quotes, which are played again and again.

    \b
    Click and leave the picture: after a countdown the empty scene is learnt.
    Come back and click again: you are in the picture twice, the double behind you.
    Another click hides the double.

    \b
    Keys:
      space  as a click
      l  learns the empty scene again
      d  the double on and off
      w  its shadow on and off
      s  snapshot: frame, mask, background and the picture with the double
      r  starts and stops a recording
      h  shows the keys
      q  quits

    \b
    Examples:
      cleanplate mirror
      cleanplate mirror -o twins.mp4
      cleanplate mirror 1 -m median --seconds 6
      cleanplate mirror dancer.mp4 --no-shadow
    """  # noqa: D301
    from cleanplate.camera.live.mirror import mirror_command
    from cleanplate.camera.live.options import MirrorOptions, Timing

    timing = Timing(seconds, learn_seconds)
    _run(mirror_command, MirrorOptions(source, settings=settings, timing=timing, **choices))


def _run(command: Callable[[Options, Callable[[str], None]], bool | None], options: Options) -> None:
    """Runs a camera program. Ends the process at once where a model still computes in a thread."""
    try:
        ended = command(options, lambda text: click.echo(text, err=True))
    except KeyboardInterrupt:
        sys.exit(130)
    if ended is False:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
