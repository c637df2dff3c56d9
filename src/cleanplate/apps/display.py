"""Whether a window can be opened."""

import os
import subprocess
import sys

from cleanplate.errors import ConfigError

_PROBE = "import cv2; cv2.namedWindow('x'); cv2.waitKey(1)"


def check_display(asker: str, instead: str) -> None:
    """Raises a `ConfigError` where no window can be opened.

    OpenCV's toolkit ends the whole program where it finds no display, so that a process of its own has to try.

    Args:
        asker: what wants a window, as the user typed it.
        instead: what the user can do without one.
    """
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise ConfigError(f"{asker}: there is no display (DISPLAY is not set); {instead}")
    tried = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, timeout=60, check=False)
    if tried.returncode:
        raise ConfigError(
            f"{asker}: no window can be opened on this display, or OpenCV was built without windows (the headless "
            f"package); {instead}"
        )
