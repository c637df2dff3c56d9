"""Addresses: a recording behind one, and a network camera that breaks off and comes back, over the loopback."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import pytest
from tests.apps.clips import COUNT, frames, run, video

from cleanplate.apps.apply.command import ApplyOptions, apply_command
from cleanplate.errors import DataError
from cleanplate.utils.retry import RetryPolicy


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, *given: object) -> None:
        pass


def test_a_recording_behind_an_address_is_read_to_its_end(tmp_path: Path) -> None:
    content = video(tmp_path / "clip.mp4").read_bytes()

    class Recording(Quiet):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with serving(Recording) as address:
        result = run(f"{address}/clip.mp4", "-m", "mog2", "-o", tmp_path / "out.csv")
    assert result.exit_code == 0, result.output
    assert len((tmp_path / "out.csv").read_text().splitlines()) == COUNT + 1


def test_a_network_camera_breaks_off_and_comes_back(tmp_path: Path) -> None:
    pictures = [cv2.imencode(".jpg", frame)[1].tobytes() for frame in frames(8)]
    shown: list[int] = []
    lock = threading.Lock()

    class Camera(Quiet):
        """Sends eight pictures to each of the first three who ask, and then is gone."""

        def do_GET(self) -> None:
            with lock:
                shown.append(0)
                turn = len(shown)
            if turn > 3:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            for picture in pictures:
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                self.wfile.write(head.encode() + picture + b"\r\n")

    pauses: list[float] = []
    retry = RetryPolicy(tries=2, jitter=lambda: 1.0, pause=lambda stop, seconds: pauses.append(seconds))
    told: list[str] = []
    with serving(Camera) as address:
        options = ApplyOptions(f"{address}/live.mjpg", "mog2", tmp_path, write=("csv", "masks"))
        with pytest.raises(DataError, match=r"lost after frame 24 and not found again; .*; 24 frames before that"):
            apply_command(options, told.append, retry)
    assert len(list(tmp_path.glob("bin*.png"))) == 24
    assert len((tmp_path / "frames.csv").read_text().splitlines()) == 25
    assert sum("back again" in line for line in told) == 2
    assert pauses == [1.0, 1.0, 1.0, 2.0]
