"""`cleanplate recommend`: from what the user typed to table, sheet and numbers."""

import json
import shlex
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cleanplate.apps.recommend.rules import RANKED, Advice, Needs, advise, ranked
from cleanplate.apps.recommend.sample import Sample, read_sample
from cleanplate.apps.recommend.scene_analysis import HIDDEN_SHARE, Scene, analyze_scene, presence
from cleanplate.apps.recommend.sheet import sheet_of_models
from cleanplate.apps.recommend.summary import print_advice
from cleanplate.apps.recommend.trial import Trial, run_trial, with_agreement
from cleanplate.data.io.images import write_image
from cleanplate.data.open import open_stream
from cleanplate.errors import ConfigError
from cleanplate.models.setup import open_model
from cleanplate.utils.console import progress_bar, silence_decoders
from cleanplate.utils.files import atomic_write, readable
from cleanplate.utils.retry import RetryPolicy

DEFAULT = ("median", "lowmotion", "plate", "mog2", "knn")
"""The models that are always tried."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0


@dataclass(frozen=True)
class RecommendOptions:
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


def recommend_command(
    options: RecommendOptions, echo: Callable[[str], None], retry: RetryPolicy | None = None
) -> Advice:
    """Tries the fast models on a sample of a source, prints and writes what came of it, and says which to take.

    Args:
        options: by the user.
        echo: takes a line for the user.
        retry: how a lost camera is looked for.

    Raises:
        CleanplateError: for what a user can mend.
    """
    silence_decoders()
    with readable(options.source):
        return _recommended(options, echo, retry)


def _recommended(options: RecommendOptions, echo: Callable[[str], None], retry: RetryPolicy | None) -> Advice:
    names = list(dict.fromkeys([*DEFAULT, *options.models]))
    models = {name: open_model(name) for name in names}  # a wrong name is told before any work
    _check_place(options)
    retry = retry or RetryPolicy(tries=max(1, options.retries), first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
    stream = open_stream(options.source, retry, options.raw, notice=echo)
    with progress_bar("reading"):
        sample = read_sample(stream, options.frames, echo)
    trials: list[Trial] = []
    with progress_bar("trying", len(models)) as advance:
        scene = analyze_scene(sample)
        for name, model in models.items():
            trials.append(run_trial(name, model, sample))
            advance(len(trials))
    trials = with_agreement(trials)
    scene = _with_stays(scene, trials, sample)
    live = options.live or sample.live
    speed = options.speed or (sample.frames_per_second if sample.live else 0.0)
    numbers = [trial.measured for trial in trials]
    advice = advise(scene, numbers, Needs(live, speed))
    command = _command(options, sample, advice.model)
    _write(options.out, sample, scene, trials, advice, command, Needs(live, speed))
    print_advice(sample, scene, numbers, advice, command)
    echo(f"pictures side by side: {options.out / 'sheet.png'}; numbers: {options.out / 'recommend.json'}")
    return advice


def _with_stays(scene: Scene, trials: list[Trial], sample: Sample) -> Scene:
    """Who stays, by the masks of the best of the models that do not forget them."""
    fitted = [trial for trial in trials if not trial.measured.failed and not trial.measured.online]
    best = next((one.name for one in ranked([trial.measured for trial in fitted]) if one.name in RANKED), None)
    masks = next((trial.masks for trial in fitted if trial.measured.name == best), None)
    if masks is None:
        return scene
    share, frames, covered = presence(masks, sample.numbers)
    scene = replace(scene, stay=share, stay_frames=frames, covered=covered)
    # What was measured of light and unrest is then that of whoever is in front.
    return replace(scene, light=None, restless=None) if covered >= HIDDEN_SHARE else scene


def _check_place(options: RecommendOptions) -> None:
    given = Path(options.source)
    if options.out.is_file():
        raise ConfigError(f"--out {options.out}: a file lies there; give a folder")
    if given.is_dir() and given.resolve() == options.out.resolve():
        raise ConfigError(
            f"--out {options.out}: is the source itself, where a sheet would be taken for a frame; name another"
        )
    with atomic_write(options.out / ".cleanplate-probe") as probe:
        probe.write_bytes(b"\0")
    (options.out / ".cleanplate-probe").unlink(missing_ok=True)


def _command(options: RecommendOptions, sample: Sample, model: str) -> str:
    # An address may hold a password, the stream's name does not.
    source = sample.name if "://" in options.source and "@" in options.source else options.source
    raw = ["--raw", options.raw] if options.raw else []
    return shlex.join(["cleanplate", "apply", source, *raw, "-m", model, "-o", "masks.mp4"])


def _write(
    out: Path, sample: Sample, scene: Scene, trials: list[Trial], advice: Advice, command: str, needs: Needs
) -> None:
    with atomic_write(out / "sheet.png") as work:
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
        "models": [asdict(trial.measured) for trial in trials],
        "recommended": asdict(advice),
        "command": command,
    }
    with atomic_write(out / "recommend.json") as work:
        work.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
