"""A file on an HTTP server: the client, the request that describes the file, and the checks on every response."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cleanplate
from cleanplate.errors import DataError
from cleanplate.utils.retry import RetryPolicy

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 20.0
READ_SECONDS = 60.0  # a connection that delivers no byte for so long is closed and opened again
MAX_CONNECTIONS = 16

# 408 and 425 concern this attempt only, 429 its moment; any 5xx may be gone in a minute.
_RETRYABLE_STATUS = frozenset({408, 425, 429})


class RetryableError(Exception):
    """This attempt failed, another may succeed; `requested` is the pause in seconds that the server asks for."""

    def __init__(self, reason: str, requested: float | None = None) -> None:
        super().__init__(reason)
        self.requested = requested


class ChangedError(Exception):
    """The file at this address is no longer the one that the transfer began with."""


class UnavailableError(DataError):
    """This address does not deliver the file, and trying again will not help; a mirror may."""


@dataclass(frozen=True)
class RemoteFile:
    """A file as a server offers it.

    Attributes:
        url: its address, before redirects.
        size: bytes; `None` if the server does not tell.
        etag: the server's name for this version; `None` if it gives none.
        modified: the `Last-Modified` header; `None` if there is none.
        ranges: whether parts of the file can be requested.
    """

    url: str
    size: int | None
    etag: str | None
    modified: str | None
    ranges: bool

    @property
    def condition(self) -> dict[str, str]:
        """The header that makes a server send the whole file instead of a range of another version."""
        if self.etag is not None and not self.etag.startswith("W/"):
            return {"If-Range": self.etag}
        return {} if self.modified is None else {"If-Range": self.modified}


def open_client() -> "httpx.Client":
    """An httpx client that follows redirects and honours HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY.

    Raises:
        DataError: if httpx is not installed, or a proxy variable cannot be used.
    """
    try:
        import httpx
    except ImportError as error:
        raise DataError("downloads need the package httpx: pip install 'cleanplate[download]'") from error
    # Identity: archives are compressed already, and the offsets of ranges must be offsets in the file.
    headers = {"User-Agent": f"cleanplate/{cleanplate.__version__}", "Accept-Encoding": "identity"}
    try:
        return httpx.Client(
            follow_redirects=True,
            headers=headers,
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS),
        )
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise DataError(f"HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names a proxy that cannot be used: {error}") from error


def probe(client: "httpx.Client", url: str, retry: RetryPolicy) -> RemoteFile:
    """Describes the file at `url` by requesting its first byte: size, version, and whether ranges are served.

    A HEAD request would tell less: many servers answer it differently from a GET.

    Raises:
        RetryableError: if another attempt may succeed.
        UnavailableError: if it will not.
    """
    import httpx

    try:
        with client.stream("GET", url, headers={"Range": "bytes=0-0"}) as response:
            empty = response.status_code == 416 and _total(response) == 0
            if not empty:
                check_status(response, retry)
            ranges = response.status_code == 206
            size = _total(response) if ranges or empty else _length(response)
            # Without a total size a range cannot be told from the whole file, which is then read from start to end.
            return RemoteFile(url, size, response.headers.get("etag"), response.headers.get("last-modified"),
                              ranges and size is not None)  # fmt: skip
    except httpx.TransportError as error:
        raise RetryableError(transport_message(error)) from error
    except (httpx.InvalidURL, httpx.TooManyRedirects) as error:
        raise UnavailableError(f"{url}: {error}") from error


def check_status(response: "httpx.Response", retry: RetryPolicy) -> None:
    """Accepts a response that carries the file or a part of it.

    Raises:
        RetryableError: for a status that may be another one next time.
        UnavailableError: for one that will not, or a server that asks for a longer pause than `retry` allows.
    """
    status = response.status_code
    if status in {200, 206}:
        return
    reason = f"{response.url}: the server answers {status} {response.reason_phrase}".rstrip()
    if status not in _RETRYABLE_STATUS and status < 500:
        raise UnavailableError(reason)
    requested = retry.retry_after(response.headers.get("retry-after"))
    if requested is not None and requested > retry.longest_requested:
        raise UnavailableError(f"{reason} and asks to wait {requested / 60:.0f} minutes; try again later")
    raise RetryableError(reason, requested)


def check_range(response: "httpx.Response", remote: RemoteFile, start: int) -> None:
    """Checks that the response carries the bytes of `remote` from `start` on.

    Raises:
        ChangedError: if they belong to another version or another range.
    """
    message = f"{remote.url}: the file changed on the server while it was fetched"
    for header, known in (("etag", remote.etag), ("last-modified", remote.modified)):
        now = response.headers.get(header)
        if known is not None and now is not None and now != known:
            raise ChangedError(message)
    if remote.ranges:  # If-Range is answered with the whole file, without Content-Range, if the version is another
        match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("content-range", "").strip())
        if match is None or int(match[1]) != start or match[3] not in {"*", str(remote.size)}:
            raise ChangedError(message)


def transport_message(error: Exception) -> str:
    """The text of a transport error; some have none, and their class is named instead."""
    return str(error) or type(error).__name__


def _total(response: "httpx.Response") -> int | None:
    match = re.search(r"/(\d+)\s*$", response.headers.get("content-range", ""))
    return int(match[1]) if match else None


def _length(response: "httpx.Response") -> int | None:
    text = response.headers.get("content-length", "")
    compressed = response.headers.get("content-encoding", "identity") != "identity"
    return int(text) if text.isdecimal() and not compressed else None
