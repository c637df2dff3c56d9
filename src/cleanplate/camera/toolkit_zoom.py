"""Takes back the zoom that OpenCV's toolkit makes of the wheel by itself.

OpenCV's windows on Linux are Qt's, and enlarge whatever is shown in them at each turn of the wheel, whichever flags
they are opened with; OpenCV has no call to prevent that, or to return. The slot that its own toolbar would use is
there, though, and Qt calls a slot by its name. Where anything needed is missing, nothing is done.
"""

import ctypes
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import cv2

_MAPS = Path("/proc/self/maps")
_SLOT = b"1resetZoom()"  # 1 is Qt's sign for a slot

# Plain, and in the name space that the wheels of OpenCV put their Qt into.
_WIDGET_AT = ("_ZN12QApplication8widgetAtERK6QPoint", "_ZN14QtOpenCVPython12QApplication8widgetAtERKNS_6QPointE")
_FOCUS_PROXY = ("_ZNK7QWidget10focusProxyEv", "_ZNK14QtOpenCVPython7QWidget10focusProxyEv")
_SINGLE_SHOT = (
    "_ZN6QTimer10singleShotEiPK7QObjectPKc",
    "_ZN14QtOpenCVPython6QTimer10singleShotEiPKNS_7QObjectEPKc",
)


def undo_zoom(title: str, across: float, down: float) -> None:
    """Shows a window's picture as a whole again, as soon as what is happening now is over.

    Args:
        title: of a window that is open.
        across: a place of its picture that no other window covers, as a share of its width.
        down: and of its height.
    """
    calls = _calls()
    if calls is None:
        return
    widget_at, focus_proxy, single_shot = calls
    left, top, width, height = cv2.getWindowImageRect(title)
    place = (ctypes.c_int * 2)(left + int(across * width), top + int(down * height))
    seen = widget_at(place)
    view = focus_proxy(seen) if seen else None  # the part that scrolls hands the keys on to what holds it
    if view:
        single_shot(0, view, _SLOT)


@cache
def _calls() -> tuple[Any, Any, Any] | None:
    if not sys.platform.startswith("linux") or not _MAPS.is_file():
        return None
    loaded = _MAPS.read_text(errors="replace")
    widgets, core = (re.search(rf"/\S*/libQt5{part}[^/\s]*\.so\S*", loaded) for part in ("Widgets", "Core"))
    if widgets is None or core is None:
        return None
    try:
        library, basis = ctypes.CDLL(widgets[0]), ctypes.CDLL(core[0])
    except OSError:
        return None
    widget_at, focus_proxy = _named(library, _WIDGET_AT), _named(library, _FOCUS_PROXY)
    single_shot = _named(basis, _SINGLE_SHOT)
    if widget_at is None or focus_proxy is None or single_shot is None:
        return None
    widget_at.restype, widget_at.argtypes = ctypes.c_void_p, [ctypes.c_int * 2]
    focus_proxy.restype, focus_proxy.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    single_shot.restype, single_shot.argtypes = None, [ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p]
    return widget_at, focus_proxy, single_shot


def _named(library: Any, names: tuple[str, ...]) -> Any:
    return next((getattr(library, name) for name in names if hasattr(library, name)), None)
