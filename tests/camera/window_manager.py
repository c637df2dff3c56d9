"""The least that a window manager does: shows windows that ask for it, a moment later, as large as they want to be.

Without one, Qt on a busy machine now and then misses that its window is there, and never paints it.
"""

import select
import threading
from types import TracebackType
from typing import Any, Self

_MOMENT = 0.1  # seconds; what matters is that the window comes after whoever asked for it went on
_LOOK = 0.05


class WindowManager:
    """Manages the windows of one screen, in a thread of its own."""

    def __init__(self, screen: str) -> None:
        from Xlib import X, display

        self._display: Any = display.Display(screen)
        self._display.screen().root.change_attributes(event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)
        self._display.sync()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="window manager", daemon=True)

    def __enter__(self) -> Self:
        """Begins."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Ends."""
        self._stop.set()
        self._thread.join(5)
        self._display.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            while self._display.pending_events():
                self._manage(self._display.next_event())
            self._display.flush()
            select.select([self._display.fileno()], [], [], _LOOK)

    def _manage(self, event: Any) -> None:
        from Xlib import X

        if event.type == X.MapRequest:
            self._stop.wait(_MOMENT)
            event.window.map()
        elif event.type == X.ConfigureRequest:
            wishes = {"x": X.CWX, "y": X.CWY, "width": X.CWWidth, "height": X.CWHeight}
            asked = {name: getattr(event, name) for name, bit in wishes.items() if event.value_mask & bit}
            event.window.configure(**asked)
