"""The trial of one model on the sample: its speed, and its masks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import cv2
import numpy as np

from cleanplate.apps.apply.loop import frame_results
from cleanplate.apps.apply.model_setup import batch_of, fit, must_fit
from cleanplate.apps.recommend.sample import STRETCH, Sample
from cleanplate.apps.recommend.scene_analysis import WIDTH, Masks
from cleanplate.errors import CleanplateError
from cleanplate.models import BackgroundModel
from cleanplate.report.clips import narrowed
from cleanplate.utils.arrays import Image


@dataclass(frozen=True)
class Measurements:
    """How a model did on the sample.

    Attributes:
        name: as it was asked for: a registered name, or a checkpoint.
        online: whether it starts without being fitted.
        fit_seconds: to learn the sample; 0 where nothing is fitted.
        frames_per_second: of masks, in one process, the first batch not counted.
        share: mean share of the picture that is foreground, 0 to 1.
        unrest: mean change of its background from one stretch to the next, in grey levels.
        agreement: mean F of its masks against those of each other model, 0 to 1; `None` where there is no other.
        failed: why it could not be tried; empty if it could.
    """

    name: str
    online: bool = False
    fit_seconds: float = 0.0
    frames_per_second: float = 0.0
    share: float = 0.0
    unrest: float = 0.0
    agreement: float | None = None
    failed: str = ""


@dataclass(frozen=True)
class Trial:
    """What was measured, and the pictures that it was measured on.

    Attributes:
        measured: the numbers.
        masks: `[N, h, w]`, at most 320 wide; empty of a model that failed.
        background: the last one, uint8 BGR, at most 320 wide.
    """

    measured: Measurements
    masks: Masks
    background: Image | None


def run_trial(name: str, model: BackgroundModel, sample: Sample) -> Trial:
    """Returns the trial of a model: fitted to the sample if it must be, then applied; an error of it is recorded."""
    needs = must_fit(model, None)
    stream = sample.stream()
    frames = stream.frames()
    try:
        start = perf_counter()
        if needs:
            frames = fit(model, stream, frames, None)
        fitted = perf_counter() - start if needs else 0.0
        batch = batch_of(model, live=sample.live)
        results = frame_results(model, frames, sample.frames_per_second, batch=batch, plates=False)
        masks, times, unrest = [], [], []
        background: Image | None = None
        while True:
            start = perf_counter()
            result = next(results, None)
            if result is None:
                break
            times.append(perf_counter() - start)
            masks.append(_small(result.mask))
            if len(masks) % STRETCH == 0 or len(masks) == len(sample.frames):
                before, background = background, narrowed(model.background, WIDTH)
                if before is not None:
                    unrest.append(float(cv2.absdiff(before, background).mean()))
    except CleanplateError as error:
        return Trial(Measurements(name, online=not needs, failed=str(error)), np.zeros((0, 1, 1), np.bool_), None)
    warm = times[batch:] or times
    numbers = Measurements(
        name,
        online=not needs,
        fit_seconds=fitted,
        frames_per_second=len(warm) / max(sum(warm), 1e-9),
        share=float(np.mean([mask.mean() for mask in masks])),
        unrest=float(np.mean(unrest)) if unrest else 0.0,
    )
    return Trial(numbers, np.stack(masks), background)


def with_agreement(trials: Sequence[Trial]) -> list[Trial]:
    """Returns the trials with the agreement of each with the others."""
    whole = [trial for trial in trials if not trial.measured.failed]
    told = []
    for trial in trials:
        others = [other for other in whole if other is not trial]
        if trial.measured.failed or not others:
            told.append(trial)
            continue
        mean = float(np.mean([agreement(trial.masks, other.masks) for other in others]))
        told.append(replace(trial, measured=replace(trial.measured, agreement=mean)))
    return told


def agreement(one: Masks, other: Masks) -> float:
    """Returns the F-measure of one set of masks against another: 1 equal, 0 disjoint; 1 if both are empty."""
    together = int(one.sum()) + int(other.sum())
    return 2 * int((one & other).sum()) / together if together else 1.0


def _small(mask: Image) -> Masks:
    height, width = mask.shape
    found = np.asarray(mask == 255)
    if width <= WIDTH:
        return found
    size = (WIDTH, max(1, round(height * WIDTH / width)))
    return np.asarray(cv2.resize(found.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0)
