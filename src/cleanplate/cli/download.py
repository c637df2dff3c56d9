"""`download`: the public sets, and the weights that find palms."""

import sys
from pathlib import Path
from typing import Any

import click

from cleanplate.cli.group import main
from cleanplate.errors import ConfigError


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

    In place of a set, palm fetches the weights that find the palms of hands for the camera programs: by pip, into the
    user's cache folder, or $CLEANPLATE_HOME.

    \b
    Examples:
      cleanplate download --list
      cleanplate download cdnet --part baseline --part shadow/cubicle
      cleanplate download coco --part val2017 --to /data/coco
      cleanplate download cdnet --to /data/cdnet2014 --check
      cleanplate download palm
    """  # noqa: D301
    try:
        if name == "palm":
            whole = _palm(refused=bool(parts or to or choices["keep_archive"]), **choices)
        else:
            from cleanplate.pipeline.download import download_command

            whole = download_command(name, parts, to, **choices)
        if name is None and choices["listing"]:
            _palm(refused=False, **choices)
        if not whole:
            sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _palm(*, refused: bool, check: bool, listing: bool, **_: Any) -> bool:
    from cleanplate.acquire.palm_model import WHAT, download_palm_model, palm_model_path, palm_model_unmet

    if refused:
        raise ConfigError("palm is one file: no --part, --to or --keep-archive; CLEANPLATE_HOME says where to")
    if listing:
        click.echo(WHAT)
    elif check:
        unmet = palm_model_unmet()
        click.echo(unmet or f"{palm_model_path()}: whole")
        return not unmet
    else:
        download_palm_model(echo=click.echo)
    return True
