"""What a server offers under an address, and what its answers mean: go on, try again, or give this address up."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cleanplate.acquire.patience import Patience
from cleanplate.errors import DataError

if TYPE_CHECKING:
    import httpx

# 408 and 425 are about this attempt only, 429 about its moment; all of 5xx may be well again in a minute.
_AGAIN = frozenset({408, 425, 429})


class BrokenError(Exception):
    """This attempt failed; another may not. Carries the seconds that the server asks to wait, if it does."""

    def __init__(self, why: str, asked: float | None = None) -> None:
        super().__init__(why)
        self.asked = asked


class ChangedError(Exception):
    """The file under this address is another one than it was at the start."""


class RefusedError(DataError):
    """This address does not give the file, now and for good; a mirror may."""


@dataclass(frozen=True)
class Source:
    """A file as a server offers it.

    Attributes:
        url: its address, before redirects.
        size: bytes; `None` if the server does not tell.
        etag: its name for this version; `None` if it gives none.
        modified: `Last-Modified`; `None` if it gives none.
        ranges: whether parts of the file can be asked for.
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


def look(client: "httpx.Client", url: str, patience: Patience) -> Source:
    """Asks for the first byte, which tells size, version, and whether ranges are served.

    A HEAD request would tell less: many servers do not answer it as they answer a GET.

    Raises:
        BrokenError: if it is worth another try.
        RefusedError: if it is not.
    """
    import httpx

    try:
        with client.stream("GET", url, headers={"Range": "bytes=0-0"}) as response:
            empty = response.status_code == 416 and _total(response) == 0
            if not empty:
                judge(response, patience)
            ranges = response.status_code == 206
            size = _total(response) if ranges or empty else _length(response)
            # Without a total a range cannot be told from the whole: such a server is read from start to end.
            return Source(url, size, response.headers.get("etag"), response.headers.get("last-modified"),
                          ranges and size is not None)  # fmt: skip
    except httpx.TransportError as error:
        raise BrokenError(broken(error)) from error
    except (httpx.InvalidURL, httpx.TooManyRedirects) as error:
        raise RefusedError(f"{url}: {error}") from error


def judge(response: "httpx.Response", patience: Patience) -> None:
    """Passes an answer that carries the file, or some of it.

    Raises:
        BrokenError: for a status that may be another the next time.
        RefusedError: for one that will not, or a server that asks for more patience than there is.
    """
    status = response.status_code
    if status in {200, 206}:
        return
    said = f"{response.url}: the server answers {status} {response.reason_phrase}".rstrip()
    if status not in _AGAIN and status < 500:
        raise RefusedError(said)
    asked = patience.asked_for(response.headers.get("retry-after"))
    if asked is not None and asked > patience.longest_asked:
        raise RefusedError(f"{said} and asks to wait {asked / 60:.0f} minutes; try again later")
    raise BrokenError(said, asked)


def check_range(response: "httpx.Response", source: Source, start: int) -> None:
    """Sees to it that the bytes that come are those of `source` from `start` on.

    Raises:
        ChangedError: if they belong to another version, or another place.
    """
    what = f"{source.url}: the file changed on the server while it was fetched"
    for header, known in (("etag", source.etag), ("last-modified", source.modified)):
        now = response.headers.get(header)
        if known is not None and now is not None and now != known:
            raise ChangedError(what)
    if source.ranges:  # the whole file, without Content-Range, is the answer to If-Range where the version is another
        match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("content-range", "").strip())
        if match is None or int(match[1]) != start or match[3] not in {"*", str(source.size)}:
            raise ChangedError(what)


def broken(error: Exception) -> str:
    """A transport error in words; some have none of their own."""
    return str(error) or type(error).__name__


def _total(response: "httpx.Response") -> int | None:
    match = re.search(r"/(\d+)\s*$", response.headers.get("content-range", ""))
    return int(match[1]) if match else None


def _length(response: "httpx.Response") -> int | None:
    text = response.headers.get("content-length", "")
    packed = response.headers.get("content-encoding", "identity") != "identity"
    return int(text) if text.isdecimal() and not packed else None
