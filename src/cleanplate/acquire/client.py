"""The HTTP client: httpx, with time limits, redirects, and the proxies that the environment names."""

from typing import TYPE_CHECKING

import cleanplate
from cleanplate.errors import DataError

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 20.0
SILENCE_SECONDS = 60.0  # no byte for so long, and the connection is given up and taken up again
CONNECTIONS = 16


def open_client() -> "httpx.Client":
    """A client that follows redirects and honours HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY.

    Raises:
        DataError: if httpx is not installed, or a proxy variable cannot be used.
    """
    try:
        import httpx
    except ImportError as error:
        raise DataError("downloads need the package httpx: pip install 'cleanplate[download]'") from error
    # Identity: an archive is packed already, and offsets of ranges must be offsets in the file.
    headers = {"User-Agent": f"cleanplate/{cleanplate.__version__}", "Accept-Encoding": "identity"}
    try:
        return httpx.Client(
            follow_redirects=True,
            headers=headers,
            timeout=httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=CONNECTIONS),
        )
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise DataError(f"HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names a proxy that cannot be used: {error}") from error
