"""What `live` and `mirror` work with: a model, the time to learn, a place for what is kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cleanplate.camera.live.keeping import Place
from cleanplate.camera.live.learning import Maker, Timing
from cleanplate.models import BackgroundModel
from cleanplate.models.setup import open_model

DEFAULT_MODEL = "plate"
"""What a person before a webcam gets who names none.

On four sets of a person before a camera, 640×480, fitted to 60 frames of the empty room (F over all; frames per second
with one thread of a busy machine): plate 0.941 and 21, lowmotion and median 0.906 and 58 and 42. mog2 takes whoever
stays for background within seconds. pairnet is the fastest and as good, but needs labels first.
"""


@dataclass(frozen=True)
class Given:
    """What a program works with.

    Attributes:
        model: as it was asked for.
        make: gives another one like it.
        timing: of the learning.
        place: for snapshots and recordings.
    """

    model: BackgroundModel
    make: Maker
    timing: Timing
    place: Place

    @classmethod
    def asked(cls, model: str, settings: tuple[str, ...], timing: Timing, out: Path) -> Self:
        """What the user typed, see `cleanplate.models.setup.open_model`.

        `plate` stands on `median` where nobody says otherwise: of an empty scene it is as good a base as `lowmotion`,
        learns in a quarter of the time, and follows the light.

        Raises:
            CleanplateError: if there is no such model, or `out` cannot be written.
        """
        if model == "plate" and not any(setting.startswith("base=") for setting in settings):
            settings = (*settings, "base=median")
        return cls(open_model(model, settings), lambda: open_model(model, settings), timing, Place(out))
