"""`capture`, `annotate`: pictures of one's own to learn from, in a window."""

import sys
from pathlib import Path
from typing import Any

import click

from cleanplate.cli import completion, options
from cleanplate.cli.group import main


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
    """Take pictures before a camera, to train a model of your own on: the scene with nobody in it, then with people.

    \b
    SOURCE is
      the number of a webcam (default 0), an rtsp:// or http:// address,
      or a video, a folder of pictures or a glob in quotes, which are played again and again.

    \b
    Press a button by a mouse click, by its key, or by holding a palm in it for a moment:
      Bkg  b   after a countdown takes the scene with nobody in it, which begins a set
      Sav  s   after a countdown saves a picture to that set; as often as you like
      Ext  q   ends the program
           h   shows the keys
    Both countdowns may run at once. Take the background again whenever camera or light has changed.

    \b
    OUT gets
      set1/bkg.png             the background
      set1/0.png, 1.png, …     pictures with people, of the same set
      set2/…                   from the next background on
    as they come from the camera, mirrored as they are shown, with nothing drawn on them. Numbers go on where they are;
    nothing that lies there is written over.

    Palms need weights that `cleanplate download palm` fetches once. Without them mouse and keys work.

    \b
    Examples:
      cleanplate capture
      cleanplate capture 1 -o images -b 8 -s 3
      cleanplate capture rtsp://camera/stream --no-mirror
      cleanplate capture party.mp4 --no-palms
    """  # noqa: D301
    from cleanplate.camera.capture.program import Asked, capture_command

    try:
        capture_command(Asked(source, out, **choices), lambda text: click.echo(text, err=True))
    except KeyboardInterrupt:
        sys.exit(130)


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
    """Draw around what is foreground in the pictures of FOLDER: masks to train a model of your own on.

    \b
    FOLDER is
      a folder of sets (set1/bkg.png, set1/0.png, …), as `cleanplate capture` makes it,
      one such set, or any folder of pictures.

    Pictures that have a mask are passed over, so that you can stop and go on whenever you like; p goes back to them,
    and their outlines can be changed. A model proposes an outline, dashed: a takes it over, to be corrected.

    \b
    left click         next corner; on the first one, or with enter or c: closed; dragged: moves a corner
    right click        done: closes an open outline, saves, goes to the next picture; with nothing drawn: nobody there
    e                  nobody there: removes all, saves, goes on
    backspace, esc     removes the last corner, the open outline
    x, delete          removes the outline under the mouse
    o                  holes on and off: what is closed then is cut out of what is there
    u, r               undo, redo
    a, g               take the proposal, ask for one
    n, p               next, previous picture; saves what has changed
    wheel, +, -, 0     zoom, 0 shows the whole picture; arrows or the middle button move it
    m, b               tint, outlines or mask alone; the background
    h, q               help, quit; everything is saved then

    \b
    Written beside K.png:
      K_mask.png         8-bit grey, 255 inside, 0 outside; corners and lines belong to the inside
      K.json             labelme: corners as middles of pixels; a hole is a shape called hole
      annotations.json   COCO, for --json coco: one file per folder; outlines with holes as run lengths
    The mask is the truth: labelme knows no holes, and other programs draw an outline up to a pixel differently.

    \b
    Examples:
      cleanplate annotate captured
      cleanplate annotate captured --set 3 --json coco
      cleanplate annotate photos/ --label dog -m unet.ckpt
      dvc exp run -S data=capture -S data.root=$PWD/captured -S model=pairnet
    """  # noqa: D301
    from cleanplate.camera.annotate.command import Asked, annotate_command

    try:
        annotate_command(Asked(folder, **choices), lambda text: click.echo(text, err=True))
    except KeyboardInterrupt:
        sys.exit(130)
