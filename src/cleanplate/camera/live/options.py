"""Options of `live` and `mirror`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cleanplate.models import BackgroundModel
from cleanplate.models.setup import open_model

DEFAULT_MODEL = "plate"
"""The model for users who name none.

On four sets of a person in front of a camera, 640×480, fitted to 60 frames of the empty room, the F-measures over all
and the frames per second on one thread of a busy machine are: plate 0.941 and 21, lowmotion 0.906 and 58, median 0.906
and 42. mog2 absorbs a person within seconds. pairnet is the fastest and as good, but needs labels first.
"""

ADAPT = 0.005
"""Learning rate of fitted models that can follow the light.

They update only where they see background, so that a person who sits still stays foreground. On four sets of a person
in front of a camera, a rate of 0.002 raises the F-measure of `median` from 0.911 to 0.917; where the light fades by
15 %, a rate of 0.01 raises it from 0.894 to 0.908.
"""


@dataclass(frozen=True)
class Timing:
    """How long a person has to leave the picture, and how long the empty scene is watched.

    Attributes:
        countdown: seconds before.
        seconds: of watching; at most 200 frames are kept, evenly spaced.
        frames: this many consecutive frames instead of `seconds`; 0 goes by the seconds.
    """

    countdown: float = 5.0
    seconds: float = 4.0
    frames: int = 0


@dataclass(frozen=True)
class SceneOptions:
    """Options that `live` and `mirror` share.

    Attributes:
        source: see `cleanplate.camera.feed.camera_feed`.
        model: name, checkpoint or exported file.
        settings: options of the model, `key=value` each.
        timing: of learning the empty scene.
        out: folder of snapshots and recordings, or a video file that is recorded from the start.
        retries: attempts to find a lost camera again.
    """

    source: str = "0"
    model: str = DEFAULT_MODEL
    settings: tuple[str, ...] = ()
    timing: Timing = field(default_factory=Timing)
    out: Path = Path("live")
    retries: int = 10

    def model_factory(self) -> Callable[[], BackgroundModel]:
        """Returns what makes a new model.

        `plate` gets `base=median` by default: for an empty scene it is as good a base as `lowmotion`, is fitted in a
        quarter of the time, and follows the light.
        """
        settings = self.settings
        if self.model == "plate" and not any(setting.startswith("base=") for setting in settings):
            settings = (*settings, "base=median")
        return partial(open_model, self.model, settings)


@dataclass(frozen=True)
class LiveOptions(SceneOptions):
    """Options of `cleanplate live`.

    Attributes:
        adapt: learning rate of fitted models that can go on learning.
        background: picture for the view that replaces the background.
        mirror: exchange left and right; `None` does so for a webcam.
    """

    adapt: float = ADAPT
    background: Path | None = None
    mirror: bool | None = None


@dataclass(frozen=True)
class MirrorOptions(SceneOptions):
    """Options of `cleanplate mirror`.

    Attributes:
        shadow: whether the double casts a shadow.
    """

    timing: Timing = field(default_factory=lambda: Timing(3.0, 3.0))
    out: Path = Path("mirror")
    shadow: bool = True
