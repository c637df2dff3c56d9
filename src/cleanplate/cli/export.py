"""`export`: a fitted model for other programs and machines."""

from pathlib import Path

import click

from cleanplate.cli.group import main


class _FrameSize(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click only
    """`WIDTHxHEIGHT` as height and width."""

    name = "WIDTHxHEIGHT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        width, by, height = str(value).lower().partition("x")
        if not (by and width.isdecimal() and height.isdecimal()):
            self.fail(f"{value!r} is no size, such as 320x240", param, ctx)
        return int(height), int(width)


# As `cleanplate.engine.export.FORMATS`, which would be slow to import for help; a test holds the two together.
_FORMATS = ("onnx", "openvino", "torchscript")


@main.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option("--to", required=True, type=click.Choice(_FORMATS), help="Format of the file.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="The file.  [default: CHECKPOINT, its suffix replaced]"
)
@click.option("--size", type=_FrameSize(), help="Of the frames, for a model that takes any.")
@click.option("--adaptive", is_flag=True, help="Let the file go on learning online, at a learning rate above 0.")
@click.option("--int8", is_flag=True, help="The network in 8 bits; what that costs is measured and printed.")
@click.option(
    "--calibrate", default="", metavar="SOURCE", help="Frames of the scene for --int8, as `apply` takes them."
)
def export(
    checkpoint: Path,
    to: str,
    out: Path | None,
    size: tuple[int, int] | None,
    adaptive: bool,
    int8: bool,
    calibrate: str,
) -> None:
    """Write the fitted model in CHECKPOINT as one file that runs without cleanplate.

    Pre-processing, background, network, threshold and frame size are inside. It takes uint8 BGR frames [N, H, W, 3] and
    gives mask, score and background. `cleanplate apply -m` takes it as well. Models that remember, and those written
    with --adaptive, also take a learning rate and what they remember, and give it back for the next frame. Models that
    cannot be exported say which can.

    \b
    --to
      onnx         model.onnx, for ONNX Runtime and others
      openvino     model.openvino, a plain zip of OpenVINO's model.xml and model.bin: one frame at a time
      torchscript  model.torchscript, for torch

    --int8 is for onnx and openvino. It is calibrated with up to 64 evenly spaced frames of --calibrate; every second
    one is kept back, and the masks in 8 bits are compared there with those in 32, and with ground truth where SOURCE is
    a folder in the CDnet layout that has any.

    \b
    Examples:
      cleanplate apply my.mp4 -m plate -o plate.ckpt
      cleanplate export plate.ckpt --to onnx
      cleanplate apply my.mp4 -m plate.onnx -o masks.mp4
      cleanplate export plate.ckpt --to openvino --int8 --calibrate my.mp4
    """  # noqa: D301
    from cleanplate.engine.export import export as write
    from cleanplate.models.exported import load_exported

    written = write(checkpoint, to, out, size=size, adaptive=adaptive, int8=int8, calibrate=calibrate)
    model = load_exported(written)  # what cannot be read back is told now
    click.echo(f"{written}: {written.stat().st_size / 1e6:.1f} MB")
    for line in model.summary():
        click.echo(f"  {line}")
