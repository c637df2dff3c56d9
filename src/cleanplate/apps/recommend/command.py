"""`cleanplate recommend`: from what the user typed to table, sheet and numbers."""

import json
import shlex
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cleanplate.apps.recommend.printed import print_advice
from cleanplate.apps.recommend.rules import RANKED, Advice, Needs, advise, ranked
from cleanplate.apps.recommend.sample import Sample, taken
from cleanplate.apps.recommend.scene import HIDDEN_SHARE, Scene, seen, stays
from cleanplate.apps.recommend.sheet import sheet_of_models
from cleanplate.apps.recommend.trying import Trial, compared, tried
from cleanplate.data.io.images import write_image
from cleanplate.data.open import open_stream
from cleanplate.errors import ConfigError, DataError
from cleanplate.models.setup import open_model
from cleanplate.utils.console import progress_bar, silence_decoders
from cleanplate.utils.files import whole
from cleanplate.utils.retry import RetryPolicy

DEFAULT = ("median", "lowmotion", "plate", "mog2", "knn")
"""The models that are always tried."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0


@dataclass(frozen=True)
class Asked:
    """What the user asked for.

    Attributes:
        source: see `cleanplate.data.open.open_stream`.
        out: folder for the sheet and the numbers.
        models: names or checkpoints beside `DEFAULT`.
        frames: most frames that are looked at.
        speed: frames per second that are needed; 0 for any.
        live: whether nothing can be fitted on the whole recording; of a camera that is so anyway.
        raw: form of raw pictures on standard input.
        retries: attempts to find a lost camera again.
    """

    source: str
    out: Path
    models: tuple[str, ...] = ()
    frames: int = 200
    speed: float = 0.0
    live: bool = False
    raw: str = ""
    retries: int = 10


def recommend_command(asked: Asked, tell: Callable[[str], None], patience: RetryPolicy | None = None) -> Advice:
    """Tries the fast models on a sample of a source, prints and writes what came of it, and says which to take.

    Args:
        asked: by the user.
        tell: takes a line for the user.
        patience: how a lost camera is looked for.

    Raises:
        CleanplateError: for what a user can mend.
    """
    silence_decoders()
    try:
        return _recommended(asked, tell, patience)
    except OSError as error:  # a folder that may not be looked into can be met anywhere
        place = error.filename or asked.source
        raise DataError(f"{place}: {error.strerror or error}; check the name and its permissions") from error


def _recommended(asked: Asked, tell: Callable[[str], None], patience: RetryPolicy | None) -> Advice:
    names = list(dict.fromkeys([*DEFAULT, *asked.models]))
    models = {name: open_model(name) for name in names}  # a wrong name is told before any work
    _check_place(asked)
    patience = patience or RetryPolicy(tries=max(1, asked.retries), first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
    stream = open_stream(asked.source, patience, asked.raw, notice=tell)
    with progress_bar("reading"):
        sample = taken(stream, asked.frames, tell)
    trials: list[Trial] = []
    with progress_bar("trying", len(models)) as advance:
        scene = seen(sample)
        for name, model in models.items():
            trials.append(tried(name, model, sample))
            advance(len(trials))
    trials = compared(trials)
    scene = _with_stays(scene, trials, sample)
    live = asked.live or sample.live
    speed = asked.speed or (sample.frames_per_second if sample.live else 0.0)
    numbers = [trial.tried for trial in trials]
    advice = advise(scene, numbers, Needs(live, speed))
    command = _command(asked, sample, advice.model)
    _write(asked.out, sample, scene, trials, advice, command, Needs(live, speed))
    print_advice(sample, scene, numbers, advice, command)
    tell(f"pictures side by side: {asked.out / 'sheet.png'}; numbers: {asked.out / 'recommend.json'}")
    return advice


def _with_stays(scene: Scene, trials: list[Trial], sample: Sample) -> Scene:
    """Who stays, by the masks of the best of the models that do not forget them."""
    fitted = [trial for trial in trials if not trial.tried.failed and not trial.tried.online]
    best = next((one.name for one in ranked([trial.tried for trial in fitted]) if one.name in RANKED), None)
    masks = next((trial.masks for trial in fitted if trial.tried.name == best), None)
    if masks is None:
        return scene
    share, frames, covered = stays(masks, sample.numbers)
    scene = replace(scene, stay=share, stay_frames=frames, covered=covered)
    # What was measured of light and unrest is then that of whoever is in front.
    return replace(scene, light=None, restless=None) if covered >= HIDDEN_SHARE else scene


def _check_place(asked: Asked) -> None:
    given = Path(asked.source)
    if asked.out.is_file():
        raise ConfigError(f"--out {asked.out}: a file lies there; give a folder")
    if given.is_dir() and given.resolve() == asked.out.resolve():
        raise ConfigError(
            f"--out {asked.out}: is the source itself, where a sheet would be taken for a frame; name another"
        )
    with whole(asked.out / ".cleanplate-probe") as probe:
        probe.write_bytes(b"\0")
    (asked.out / ".cleanplate-probe").unlink(missing_ok=True)


def _command(asked: Asked, sample: Sample, model: str) -> str:
    # An address may hold a password, the stream's name does not.
    source = sample.name if "://" in asked.source and "@" in asked.source else asked.source
    raw = ["--raw", asked.raw] if asked.raw else []
    return shlex.join(["cleanplate", "apply", source, *raw, "-m", model, "-o", "masks.mp4"])


def _write(
    out: Path, sample: Sample, scene: Scene, trials: list[Trial], advice: Advice, command: str, needs: Needs
) -> None:
    with whole(out / "sheet.png") as work:
        write_image(work, sheet_of_models(sample, trials, advice.model))
    height, width = sample.size
    told: dict[str, Any] = {
        "source": sample.name,
        "frames": len(sample.frames),
        "total": sample.total,
        "width": width,
        "height": height,
        "frames_per_second": sample.frames_per_second,
        "needs": asdict(needs),
        "scene": asdict(scene),
        "models": [asdict(trial.tried) for trial in trials],
        "recommended": asdict(advice),
        "command": command,
    }
    with whole(out / "recommend.json") as work:
        work.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
