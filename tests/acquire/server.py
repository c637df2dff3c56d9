"""A real HTTP server on loopback that serves bytes from memory and misbehaves where a test tells it to; and a proxy."""

import hashlib
import http.client
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from waiting import HUNG


@dataclass(frozen=True)
class Request:
    """What a client asked for; `number` counts from 1."""

    number: int
    path: str
    start: int | None
    end: int | None
    if_range: str | None

    @property
    def is_look(self) -> bool:
        """Whether this only asks for the first byte, as the client does to learn size and version."""
        return (self.start, self.end) == (0, 0)


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one answer.

    Attributes:
        status: answered instead of the file.
        retry_after: sent with it.
        cut: bytes of the body after which the connection breaks.
        stall: bytes after which nothing comes until the server is released.
        length: `Content-Length` that is told instead of the true one.
        body: sent instead of the true bytes, of their length.
    """

    status: int | None = None
    retry_after: str | None = None
    cut: int | None = None
    stall: int | None = None
    length: int | None = None
    body: bytes | None = None


class _Listener(ThreadingHTTPServer):
    """One thread a connection; clients that go away in the middle are what is tested, and not told on stderr."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Server:
    """Serves `content` by path. `behave` may give a `Fault` for a request, and may change the server, too."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.requests: list[Request] = []
        self.behave: Callable[[Request], Fault | None] = lambda request: None
        self.ranges = True
        self.etags = True
        self.dates = True
        self.date = 1_600_000_000.0
        self.lengths = True
        self.heeds_if_range = True
        self.stalled = threading.Event()
        self.release = threading.Event()
        self.lock = threading.Lock()
        self._http = _Listener(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def serve(self, path: str, content: bytes) -> str:
        """Puts a file there and gives its address."""
        self.content[path] = content
        return self.url(path)

    def etag(self, content: bytes) -> str:
        return f'"{hashlib.md5(content).hexdigest()}"'

    def fetched(self) -> list[Request]:
        """Requests for content, without the looks."""
        return [request for request in self.requests if not request.is_look]


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *arguments: object) -> None:
            pass

        def do_GET(self) -> None:
            match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            start, end = (int(match[1]), int(match[2]) if match[2] else None) if match else (None, None)
            with server.lock:
                number = len(server.requests) + 1
                request = Request(number, self.path, start, end, self.headers.get("If-Range"))
                server.requests.append(request)
                fault = server.behave(request) or Fault()
            content = server.content.get(self.path)
            if fault.status is not None or content is None:
                self._refuse(fault.status or 404, fault)
                return
            self._give(request, content, fault)

        def _refuse(self, status: int, fault: Fault) -> None:
            self.send_response(status)
            if fault.retry_after is not None:
                self.send_header("Retry-After", fault.retry_after)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _give(self, request: Request, content: bytes, fault: Fault) -> None:
            valid = not server.heeds_if_range or request.if_range in {
                None,
                server.etag(content),
                formatdate(server.date, usegmt=True),
            }
            whole = request.start is None or not server.ranges or not valid
            if not whole and request.start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            first = 0 if whole else request.start
            last = len(content) - 1 if whole or request.end is None else min(request.end, len(content) - 1)
            body = content[first : last + 1]
            if fault.body is not None:
                body = (fault.body * (len(body) // len(fault.body) + 1))[: len(body)]
            self.send_response(200 if whole else 206)
            if not whole:
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
            if server.etags:
                self.send_header("ETag", server.etag(content))
            if server.dates:
                self.send_header("Last-Modified", formatdate(server.date, usegmt=True))
            if server.lengths:
                self.send_header("Content-Length", str(len(body) if fault.length is None else fault.length))
            else:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            self._send(body, fault)

        def _send(self, body: bytes, fault: Fault) -> None:
            try:
                if fault.stall is not None:
                    self.wfile.write(body[: fault.stall])
                    self.wfile.flush()
                    server.stalled.set()
                    server.release.wait(HUNG)
                    body = body[fault.stall :]
                if fault.cut is not None:
                    self.wfile.write(body[: fault.cut])
                    self.wfile.flush()
                    self.close_connection = True
                    return
                self.wfile.write(body)
                if fault.length is not None:
                    self.close_connection = True
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    return Handler


class Proxy:
    """A forwarding proxy for http on loopback; notes the addresses that it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *arguments: object) -> None:
                pass

            def do_GET(self) -> None:
                proxy.asked.append(self.path)
                parts = urlsplit(self.path)
                # The name in the address need not resolve here: whoever gets an answer came through the proxy.
                onward = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=HUNG)
                passed = {name: value for name, value in self.headers.items() if not name.lower().startswith("proxy-")}
                onward.request("GET", parts.path, headers=passed)
                answer = onward.getresponse()
                body = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in {"connection", "server", "date"}:
                        self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(body)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True
                onward.close()

        self._http = _Listener(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"
