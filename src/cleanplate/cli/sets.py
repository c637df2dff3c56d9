"""`download`: the public sets."""

import sys
from pathlib import Path
from typing import Any

import click

from cleanplate.cli.group import main


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
