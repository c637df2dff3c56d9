"""The live window."""

import os
import subprocess
import sys
from types import TracebackType
from typing import Self

import cv2

from cleanplate.apps.apply.shot import Shot
from cleanplate.errors import ConfigError
from cleanplate.report.colours import tinted

_TITLE = "cleanplate (q quits)"
_QUIT = {ord("q"), 27}
_PROBE = "import cv2; cv2.namedWindow('x'); cv2.waitKey(1)"


def check_display() -> None:
    """Raises a `ConfigError` where no window can be opened.

    OpenCV's toolkit ends the whole program where it finds no display, so that a process of its own has to try.
    """
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise ConfigError("--show: there is no display (DISPLAY is not set); leave --show away and write an overlay")
    tried = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, timeout=60, check=False)
    if tried.returncode:
        raise ConfigError(
            "--show: no window can be opened on this display, or OpenCV was built without windows (the headless "
            "package); leave --show away and write an overlay"
        )


class Window:
    """Shows each frame with its foreground tinted."""

    def __enter__(self) -> Self:
        """Opens it."""
        cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Closes it."""
        cv2.destroyAllWindows()

    def show(self, shot: Shot, speed: float) -> bool:
        """Shows a frame and the speed in frames per second; returns whether the user wants to go on."""
        picture = tinted(shot.frame, shot.mask)
        cv2.putText(picture, f"{speed:.0f} fps", (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 3, cv2.LINE_AA)
        cv2.putText(
            picture, f"{speed:.0f} fps", (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1, cv2.LINE_AA
        )
        cv2.imshow(_TITLE, picture)
        key = cv2.waitKey(1) & 0xFF
        return key not in _QUIT and cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) >= 1
