"""The program: keys and mouse to the desk and the hand, and what is seen of it."""

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import ClassVar

import numpy as np

from cleanplate.camera.annotate import painting, telling
from cleanplate.camera.annotate.assistant import Assistant
from cleanplate.camera.annotate.desk import Desk
from cleanplate.camera.annotate.editing import edit
from cleanplate.camera.annotate.hand import Hand
from cleanplate.camera.annotate.labels import LEAST, Labels
from cleanplate.camera.annotate.proposing import Proposals
from cleanplate.camera.annotate.shapes import Polygon
from cleanplate.camera.annotate.strip import strip
from cleanplate.camera.annotate.view import View, area_for
from cleanplate.camera.program import Program
from cleanplate.camera.timing import Clock
from cleanplate.data.io.images import read_color
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image
from cleanplate.utils.window import QUIT, Mouse

_ZOOM = 1.25  # by one key
_PAN = 0.1  # of the area, by an arrow
_LOOKS: tuple[painting.Look, ...] = ("tint", "outlines", "mask")
_ARROWS = {"left": (1, 0), "right": (-1, 0), "up": (0, 1), "down": (0, -1)}
_UNREADABLE = np.full((360, 640, 3), painting.BEHIND, np.uint8)


class Annotate(Program):
    """See `cleanplate annotate --help`."""

    title = "cleanplate annotate"
    keys: ClassVar = telling.KEYS

    def __init__(
        self, desk: Desk, proposals: Proposals | None, tell: Callable[[str], None], clock: Clock = monotonic
    ) -> None:
        """Args: the pictures, what proposes (`None`: nothing does), and see `Program`."""
        super().__init__(tell, clock)
        self.desk = desk
        self.proposal: tuple[Polygon, ...] = ()
        self._assistant = None if proposals is None else Assistant(desk.shots, proposals)
        self._curious = False
        self._painter = painting.Painter()
        first = _UNREADABLE if desk.picture is None else desk.picture
        self._area = area_for((first.shape[1], first.shape[0]))
        self._hand = Hand()
        self._look: painting.Look = "tint"
        self._bare = self._warned = False
        self._unsaved = self._message = ""
        self._last: tuple[object, Image] | None = None
        self._pixels = _UNREADABLE
        self._plate: Image | None = None
        self.view = View.whole((1, 1), self._area)
        self._opened()

    def picture(self) -> Image:
        """See `Program`."""
        self._listen()
        document, hand = self.desk.document, self._hand
        labels = hand.labels(document) if document else Labels()
        closes = document is not None and hand.closes(document, self.view)
        shown = self._plate if self._bare and self._plate is not None else self._pixels
        mouse = hand.place if labels.open else None
        scene = painting.Scene(shown, self.view, labels, self.proposal, self._look, hand.hole, mouse, closes)
        facts = telling.facts(self.desk, self.view.scale, labels, self._look, hole=hand.hole)
        bad = self._unsaved or self.desk.trouble
        busy = self._assistant is not None and self._assistant.busy
        said = bad or self._message or telling.hint(labels, proposed=bool(self.proposal), busy=busy)
        key = (id(shown), self.view, labels, self.proposal, self._look, hand.hole, mouse, closes, facts, said)
        if self._last is None or self._last[0] != key:
            line = strip(self._area[0], facts, said, bad=bool(bad))
            self._last = key, np.concatenate([self._painter.paint(scene), line])
        return self._last[1].copy()

    def on_mouse(self, mouse: Mouse) -> None:
        """See `Program`."""
        place, document = (mouse.x, mouse.y), self.desk.document
        if mouse.action == "move":
            self.view = self._hand.move(document, self.view, place, mouse.button)
        elif mouse.action == "up" and mouse.button == "left" and document:
            self._hand.release(document, self.view)
        elif mouse.action == "up":
            self._hand.let_go()
        elif mouse.y < self._area[1]:
            self._message, self._warned = "", False
            if mouse.button == "middle":
                self._hand.grab(place)
            elif mouse.button == "right":
                self._finish()
            elif document:
                self._hand.press(document, self.view, place)

    def on_key(self, name: str) -> None:
        """See `Program`."""
        self._hand.let_go()
        if name in QUIT:  # comes here only where it does not quit, see `wants`
            self._stay(name)
            return
        self._message, self._warned = "", False
        if name in ("n", "p"):
            self._leave(1 if name == "n" else -1)
        elif name == "e":
            self._nobody()
        elif name in _ARROWS:
            across, down = _ARROWS[name]
            self.view = self.view.panned(across * _PAN * self._area[0], down * _PAN * self._area[1])
        elif name in ("+", "=", "-"):
            x, y = self._hand.place or (self._area[0] // 2, self._area[1] // 2)
            self.view = self.view.zoomed(1 / _ZOOM if name == "-" else _ZOOM, x + 0.5, y + 0.5)
        elif name == "0":
            self.view = View.whole(self.view.picture, self._area)
        elif name == "o":
            self._hand.hole = not self._hand.hole
        elif name == "m":
            self._look = _LOOKS[(_LOOKS.index(self._look) + 1) % len(_LOOKS)]
        elif name == "b":
            self._bare = not self._bare
            if self._bare and self._plate is None:
                self._bare, self._message = False, "there is no background (bkg.png) of this picture"
        elif name == "g":
            self._ask()
        elif name == "a":
            self._take_proposal()
        elif self.desk.document:
            self._message = edit(name, self.desk.document, self._hand, self.view)

    def wants(self, key: str) -> bool:
        """Esc lets an open outline go; what quits does not as long as something cannot be saved, the first time."""
        document = self.desk.document
        if key == "esc" and document and document.labels.open:
            return True
        if self._warned:
            return False
        self._settle()
        return not self._save()

    def close(self) -> None:
        """Saves what is not saved.

        Raises:
            DataError: if that is not possible; says where the outlines are instead.
        """
        self._hand.let_go()
        self._settle()
        trouble = self.desk.save()
        try:
            if trouble:
                try:
                    folder = self.desk.rescue()
                except OSError as error:
                    raise DataError(f"{trouble}; the last changes are lost ({error.strerror or error})") from error
                raise DataError(f"{trouble}; its outlines are in {folder} for now")
        finally:
            if self._assistant:
                self._assistant.close()

    def _nobody(self) -> None:
        if self.desk.document:
            self.desk.document.push(Labels())
            self._finish()

    def _finish(self) -> None:
        """The picture is done."""
        document = self.desk.document
        if document is None:
            self._leave(1)
            return
        if 0 < len(document.labels.open) < LEAST:
            self._message = "the outline that is open has three corners at least; backspace removes one"
            return
        self._settle()
        document.finished = True
        if not self._save():
            return
        if self.desk.advance():
            self._opened()
        elif self.desk.labelled == len(self.desk.shots):
            self._message = f"all {len(self.desk.shots)} pictures are labelled; q quits"
        else:
            self._message = "this was the last picture; q quits"

    def _leave(self, by: int) -> None:
        """Goes one picture on or back; what could not be saved stays in memory."""
        self._settle()
        self._save()
        if self.desk.step(by):
            self._opened()
        else:
            self._message = "this is the last picture" if by > 0 else "this is the first picture"

    def _settle(self) -> None:
        if self.desk.document:
            self.desk.document.settle(hole=self._hand.hole)

    def _save(self) -> bool:
        self._unsaved = self.desk.save()
        return not self._unsaved

    def _stay(self, name: str) -> None:
        document = self.desk.document
        if name == "esc" and document and document.labels.open:
            document.push(replace(document.labels, open=()))
            return
        self._warned = True
        self._unsaved += f"; {name} again quits without {self.desk.pending} of them"

    def _opened(self) -> None:
        """Another picture is on the desk."""
        self._hand.let_go()
        self._hand.hole = False
        self.proposal = ()
        self._pixels = _UNREADABLE if self.desk.picture is None else self.desk.picture
        self._plate = None
        if self.desk.shot.plate is not None and self.desk.picture is not None:
            try:
                plate = read_color(self.desk.shot.plate)
                self._plate = plate if plate.shape == self._pixels.shape else None
            except DataError as error:
                self._message = str(error)
        self._bare = self._bare and self._plate is not None
        self.view = View.whole((self._pixels.shape[1], self._pixels.shape[0]), self._area)
        document = self.desk.document
        if self._assistant:
            self._assistant.forget()
        self._curious = document is not None and not document.masked and not document.labels.closed

    def _ask(self) -> None:
        if self._assistant is None:
            self._message = "no model proposes anything here; start with -m MODEL"
        elif self.desk.document:
            self.proposal, self._curious = (), True

    def _take_proposal(self) -> None:
        if not self.proposal:
            self._message = "there is no proposal; g asks for one"
        elif self.desk.document:
            self.desk.document.push(self.desk.document.labels.with_more(self.proposal))
            self.proposal = ()

    def _listen(self) -> None:
        """Asks and answers go through here, so that nothing is asked before there is a window."""
        if self._assistant is None:
            return
        if self._curious:
            self._assistant.ask(self.desk.index)
            self._curious = False
        answer = self._assistant.answer()
        if answer is not None:
            self.proposal, trouble = answer
            if trouble:
                self._message = f"no proposal: {trouble}"
            elif not self.proposal:
                self._message = "the model finds nobody here"
