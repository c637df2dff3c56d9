"""Fetches one archive: tries its mirrors in order, resumes a partial file, and verifies it before it gets its name."""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from cleanplate.acquire.catalogue import Archive
from cleanplate.acquire.checksum import Verified, WrongContentError, verify
from cleanplate.acquire.partial import PartFile, Partial
from cleanplate.acquire.remote_file import (
    ChangedError,
    RemoteFile,
    RetryableError,
    UnavailableError,
    open_client,
    probe,
)
from cleanplate.acquire.transfer import Progress, TransferOptions, split, transfer
from cleanplate.errors import DataError
from cleanplate.utils.files import check_space, remove, unpacked_estimate
from cleanplate.utils.retry import RetryPolicy

if TYPE_CHECKING:
    import httpx

MAX_CHANGES = 3  # a file that differs at each probe is being written at this moment


def fetch(
    archive: Archive,
    folder: Path,
    options: TransferOptions | None = None,
    progress: Progress = lambda *_: None,
    verifying: Callable[[int, int | None], None] = lambda *_: None,
) -> tuple[Path, Verified]:
    """Fetches an archive into `folder`, where it appears under its name once it is complete and verified.

    If the work is stopped or fails, the bytes that arrived stay beside it as `.part`. The next call resumes them if the
    server still offers the same version. A file that is there already is verified, and fetched again if it is wrong.

    Args:
        archive: what to fetch.
        folder: the target folder.
        options: see `TransferOptions`.
        progress: called with the bytes that have arrived.
        verifying: called with the bytes that have been verified.

    Returns:
        The file, and how it was verified.

    Raises:
        DataError: if no address delivers it, its content is wrong, or the disk is too small or full.
    """
    options = options or TransferOptions()
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
                verified = _fetch_from(client, url, archive, PartFile(target), options, progress, verifying)
            except (UnavailableError, WrongContentError) as error:
                failures.append(str(error))
            except OSError as error:
                raise DataError(f"{target}: cannot be written: {error.strerror or error}") from error
            else:
                return target, verified
    finally:
        client.close()
    raise DataError(f"{archive.name}: cannot be fetched: {'; '.join(failures)}")


def _fetch_from(
    client: "httpx.Client",
    url: str,
    archive: Archive,
    file: PartFile,
    options: TransferOptions,
    progress: Progress,
    verifying: Callable[[int, int | None], None],
) -> Verified:
    for _ in range(MAX_CHANGES):
        remote = _probe(client, url, options.retry)
        if archive.bytes is not None and remote.size not in {None, archive.bytes}:
            raise WrongContentError(f"{url}: offers {remote.size} bytes, the archive has {archive.bytes}")
        partial = _resumed(file, remote, archive) or _started(file, remote, options)
        left = (remote.size or archive.bytes or 0) - partial.done
        unpacked = unpacked_estimate(remote.size or archive.bytes or 0, archive.unpacked)
        check_space(file.target.parent, max(left, 0) + unpacked, archive.name)
        try:
            transfer(client, remote, file, partial, options, progress)
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
    raise UnavailableError(f"{url}: the file changed on the server {MAX_CHANGES} times while it was fetched")


def _probe(client: "httpx.Client", url: str, retry: RetryPolicy) -> RemoteFile:
    for failures in range(1, retry.tries + 1):
        try:
            return probe(client, url, retry)
        except RetryableError as error:
            if failures == retry.tries:
                raise UnavailableError(f"{url}: gave up after {failures} attempts: {error}") from error
            retry.pause(Event(), retry.seconds(failures, error.requested))
    raise AssertionError("a retry policy has at least one try")


def _started(file: PartFile, remote: RemoteFile, options: TransferOptions) -> Partial:
    file.start()
    segments = split(remote.size, options, ranges=remote.ranges)
    return Partial(remote.url, remote.etag, remote.modified, remote.size, segments)


def _resumed(file: PartFile, remote: RemoteFile, archive: Archive) -> Partial | None:
    """The partial file of an earlier attempt, if it certainly belongs to what the server offers now."""
    saved = file.load()
    if saved is None or not remote.ranges or saved.size != remote.size:
        return None
    same = (saved.url, saved.etag, saved.modified) == (remote.url, remote.etag, remote.modified)
    versioned = remote.etag is not None or remote.modified is not None
    # If the checksum is known, bytes of another mirror may be used: verification finds a mismatch.
    if not (same and versioned) and not archive.has_checksum:
        return None
    if saved.url == remote.url and not same:
        return None
    return Partial(remote.url, remote.etag, remote.modified, remote.size, saved.segments)
