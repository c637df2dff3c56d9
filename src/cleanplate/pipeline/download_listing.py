"""Output of `cleanplate download`: the catalogue, the findings of a check, and progress bars."""

import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cleanplate.acquire.catalogue import CatalogueEntry, Part
from cleanplate.acquire.completeness import Findings
from cleanplate.utils.console import Advance
from cleanplate.utils.files import format_bytes

SHOWN = 20  # names of one kind, so that an absent dataset does not fill the screen


def print_catalogue(entries: Iterable[CatalogueEntry], *, in_full: bool) -> None:
    """Prints each dataset with its terms and parts; single videos only with `in_full`."""
    for entry in entries:
        manual = " (fetched by hand)" if entry.manual else ""
        print(f"{entry.name}: {entry.title}{manual}")
        print(f"  page: {entry.page}\n  licence: {entry.licence}\n  terms: {entry.terms}")
        shown = [part for part in entry.parts.values() if in_full or "/" not in part.name]
        for part in shown:
            print(f"  --part {part.name}: {_described(part)}")
        hidden = len(entry.parts) - len(shown)
        if hidden:
            print(f"  --part <category>/<video>: {hidden} of them; `cleanplate download {entry.name} --list`")


def print_findings(findings: Iterable[Findings], root: Path, lacking: Collection[str] = ()) -> bool:
    """Prints what is there, missing and extra, by part.

    Args:
        findings: see `check_dataset`.
        root: folder of the dataset.
        lacking: what the archives lack themselves; it is printed, but not counted as missing.

    Returns:
        Whether nothing is missing.
    """
    whole = True
    for found in findings:
        missing = [name for name in found.missing if name not in lacking]
        absent = [name for name in found.missing if name in lacking]
        whole = whole and not missing
        print(f"{root}, {found.part}: {found.complete} whole, {len(missing)} missing, {len(found.extra)} extra")
        for title, names in (("missing", missing), ("not in the archive either", absent), ("extra", found.extra)):
            for name in names[:SHOWN]:
                print(f"  {title}: {name}")
            if len(names) > SHOWN:
                print(f"  {title}: … and {len(names) - SHOWN} more")
    return whole


def _described(part: Part) -> str:
    if not part.archives:
        return "no archive to fetch"
    sizes = [archive.bytes for archive in part.archives]
    known = [size for size in sizes if size is not None]
    size = format_bytes(sum(known)) if len(known) == len(sizes) else "size not published"
    checked = sum(archive.has_checksum for archive in part.archives)
    count = len(part.archives)
    archives = f"{count} archive{'s' if count > 1 else ''}"
    vouched = "checksum published" if checked == count else "no checksum published: verified by the archives' own"
    return f"{archives}, {size}, {vouched}"


@contextmanager
def transfer_bars(*titles: str) -> Iterator[tuple[Advance, ...]]:
    """Yields, per title, a function to call with the bytes done and, if known, the total; silent without a terminal.

    A bar appears at its first call. Bytes that were there at that call do not count for the speed of a resumed
    transfer.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    console = Console(file=sys.stderr)
    described = TextColumn("{task.description}")
    columns = (described, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bars:

        def bar(title: str) -> Advance:
            task = bars.add_task(title, total=None, visible=False)
            begun = False

            def advance(done: int, total: int | None = None) -> None:
                nonlocal begun
                if begun:
                    bars.update(task, completed=done, total=total)
                else:
                    bars.reset(task, completed=done, total=total, visible=True)
                    begun = True

            return advance

        yield tuple(bar(title) for title in titles)
