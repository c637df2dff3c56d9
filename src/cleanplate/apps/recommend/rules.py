"""The rules that recommend a model, each with its reason from the measurements.

The models that are known here are ranked by their mean F on real scenes (the table in the README): plate, lowmotion,
median, knn, mog2. `median` stands before `knn`, for it leads where nothing covers the picture for long; where something
does, a rule takes it out. From the ranking is taken out, one rule after the other, as long as something is left:

1. live:    what must be fitted, since there is no recording to fit it to;
2. speed:   what was measured to be slower than is needed;
3. camera:  what has one plate for all frames, where the camera shakes, pans or zooms;
4. covered: `median`, where part of the picture is covered half of the time;
5. stays:   what learns online, and so takes whoever stays for background;
6. light:   what learns online, where the light changes: it follows late, fitted models even it out in each frame.

The first of what is left is recommended. Where a rule would leave nothing, it is not followed and a warning says so.
Models that only the user has named come last, by their agreement with the others: no table ranks them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cleanplate.apps.recommend.scene_analysis import Scene
from cleanplate.apps.recommend.trial import Measurements
from cleanplate.errors import ModelError

RANKED = {
    "plate": "cuts out best on real scenes; a network judges every pixel beside its background",
    "lowmotion": "finds the background where nothing moves, and follows camera, light and waves",
    "median": "one plain picture of the scene, on a still background nearly as good as any and fast",
    "knn": "starts at once and follows the scene; of the two that do, it cuts out better",
    "mog2": "starts at once, follows the scene, and is the fastest",
}
"""The models that the rules know, best first, and what speaks for each."""

_FOLLOW_CAMERA = frozenset({"plate", "lowmotion"})


@dataclass(frozen=True)
class Needs:
    """What the user needs.

    Attributes:
        live: nothing can be fitted on the whole recording.
        speed: frames per second that the model must reach; 0 for any.
    """

    live: bool = False
    speed: float = 0.0


@dataclass(frozen=True)
class Advice:
    """What is recommended.

    Attributes:
        model: as in `Measurements.name`.
        reasons: why, each a sentence with what was measured.
        warnings: what is to be expected all the same.
        otherwise: what to take if a need is given up; empty if it changes nothing.
    """

    model: str
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    otherwise: str = ""


@dataclass(frozen=True)
class _Rule:
    """Takes models out.

    Attributes:
        keeps: which models stay.
        why: what speaks against the others.
        unmet: what is said if none would be left.
        fastest: whether the fastest is taken then, rather than all.
    """

    keeps: Callable[[Measurements], bool]
    why: str
    unmet: str
    fastest: bool = False


def advise(scene: Scene, trials: Sequence[Measurements], needs: Needs) -> Advice:
    """Follows the rules of this module.

    Args:
        scene: what was measured of it.
        trials: the models that were tried.
        needs: of the user.

    Raises:
        ModelError: if no model could be tried.
    """
    left = ranked([trial for trial in trials if not trial.failed])
    if not left:
        why = trials[0].failed if trials else "none was named"
        raise ModelError(f"no model could be tried on this source: {why}")
    reasons, warnings = [], []
    for rule in _rules(scene, needs):
        kept = [trial for trial in left if rule.keeps(trial)]
        out = [trial.name for trial in left if trial not in kept]
        if kept and out:
            reasons.append(f"not {_listed(out)}: {rule.why}")
        elif not kept:
            warnings.append(rule.unmet)
            kept = [max(left, key=lambda trial: trial.frames_per_second)] if rule.fastest else left
        left = kept
    best = left[0]
    praise = RANKED.get(best.name, "is what is left; no table ranks it, so look at its pictures")
    speed = f"{best.frames_per_second:.0f} frames/s measured here"
    if needs.speed and best.frames_per_second >= needs.speed:
        speed += f", {needs.speed:g} are needed"
    reasons.insert(0, f"{best.name} {praise} ({speed})")
    if scene.is_restless and best.name == "plate":
        reasons.append(f"the background is restless in {scene.restless:.0%} of the picture, which its network has seen")
    return Advice(best.name, tuple(reasons), tuple(warnings) + _cautions(scene, best), _otherwise(trials, best, needs))


def ranked(trials: Sequence[Measurements]) -> list[Measurements]:
    """Models in the order of `RANKED`; what is not in it comes last, what agrees most with the others first."""
    order = {name: place for place, name in enumerate(RANKED)}
    return sorted(trials, key=lambda trial: (order.get(trial.name, len(order)), -(trial.agreement or 0.0)))


def _rules(scene: Scene, needs: Needs) -> list[_Rule]:
    rules = []
    if needs.live:
        rules.append(
            _Rule(
                lambda trial: trial.online,
                "must be fitted first, and live there is no whole recording to fit to",
                "none of the models tried can start without a fit: fit to the first frames (apply --fit N)",
            )
        )
    if needs.speed:
        rules.append(
            _Rule(
                lambda trial: trial.frames_per_second >= needs.speed,
                f"slower than the {needs.speed:g} frames/s that are needed",
                f"none reaches {needs.speed:g} frames/s on this machine, this one comes nearest: "
                "make the frames smaller, or leave some out",
                fastest=True,
            )
        )
    if not scene.camera_still:
        what = _camera(scene)
        rules.append(
            _Rule(
                lambda trial: trial.name in _FOLLOW_CAMERA or trial.name not in RANKED,
                f"cannot follow the camera, which {what}",
                f"the camera {what}, which no model left follows: expect false alarms along edges",
            )
        )
    if scene.is_covered:
        covered = f"{scene.covered:.1%} of the picture is covered half of the time"
        rules.append(
            _Rule(
                lambda trial: trial.name != "median",
                f"{covered}, and its plate would show who covers it",
                f"{covered}, and its plate may show who covers it: a longer recording would help",
            )
        )
    if scene.somebody_stays:
        rules.append(
            _Rule(
                lambda trial: not trial.online,
                f"{_stay(scene)}, and what learns online takes that for background",
                f"{_stay(scene)}: a model that learns online loses them after a while (--set history=2000 helps)",
            )
        )
    if scene.light_changes:
        light = f"the light changes by {scene.light:.0f} grey levels"
        rules.append(
            _Rule(
                lambda trial: not trial.online,
                f"{light}, which fitted models even out frame by frame, and these do not",
                f"{light}, which a model that learns online follows late: expect false alarms for a while",
            )
        )
    return rules


def _cautions(scene: Scene, best: Measurements) -> tuple[str, ...]:
    found = []
    if not scene.enough:
        found.append(
            "too few frames in a row to tell whether the camera moves or the background rests: give 60 or more"
        )
    if best.share > 0.5:
        found.append(f"{best.share:.0%} of the picture is foreground to it: look at the sheet before you believe it")
    if best.agreement is not None and best.agreement < 0.3:
        found.append(f"it agrees little with the others (F {best.agreement:.2f}): look at the sheet")
    return tuple(found)


def _otherwise(trials: Sequence[Measurements], best: Measurements, needs: Needs) -> str:
    """The best of the ranking that a need alone has kept from being recommended."""
    first = next((trial for trial in ranked(trials) if not trial.failed and trial.name in RANKED), best)
    if first.name == best.name or not (needs.live or needs.speed):
        return ""
    if needs.live and not first.online and first.frames_per_second >= needs.speed:
        return f"if the first frames may be spent on a fit, {first.name} with --fit 200 cuts out better"
    if first.frames_per_second < needs.speed:
        return f"if {first.frames_per_second:.0f} frames/s will do, {first.name} cuts out better"
    return ""


def _camera(scene: Scene) -> str:
    return "pans, tilts or zooms" if scene.moves else f"shakes (by {scene.shake:.1f} pixels in the median frame)"


def _stay(scene: Scene) -> str:
    return f"somebody stays in one place for {scene.stay_frames} frames, {scene.stay:.0%} of the sample"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
