"""Proposals made beside the window, which never waits for them."""

from collections.abc import Sequence

from cleanplate.camera.annotate.outlines import proposed_outlines
from cleanplate.camera.annotate.pictures import Shot
from cleanplate.camera.annotate.proposing import Proposals
from cleanplate.camera.annotate.shapes import Polygon
from cleanplate.camera.worker import Worker
from cleanplate.data.io.images import read_color
from cleanplate.errors import CleanplateError, first_line

Answer = tuple[tuple[Polygon, ...], str]
"""Outlines, and in words why there are none."""


class Assistant:
    """Looks at one picture after the other, when it is asked to."""

    def __init__(self, shots: Sequence[Shot], proposals: Proposals) -> None:
        """Args: the pictures, and what finds the foreground in one."""
        self._shots = shots
        self._proposals = proposals
        self._worker: Worker[tuple[int, Answer]] = Worker()
        self._asked: int | None = None

    @property
    def busy(self) -> bool:
        """Whether an answer is to come."""
        return self._asked is not None

    def ask(self, index: int) -> None:
        """Asks for a picture's outlines, and forgets what was asked before."""
        self._asked = index
        self._worker.put(lambda: (index, self._look(index)))

    def forget(self) -> None:
        """Nobody wants to know any more."""
        self._asked = None

    def answer(self) -> Answer | None:
        """What was found in the picture that was asked for last; `None` as long as there is no news."""
        outcome = self._worker.outcome()
        if outcome is None or outcome.result is None or outcome.result[0] != self._asked:
            return None
        self._asked = None
        return outcome.result[1]

    def close(self) -> None:
        """Ends it; what is not found by then is not found."""
        self._worker.close()

    def _look(self, index: int) -> Answer:
        shot = self._shots[index]
        try:
            # Read anew, so that nothing is shared with the window.
            return proposed_outlines(self._proposals(shot, read_color(shot.path))), ""
        except CleanplateError as error:
            return (), str(error)
        except Exception as error:  # of networks and OpenCV, on pictures that they cannot take
            return (), first_line(error)
