"""`cleanplate annotate`: the window, its keys and its mouse."""

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import ClassVar

import numpy as np

from cleanplate.camera.annotate import painting, status_text
from cleanplate.camera.annotate.labels import MIN_CORNERS, Labels
from cleanplate.camera.annotate.mouse_tool import MouseTool
from cleanplate.camera.annotate.proposals import ProposalQueue, Proposals
from cleanplate.camera.annotate.session import Session
from cleanplate.camera.annotate.view import View, area_for
from cleanplate.camera.program import Clock, Program
from cleanplate.data.datasets.labels.polygons import Polygon
from cleanplate.data.io.images import read_color
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image
from cleanplate.utils.window import QUIT, Mouse

_ZOOM = 1.25  # per key
_PAN = 0.1  # of the area, per arrow
_LOOKS: tuple[painting.Look, ...] = ("tint", "outlines", "mask")
_ARROWS = {"left": (1, 0), "right": (-1, 0), "up": (0, 1), "down": (0, -1)}
_UNREADABLE = np.full((360, 640, 3), painting.OUTSIDE, np.uint8)


class Annotate(Program):
    """Passes keys and mouse on to the session and the mouse tool, and shows the result."""

    title = "cleanplate annotate"
    keys: ClassVar = status_text.KEYS

    def __init__(
        self, session: Session, proposals: Proposals | None, echo: Callable[[str], None], clock: Clock = monotonic
    ) -> None:
        """Takes the images, and what proposes masks, or `None`."""
        super().__init__(echo, clock)
        self.session = session
        self.proposal: tuple[Polygon, ...] = ()
        self.tool = MouseTool()
        self.error = ""  # of the latest attempt to save
        self.notice = ""
        self._queue = None if proposals is None else ProposalQueue(session.images, proposals)
        self._wants_proposal = False
        first = _UNREADABLE if session.picture is None else session.picture
        self.area = area_for((first.shape[1], first.shape[0]))
        self._look: painting.Look = "tint"
        self._shows_plate = self._warned = False
        self._painted: tuple[object, Image] | None = None
        self._pixels = _UNREADABLE
        self._plate: Image | None = None
        self.view = View.whole((1, 1), self.area)
        self._on_opened()

    def picture(self) -> Image:
        """Returns the image with labels, proposal and status strip; painted again only if something has changed."""
        self._exchange_proposals()
        document, tool = self.session.document, self.tool
        labels = document.labels if document else Labels()
        closes = document is not None and tool.closes(document, self.view)
        pixels = self._plate if self._shows_plate and self._plate is not None else self._pixels
        mouse = tool.place if labels.open else None
        facts = status_text.facts(self.session, self.view.scale, labels, self._look, hole=tool.hole)
        error = self.error or self.session.problem
        busy = self._queue is not None and self._queue.busy
        text = error or self.notice or status_text.hint(labels, proposed=bool(self.proposal), busy=busy)
        key = (id(pixels), self.view, labels, self.proposal, self._look, tool.hole, mouse, closes, facts, text)
        if self._painted is None or self._painted[0] != key:
            scene = painting.Scene(pixels, self.view, labels, self.proposal, self._look, tool.hole, mouse, closes)
            strip = status_text.strip(self.area[0], facts, text, error=bool(error))
            self._painted = key, np.concatenate([painting.paint(scene), strip])
        return self._painted[1].copy()

    def on_mouse(self, mouse: Mouse) -> None:
        """Draws with the left button, pans with the middle one, finishes the image with the right one."""
        place, document = (mouse.x, mouse.y), self.session.document
        if mouse.action == "move":
            self.view = self.tool.move(self.view, place, mouse.button)
        elif mouse.action == "down" and mouse.y < self.area[1]:
            self.notice, self._warned = "", False
            if mouse.button == "middle":
                self.tool.start_pan(place)
            elif mouse.button == "right":
                self._finish()
            elif document:
                self.tool.press(document, self.view, place)

    def on_key(self, name: str) -> None:
        """See `status_text.KEYS`."""
        if name in QUIT:  # only where it does not quit, see `keeps_open`
            self._stay(name)
            return
        self.notice, self._warned = "", False
        if name in ("n", "p"):
            self._leave(1 if name == "n" else -1)
        elif name == "m":
            self._look = _LOOKS[(_LOOKS.index(self._look) + 1) % len(_LOOKS)]
        elif name == "b":
            self._shows_plate = not self._shows_plate and self._plate is not None
            if self._plate is None:
                self.notice = "there is no background (bkg.png) of this picture"
        elif name == "o":
            self.tool.hole = not self.tool.hole
        elif not self._change_view(name) and self.session.document:
            self._edit(name)

    def keeps_open(self, key: str) -> bool:
        """Returns whether esc drops an open polygon, or what cannot be saved keeps the program open the first time."""
        document = self.session.document
        if key == "esc" and document and document.labels.open:
            return True
        if self._warned:
            return False
        self._settle()
        return not self._save()

    def close(self) -> None:
        """Saves all changes.

        Raises:
            DataError: if that fails; says where the polygons are instead.
        """
        self._settle()
        try:
            if error := self.session.save():
                try:
                    folder = self.session.rescue()
                except OSError as lost:
                    raise DataError(f"{error}; the last changes are lost ({lost.strerror or lost})") from lost
                raise DataError(f"{error}; its outlines are in {folder} for now")
        finally:
            if self._queue:
                self._queue.close()

    def _change_view(self, name: str) -> bool:
        """Zooms or pans; returns whether the key does that."""
        if name in _ARROWS:
            across, down = _ARROWS[name]
            self.view = self.view.panned(across * _PAN * self.area[0], down * _PAN * self.area[1])
        elif name in ("+", "=", "-"):
            x, y = self.tool.place or (self.area[0] // 2, self.area[1] // 2)
            self.view = self.view.zoomed(1 / _ZOOM if name == "-" else _ZOOM, x + 0.5, y + 0.5)
        elif name == "0":
            self.view = View.whole(self.view.image, self.area)
        else:
            return False
        return True

    def _edit(self, name: str) -> None:
        """Changes the labels of the open image by a key."""
        document = self.session.document
        assert document is not None
        labels = document.labels
        if name in ("enter", "c"):
            document.push(labels.with_closed(hole=self.tool.hole))
            if len(labels.open) < MIN_CORNERS:
                self.notice = "an outline has three corners at least"
        elif name == "backspace":
            document.push(labels.without_last_point())
        elif name == "e":
            document.push(Labels())
            self._finish()
        elif name in ("x", "delete") and not self.tool.remove(document, self.view):
            self.notice = "no outline is under the mouse"
        elif name == "u" and not document.undo():
            self.notice = "there is nothing to undo"
        elif name == "r" and not document.redo():
            self.notice = "there is nothing to redo"
        elif name == "g":
            self.proposal, self._wants_proposal = (), self._queue is not None
            if self._queue is None:
                self.notice = "no model proposes anything here; start with -m MODEL"
        elif name == "a":
            document.push(labels.with_more(self.proposal))
            self.notice = "" if self.proposal else "there is no proposal; g asks for one"
            self.proposal = ()

    def _finish(self) -> None:
        """Saves the image as done and opens the next one."""
        document = self.session.document
        if document is None:
            self._leave(1)
            return
        if 0 < len(document.labels.open) < MIN_CORNERS:
            self.notice = "the outline that is open has three corners at least; backspace removes one"
            return
        self._settle()
        document.finished = True
        if not self._save():
            return
        if self.session.advance():
            self._on_opened()
        elif self.session.labelled == len(self.session.images):
            self.notice = f"all {len(self.session.images)} pictures are labelled; q quits"
        else:
            self.notice = "this was the last picture; q quits"

    def _leave(self, by: int) -> None:
        """Saves, and opens the next or previous image; unsaved changes stay in memory."""
        self._settle()
        self._save()
        if self.session.step(by):
            self._on_opened()
        else:
            self.notice = "this is the last picture" if by > 0 else "this is the first picture"

    def _settle(self) -> None:
        if self.session.document:
            self.session.document.settle(hole=self.tool.hole)

    def _save(self) -> bool:
        self.error = self.session.save()
        return not self.error

    def _stay(self, name: str) -> None:
        document = self.session.document
        if name == "esc" and document and document.labels.open:
            document.push(replace(document.labels, open=()))
            return
        self._warned = True
        self.error += f"; {name} again quits without {self.session.unsaved} of them"

    def _on_opened(self) -> None:
        """Shows the image that the session has opened."""
        self.tool.hole = False
        self.proposal = ()
        self._pixels = _UNREADABLE if self.session.picture is None else self.session.picture
        self._plate = None
        if self.session.image.plate is not None and self.session.picture is not None:
            try:
                plate = read_color(self.session.image.plate)
                self._plate = plate if plate.shape == self._pixels.shape else None
            except DataError as error:
                self.notice = str(error)
        self._shows_plate = self._shows_plate and self._plate is not None
        self.view = View.whole((self._pixels.shape[1], self._pixels.shape[0]), self.area)
        document = self.session.document
        if self._queue:
            self._queue.cancel()
        self._wants_proposal = document is not None and not document.masked and not document.labels.closed

    def _exchange_proposals(self) -> None:
        """Requests and takes proposals, once the window is there."""
        if self._queue is None:
            return
        if self._wants_proposal:
            self._queue.request(self.session.index)
            self._wants_proposal = False
        if (answer := self._queue.answer()) is not None:
            self.proposal, problem = answer
            if problem:
                self.notice = f"no proposal: {problem}"
            elif not self.proposal:
                self.notice = "the model finds nobody here"
