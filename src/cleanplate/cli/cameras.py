"""`live`, `mirror`: what a model makes of a scene, in a window."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from cleanplate.cli import options
from cleanplate.cli.group import main


@main.command()
@options.CAMERA
@options.CAMERA_MODEL
@options.SETTINGS
@options.countdown("--seconds", "", 5.0, "it learns: time to step out of the picture")
@options.learning_time(4.0)
@click.option(
    "--learn-frames", default=0, type=click.IntRange(min=0, max=2000), metavar="N", help="So many frames instead."
)
@options.kept_in("live", "-o", "--out")
@click.option(
    "--adapt",
    default=0.005,
    show_default=True,
    type=click.FloatRange(min=0, max=1),
    help="How fast models that can do so follow the light; 0 not at all.",
)
@click.option(
    "--background", type=click.Path(path_type=Path), metavar="PICTURE", help="A further view: before this picture."
)
@click.option(
    "--mirror/--no-mirror", default=None, help="Show mirrored pictures.  [default: of a webcam mirrored, else not]"
)
@options.RETRIES
def live(
    source: str, seconds: float, learn_seconds: float, learn_frames: int, settings: tuple[str, ...], **choices: Any
) -> None:
    """See, before a camera, what a model takes for foreground: leave the picture, let it learn, come back.

    \b
    SOURCE is
      the number of a webcam (default 0), an rtsp:// or http:// address,
      or a video, a folder of pictures or a glob in quotes, which are played again and again.

    After a countdown the empty scene is looked at for some seconds, and the model is fitted to it. Then foreground is
    shown tinted, and in a window beside it the background as the model has it. Models that learn online (mog2, knn) and
    checkpoints that were fitted to this camera start at once.

    \b
    Keys:
      l  learns again, from the countdown on
      f  freezes: nothing more is learnt from what is seen; again to go on
      m  another view: overlay, mask, cut out on green, before the blurred background,
         before the picture of --background
      g  background window on and off
      s  snapshot: frame, mask, background and overlay
      r  begins and ends a recording of what is shown
      h  shows the keys
      q  ends the program

    \b
    OUT gets
      snapshot-001-frame.png, snapshot-001-mask.png, …
      recording-001.mp4, …
    Numbers go on where they are; nothing that lies there is written over.

    \b
    Examples:
      cleanplate live
      cleanplate live 1 -m mog2
      cleanplate live -m pairnet.ckpt --seconds 8 --background beach.jpg
      cleanplate live -m median --set foreground.threshold=40 --adapt 0
      cleanplate live corridor.mp4 --learn-frames 60 -o demo.mp4
    """  # noqa: D301
    from cleanplate.camera.live.learning import Timing
    from cleanplate.camera.live.program import Asked, live_command

    timing = Timing(seconds, learn_seconds, learn_frames)
    try:
        ended = live_command(Asked(source, settings=settings, timing=timing, **choices), _tell)
    except KeyboardInterrupt:
        sys.exit(130)
    _leave(ended)


@main.command()
@options.CAMERA
@options.CAMERA_MODEL
@options.SETTINGS
@options.countdown("--seconds", "", 3.0, "it learns: time to step out of the picture")
@options.learning_time(3.0)
@options.kept_in("mirror", "-o", "--record")
@click.option("--shadow/--no-shadow", default=True, show_default=True, help="The double throws the person's shadow.")
@options.RETRIES
def mirror(source: str, seconds: float, learn_seconds: float, settings: tuple[str, ...], **choices: Any) -> None:
    """Play with yourself: your mirrored double comes into the picture.

    \b
    SOURCE is
      the number of a webcam (default 0), an rtsp:// or http:// address,
      or a video, a folder of pictures or a glob in quotes, which are played again and again.

    \b
    Click, and leave the picture: the empty scene is learnt after a countdown. Come back, and
    click again: whoever is in the picture is in it twice, the double behind where both meet.
    Another click, and the double has gone.

    \b
    Keys:
      space  as a click
      l  learns the empty scene again
      d  the double on and off
      w  its shadow on and off
      s  snapshot: frame, mask, background and the picture with the double
      r  begins and ends a recording of what is shown
      h  shows the keys
      q  ends the program

    \b
    Examples:
      cleanplate mirror
      cleanplate mirror -o twins.mp4
      cleanplate mirror 1 -m median --seconds 6
      cleanplate mirror dancer.mp4 --no-shadow
    """  # noqa: D301
    from cleanplate.camera.live.learning import Timing
    from cleanplate.camera.live.mirror import Asked, mirror_command

    timing = Timing(seconds, learn_seconds)
    try:
        ended = mirror_command(Asked(source, settings=settings, timing=timing, **choices), _tell)
    except KeyboardInterrupt:
        sys.exit(130)
    _leave(ended)


def _tell(text: str) -> None:
    click.echo(text, err=True)


def _leave(ended: bool) -> None:
    """Ends the process at once where a model hangs in a thread, which would break it in the midst of its ending."""
    if not ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
