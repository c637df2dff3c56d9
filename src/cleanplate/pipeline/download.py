"""`cleanplate download`: fetches a dataset, verifies and unpacks it, and installs it in the layout the pipeline reads.

The result of each step appears under its name once it is complete and is not computed again: the same command resumes a
download that was stopped for any reason.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cleanplate.acquire.catalogue import SUFFIXES, Archive, CatalogueEntry, Part, find_entry, load_catalogue
from cleanplate.acquire.checksum import Verified
from cleanplate.acquire.completeness import ARCHIVES, ORIGINALS, RECORD, check_contents, check_dataset
from cleanplate.acquire.fetch import fetch
from cleanplate.acquire.install import install
from cleanplate.acquire.transfer import TransferOptions
from cleanplate.acquire.unpacking import Limits, unpack
from cleanplate.data.datasets.converters import CONVERTERS
from cleanplate.errors import DataError
from cleanplate.pipeline.download_listing import print_catalogue, print_findings, transfer_bars
from cleanplate.utils.console import progress_bar
from cleanplate.utils.files import check_space, format_bytes, remove, replacing, unpacked_estimate

DEFAULT_ROOT = Path("data/raw")


def download_command(
    name: str | None,
    parts: Sequence[str] = (),
    to: Path | None = None,
    *,
    check: bool = False,
    listing: bool = False,
    keep_archive: bool = False,
    catalogue: Path | None = None,
    options: TransferOptions | None = None,
) -> bool:
    """Fetches, lists or checks a dataset.

    Args:
        name: key in the catalogue; optional for `listing`.
        parts: names of parts; the whole dataset by default.
        to: folder of the dataset; `data/raw/<name>` by default.
        check: only report what is missing and what is extra in `to`.
        listing: only list what can be fetched.
        keep_archive: keep archives in `to/archives`.
        catalogue: replaces the catalogue of the package.
        options: see `TransferOptions`.

    Returns:
        Whether nothing of the requested parts is missing.

    Raises:
        DataError: for an unknown dataset or part, a dataset that must be fetched manually, or any failed step.
    """
    sets = load_catalogue(catalogue)
    if listing:
        print_catalogue([find_entry(name, sets)] if name else sets.values(), in_full=name is not None)
        return True
    if name is None:
        raise DataError(f"say which set: cleanplate download {'|'.join(sets)}; --list tells of each")
    entry, root = find_entry(name, sets), to or DEFAULT_ROOT / name
    chosen = entry.chosen(parts)
    if check:
        return print_findings(check_dataset(entry, root, parts), root, _lacking(root))
    try:
        if entry.manual:
            _from_originals(entry, root)
        else:
            _fetch_parts(entry, chosen, root, keep_archive=keep_archive, options=options or TransferOptions())
    except KeyboardInterrupt:
        print(f"stopped; what has come is kept in {root}, and the same command goes on from here")
        raise
    return print_findings(check_dataset(entry, root, parts), root, _lacking(root))


def _fetch_parts(
    entry: CatalogueEntry, parts: Iterable[Part], root: Path, *, keep_archive: bool, options: TransferOptions
) -> None:
    print(f"{entry.name}: licence: {entry.licence}; terms: {entry.terms}")
    wanted = {archive.name: (archive, archive_contents(archive, part)) for part in parts for archive in part.archives}
    todo = [archive for archive, holds in wanted.values() if not _is_there(entry, root, archive, holds)]
    _check_space(todo, root)
    for archive, holds in wanted.values():
        if _is_there(entry, root, archive, holds):
            print(f"{archive.name}: what is in it lies in {root} already")
            continue
        _fetch_one(entry, archive, holds, root, keep_archive=keep_archive, options=options)


def archive_contents(archive: Archive, part: Part) -> tuple[str, ...]:
    """Returns the scenes or folders that an archive contains."""
    return (archive.contents,) if archive.contents is not None else part.contents


def _fetch_one(
    entry: CatalogueEntry,
    archive: Archive,
    holds: Sequence[str],
    root: Path,
    *,
    keep_archive: bool,
    options: TransferOptions,
) -> None:
    with transfer_bars(archive.name, f"verifying {archive.name}") as (progress, verifying):
        path, verified = fetch(archive, root / ARCHIVES, options, progress, verifying)
    print(f"{archive.name}: {format_bytes(verified['bytes'])}, verified by {verified['by']}")
    stem = _stem(archive.name)
    original = root / ORIGINALS / entry.name / stem
    with transfer_bars(f"unpacking {archive.name}") as (progress,):
        unpack(path, original, replace(Limits(), total=archive.unpacked), progress)
    placed = _read(entry, original, root) if entry.converter else install(entry, archive, original, root)
    _remove_if_empty(original.parent, original.parent.parent)
    lacks = [name for findings in check_contents(entry, root, holds) for name in findings.missing]
    _record(root, archive, verified, lacks)
    if not keep_archive:
        remove(path)
        _remove_if_empty(path.parent)
    print(f"{archive.name}: {len(placed)} {'folders' if entry.layout == 'coco' else 'videos'} in {root}")


def _from_originals(entry: CatalogueEntry, root: Path) -> None:
    """Explains how to fetch a dataset manually, or converts the files that the user put there."""
    originals = root / ORIGINALS / entry.name
    if not originals.is_dir() or not any(originals.iterdir()):
        if root.is_dir() and all(not findings.missing for findings in check_dataset(entry, root)):
            return
        raise DataError(
            f"{entry.name} is not fetched by a program: its page, {entry.page}, wants a person (licence: "
            f"{entry.licence}; {entry.terms}). Fetch it there, put its folders or zip archives (a .rar unpacked) "
            f"into {originals}, and run the same command again: it brings them into the layout"
        )
    for archive in sorted(path for path in originals.iterdir() if path.name.lower().endswith(SUFFIXES)):
        target = originals / _stem(archive.name)
        if not target.is_dir():
            with transfer_bars(f"unpacking {archive.name}") as (progress,):
                unpack(archive, target, progress=progress)
    packed = [path for path in sorted(originals.iterdir()) if path.suffix.lower() in {".rar", ".7z"}]
    closed = [path for path in packed if not path.with_suffix("").is_dir()]
    if closed:
        raise DataError(f"{closed[0]}: unpack it there by hand, to {closed[0].with_suffix('')}, and run this again")
    print(f"{entry.name}: {len(_read(entry, originals, root))} videos in {root}")


def _read(entry: CatalogueEntry, original: Path, root: Path) -> list[str]:
    assert entry.converter is not None  # checked by the caller
    with progress_bar(f"reading {entry.name}") as progress:
        return CONVERTERS[entry.converter](original, root, progress)


def _is_there(entry: CatalogueEntry, root: Path, archive: Archive, holds: Sequence[str]) -> bool:
    """Returns whether the content of an archive is on disk, except for what the archive itself lacks."""
    if not root.is_dir():
        return False
    lacks = set(_read_record(root).get(archive.name, {}).get("lacks", ()))
    return all(set(findings.missing) <= lacks for findings in check_contents(entry, root, holds))


def _check_space(archives: Sequence[Archive], root: Path) -> None:
    """Checks the space for all archives before the first byte is fetched."""
    packed = sum(archive.bytes or 0 for archive in archives)
    unpacked = sum(unpacked_estimate(archive.bytes or 0, archive.unpacked) for archive in archives)
    lying = sum(path.stat().st_blocks * 512 for path in (root / ARCHIVES).glob("*") if path.is_file())
    check_space(root, max(0, packed - lying) + unpacked, f"{len(archives)} archives, packed and unpacked,")


def _record(root: Path, archive: Archive, verified: Verified, lacks: list[str]) -> None:
    """Records what was fetched, with checksums to compare two copies."""
    record = _read_record(root)
    record[archive.name] = {"urls": archive.urls, **verified, "lacks": lacks}
    with replacing(root / RECORD) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")


def _read_record(root: Path) -> dict[str, dict[str, Any]]:
    try:
        record = json.loads((root / RECORD).read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _lacking(root: Path) -> set[str]:
    return {name for entry in _read_record(root).values() for name in entry.get("lacks", ())}


def _stem(name: str) -> str:
    return next((name[: -len(suffix)] for suffix in SUFFIXES if name.lower().endswith(suffix)), name)


def _remove_if_empty(*folders: Path) -> None:
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
