"""Fetches one archive: mirrors in order, taken up where it was left, verified before it gets its name."""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from cleanplate.acquire.catalogue import Archive
from cleanplate.acquire.checksum import Verified, WrongContentError, verify
from cleanplate.acquire.client import open_client
from cleanplate.acquire.partial import PartFile, Partial
from cleanplate.acquire.patience import Patience
from cleanplate.acquire.source import BrokenError, ChangedError, RefusedError, Source, look
from cleanplate.acquire.space import check_space, unpacked_estimate
from cleanplate.acquire.transfer import Options, Progress, split, transfer
from cleanplate.errors import DataError
from cleanplate.utils.files import remove

if TYPE_CHECKING:
    import httpx

CHANGES = 3  # a file that is another one at each look is being written while we read


def fetch(
    archive: Archive,
    folder: Path,
    options: Options | None = None,
    progress: Progress = lambda *_: None,
    verifying: Callable[[int, int | None], None] = lambda *_: None,
) -> tuple[Path, Verified]:
    """Brings an archive to `folder`: afterwards it lies there under its name and is verified, or it does not lie there.

    What has come of it stays beside it as `.part` when the work is stopped or fails, and is taken up the next time, as
    long as the server still has the same version. One that lies there already is verified, and fetched anew if wrong.

    Args:
        archive: what to fetch.
        folder: where to.
        options: how.
        progress: told the bytes that have come.
        verifying: told the bytes that were verified.

    Returns:
        The file, and what vouches for it.

    Raises:
        DataError: if no address gives it, what comes is not what it should be, or the disk is too small or full.
    """
    options = options or Options()
    target = folder / archive.name
    if target.is_file():
        try:
            return target, verify(target, archive, progress=verifying)
        except WrongContentError:
            remove(target)
    failures: list[str] = []
    client = open_client()
    try:
        for url in archive.urls:
            try:
                verified = _from_address(client, url, archive, PartFile(target), options, progress, verifying)
            except (RefusedError, WrongContentError) as error:
                failures.append(str(error))
            except OSError as error:
                raise DataError(f"{target}: cannot be written: {error.strerror or error}") from error
            else:
                return target, verified
    finally:
        client.close()
    raise DataError(f"{archive.name}: not to be had: {'; '.join(failures)}")


def _from_address(
    client: "httpx.Client",
    url: str,
    archive: Archive,
    file: PartFile,
    options: Options,
    progress: Progress,
    verifying: Callable[[int, int | None], None],
) -> Verified:
    for _ in range(CHANGES):
        source = _look(client, url, options.patience)
        if archive.bytes is not None and source.size not in {None, archive.bytes}:
            raise WrongContentError(f"{url}: offers {source.size} bytes, the archive has {archive.bytes}")
        partial = _taken_up(file, source, archive) or _anew(file, source, options)
        left = (source.size or archive.bytes or 0) - partial.done
        room = unpacked_estimate(source.size or archive.bytes or 0, archive.unpacked)
        check_space(file.target.parent, max(left, 0) + room, archive.name)
        try:
            transfer(client, source, file, partial, options, progress)
        except ChangedError:
            file.discard()
            continue
        try:
            verified = verify(file.data, archive, progress=verifying)
        except DataError:
            file.discard()
            raise
        file.finish()
        return verified
    raise RefusedError(f"{url}: the file changed on the server {CHANGES} times while it was fetched")


def _look(client: "httpx.Client", url: str, patience: Patience) -> Source:
    for failures in range(1, patience.tries + 1):
        try:
            return look(client, url, patience)
        except BrokenError as error:
            if failures == patience.tries:
                raise RefusedError(f"{url}: gave up after {failures} attempts: {error}") from error
            patience.pause(Event(), patience.seconds(failures, error.asked))
    raise AssertionError("patience has at least one try")


def _anew(file: PartFile, source: Source, options: Options) -> Partial:
    file.start()
    return Partial(
        source.url, source.etag, source.modified, source.size, split(source.size, options, ranges=source.ranges)
    )


def _taken_up(file: PartFile, source: Source, archive: Archive) -> Partial | None:
    """What was left by an earlier attempt, if it is certain that it belongs to what the server offers now."""
    saved = file.load()
    if saved is None or not source.ranges or saved.size != source.size:
        return None
    same = (saved.url, saved.etag, saved.modified) == (source.url, source.etag, source.modified)
    named = source.etag is not None or source.modified is not None
    # Where the checksum is known, bytes of another mirror will do: if they should not, it tells.
    if not (same and named) and not archive.has_checksum:
        return None
    if saved.url == source.url and not same:
        return None
    return Partial(source.url, source.etag, source.modified, source.size, saved.segments)
