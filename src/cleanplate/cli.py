"""`cleanplate …`: the command line. Every command imports what it needs when it runs, so that help comes at once."""

import sys
from pathlib import Path
from typing import Any

import click

import cleanplate
from cleanplate.errors import CleanplateError

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

_EPILOG = """
\b
The pipeline is run by DVC, from the project's folder:
  dvc repro                             the default scenes with the default model
  dvc exp run -S model=aae              another model
  dvc exp run -S data=cdnet -S data.root=/path/to/cdnet
"""


class _Commands(click.Group):
    """Turns an error that a user can mend into one line and exit code 2."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except CleanplateError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(2)


@click.group(cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(cleanplate.__version__)
def main() -> None:
    """The picture of a scene with nobody in it: learn it, cut out the foreground, score it by the official rules."""


@main.command()
@click.argument("source")
@click.option(
    "-m", "--model", required=True, metavar="MODEL", help="Name of a model (`cleanplate models`), or a checkpoint."
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
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="An option of the model; may be given again."
)
@click.option("--background", type=click.Path(path_type=Path), help="Picture for --write replaced.")
@click.option("--raw", default="", metavar="WxH[@FPS]", help="Standard input is raw bgr24 pictures of this size.")
@click.option("--resume", is_flag=True, help="Go on where a run that was stopped had come to.")
@click.option("--overwrite", is_flag=True, help="Replace what lies in OUT.")
@click.option("--show", is_flag=True, help="Show a live window; q closes it and ends.")
@click.option(
    "--retries", default=10, show_default=True, type=click.IntRange(min=1), help="To find a lost camera again."
)
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
@click.argument("source")
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
@click.option("-m", "--model", "models", multiple=True, metavar="MODEL", help="Try this one too; may be given again.")
@click.option(
    "--speed", default=0.0, type=click.FloatRange(min=0), metavar="FPS", help="Frames per second that are needed."
)
@click.option("--live", is_flag=True, help="In the end it will be live: nothing can be fitted on a whole recording.")
@click.option("--raw", default="", metavar="WxH[@FPS]", help="Standard input is raw bgr24 pictures of this size.")
@click.option(
    "--retries", default=10, show_default=True, type=click.IntRange(min=1), help="To find a lost camera again."
)
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


@main.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write the scores to this file.")
@click.option("--scene", "scenes", multiple=True, help="Score only this <category>/<video>; may be given again.")
@click.option("--threads", default=2, show_default=True, type=click.IntRange(min=1), help="Threads that decode.")
def evaluate(dataset: Path, results: Path, json_path: Path | None, scenes: tuple[str, ...], threads: int) -> None:
    """Score the masks in RESULTS against DATASET by the official CDnet 2014 rules.

    DATASET holds <category>/<video>/{input,groundtruth,ROI.bmp,temporalROI.txt}, RESULTS holds
    <category>/<video>/bin000001.png, …, from any program.

    \b
    Example:
      cleanplate evaluate /data/cdnet2014 results --json scores.json
    """  # noqa: D301
    from cleanplate.pipeline.evaluate_folder import evaluate_command

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
@click.option("--model", "models", multiple=True, help="Measure only this model; may be given again.")
@click.option("--scene", "scenes", multiple=True, help="Measure only on this <category>/<video>; may be given again.")
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


@main.command()
@click.argument("name", metavar="[SET]", required=False)
@click.option("--part", "parts", multiple=True, help="Only this part; may be given again.  [default: the whole set]")
@click.option("--to", type=click.Path(path_type=Path), help="Folder of the set.  [default: data/raw/SET]")
@click.option("--check", is_flag=True, help="Fetch nothing; say what is missing in --to and what is extra.")
@click.option("--list", "listing", is_flag=True, help="Fetch nothing; say what there is, with sizes and licences.")
@click.option("--keep-archive", is_flag=True, help="Leave the archives in --to/archives when they are unpacked.")
def download(name: str | None, parts: tuple[str, ...], to: Path | None, **choices: Any) -> None:
    """Fetch a set (cdnet, coco, sbmnet, sbi, lasiesta), verify it, and bring it into the layout that is read here.

    A download that broke or was stopped goes on where it was, with the same command. Checksums are compared before
    anything is unpacked. A proxy is taken from HTTP_PROXY and HTTPS_PROXY. Sets whose site wants a person are not
    fetched; the command says what to do. Exit code 1 tells that something is missing in the end, 130 that it was
    stopped.

    \b
    Examples:
      cleanplate download --list
      cleanplate download cdnet --part baseline --part shadow/cubicle
      cleanplate download coco --part val2017 --to /data/coco
      cleanplate download cdnet --to /data/cdnet2014 --check
    """  # noqa: D301
    from cleanplate.pipeline.download import download_command

    try:
        if not download_command(name, parts, to, **choices):
            sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


@main.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option("--to", required=True, type=click.Choice(("onnx", "torchscript")), help="Format of the file.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="The file.  [default: CHECKPOINT, its suffix replaced]"
)
def export(checkpoint: Path, to: str, out: Path | None) -> None:
    """Write the fitted model in CHECKPOINT as one file that runs without cleanplate.

    Pre-processing, background, network, threshold and frame size are inside. It takes uint8 BGR frames [N, H, W, 3] and
    gives mask, score and background. `cleanplate apply -m` takes it as well. What can be exported: median, mean,
    trimmed_mean, mode, benet, lowmotion of a camera that stands still, plate on any of these, pairnet.

    \b
    Examples:
      cleanplate apply my.mp4 -m plate -o plate.ckpt
      cleanplate export plate.ckpt --to onnx
      cleanplate apply my.mp4 -m plate.onnx -o masks.mp4
    """  # noqa: D301
    from cleanplate.engine.export import export as write

    written = write(checkpoint, to, out)
    click.echo(f"{written}: {written.stat().st_size / 1e6:.1f} MB")


@main.command()
def models() -> None:
    """List the models: family, league, whether they learn online, parameters for a 320×240 frame, paper."""
    from cleanplate.models import available
    from cleanplate.report.tables import print_models

    print_models(available())


@main.command()
def doctor() -> None:
    """Check this environment: versions, the accelerator, and that exactly one cv2 is installed."""
    from cleanplate.doctor import examine

    findings = examine()
    for finding in findings:
        click.echo(f"{'ok  ' if finding.well else 'BAD '} {finding.what}")
    if not all(finding.well for finding in findings):
        sys.exit(1)


if __name__ == "__main__":
    main()
