"""Protocols: which frames a run is trained on and tested on, and the check that the two never overlap."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleanplate.config import Config
from cleanplate.config.schema import ProtocolConfig
from cleanplate.data.sequence import evenly_spaced
from cleanplate.errors import ConfigError

Plan = dict[str, Any]


@dataclass(frozen=True)
class Scene:
    """What is known of a prepared scene: digest of its contents, and the numbers of its frames with ground truth."""

    sha256: str
    labelled: tuple[int, ...]


def planned(config: Config, run: str, scenes: Mapping[str, Scene]) -> Plan:
    """What a run is made of: scenes, frames it learns from (`train`) and scenes it is tested on (`predict`).

    Args:
        config: runs, protocol and data are read.
        run: one of `config.runs`.
        scenes: the prepared ones, by name.

    Returns:
        `run`, `protocol`, `league` (`None` where the model says it), and two lists of entries with `scene` and
        `sha256`; an entry of `train` may have `frames`, one of `predict` the same frames as `exclude`: they are
        predicted, but not scored.

    Raises:
        ConfigError: if the protocol leaves nothing to learn from or to test on, or the two meet.
    """
    plan = _PLANNERS[config.protocol_name](config, run, scenes)
    check_leakage(plan)
    return plan


def check_leakage(plan: Plan) -> None:
    """Refuses a plan that would be scored on a frame it has learnt from.

    Raises:
        ConfigError: names run, scene and frames.
    """
    if plan["protocol"] == "none":
        return  # nothing is learnt from labels
    for tested in plan["predict"]:
        for learnt in plan["train"]:
            same = learnt["scene"] == tested["scene"]
            if not same and learnt["sha256"] != tested["sha256"]:
                continue
            shared = set(learnt["frames"]) - set(tested.get("exclude", ()) if same else ())
            if shared:
                what = "itself" if same else f"{learnt['scene']}, which holds the same files"
                raise ConfigError(
                    f"run {plan['run']!r}: would be tested on {tested['scene']} after learning from {len(shared)} "
                    f"labelled frames of {what}; see protocol in conf/protocol"
                )


def _entry(scene: str, scenes: Mapping[str, Scene], **more: Any) -> dict[str, Any]:
    return {"scene": scene, "sha256": scenes[scene].sha256, **more}


def _learnt(names: Sequence[str], scenes: Mapping[str, Scene]) -> list[dict[str, Any]]:
    return [_entry(name, scenes, frames=list(scenes[name].labelled)) for name in names if scenes[name].labelled]


def _plan(
    config: Config, run: str, train: list[dict[str, Any]], predict: list[dict[str, Any]], league: str | None = None
) -> Plan:
    if not train:
        raise ConfigError(f"run {run!r}: no labelled frame to learn from; none of its training scenes has ground truth")
    if not predict:
        raise ConfigError(f"run {run!r}: no scene left to test on; see protocol and data.test")
    return {"run": run, "protocol": config.protocol_name, "league": league, "train": train, "predict": predict}


def _without_labels(config: Config, run: str, scenes: Mapping[str, Scene]) -> Plan:
    """Each run sees the frames of its scenes, and no label."""
    if run in scenes:
        used = [run]
    elif run == "all":
        used = list(scenes)
    else:
        raise ConfigError(f"runs: {run!r} is neither a scene nor `all`; choose from {', '.join([*scenes, 'all'])}")
    contents = [_entry(scene, scenes) for scene in used]
    return _plan(config, run, contents, [dict(entry) for entry in contents])


def _split(config: Config, run: str, scenes: Mapping[str, Scene]) -> Plan:
    """One run: scenes of `data.test`, or else the last labelled one, are for testing, the others for learning."""
    if run != "all":
        raise ConfigError(f"runs: {run!r} is not `all`, the one run of protocol `split`")
    labelled = [name for name, scene in scenes.items() if scene.labelled]
    test = config.data.test or (labelled or list(scenes))[-1:]
    return _plan(config, run, _learnt([name for name in scenes if name not in test], scenes),
                 [_entry(name, scenes) for name in test])  # fmt: skip


def _unseen(config: Config, run: str, scenes: Mapping[str, Scene]) -> Plan:
    """Every video is tested by the run that never saw it: folds as published, or each video in turn."""
    folds = config.protocol.tested()
    if folds:
        if run not in folds:
            raise ConfigError(f"runs: {run!r} is no fold; choose from {', '.join(folds)}")
        test = [name for name in scenes if name in folds[run] or name.split("/")[1] in folds[run]]
    elif run in scenes:
        test = [run]
    else:
        raise ConfigError(f"runs: {run!r} is not a scene; without protocol.folds each scene is tested in turn")
    if not test:
        raise ConfigError(f"run {run!r}: none of its videos is among data.scenes; leave it out of runs")
    train = _learnt([name for name in scenes if name not in test], scenes)
    return _plan(config, run, train, [_entry(name, scenes) for name in test], "unseen")


def _scene(config: Config, run: str, scenes: Mapping[str, Scene]) -> Plan:
    """A run learns from some labelled frames of a video, and is scored on the others."""
    if run not in scenes:
        raise ConfigError(f"runs: {run!r} is not a scene; protocol `scene` has a run for each, or leave it out")
    frames = chosen_frames(config.protocol, run, scenes[run].labelled)
    return _plan(config, run, [_entry(run, scenes, frames=frames)], [_entry(run, scenes, exclude=frames)], "scene")


def chosen_frames(protocol: ProtocolConfig, scene: str, labelled: Sequence[int]) -> list[int]:
    """The frames of a video to learn from: those of a published list, or as many, evenly spaced.

    Of a list that is longer than `protocol.frames`, evenly spaced ones are taken.

    Raises:
        ConfigError: if the list cannot be read or does not hold the video, or nothing would be left to test on.
    """
    known = sorted(labelled)
    if protocol.frames_file is not None:
        listed = _listed(protocol.frames_file)
        if scene not in listed:
            raise ConfigError(f"protocol.frames_file: {protocol.frames_file} has no line for {scene}")
        known = sorted(set(listed[scene]) & set(known))
    frames = evenly_spaced(known, protocol.frames)
    if len(frames) >= len(labelled):
        raise ConfigError(
            f"protocol.frames: {protocol.frames} leaves none of the {len(labelled)} frames of {scene} to test on"
        )
    return frames


def _listed(path: Path) -> dict[str, list[int]]:
    try:
        with path.open(newline="") as file:
            return {row[0]: [int(number) for number in row[1].split()] for row in csv.reader(file) if row}
    except (OSError, ValueError, IndexError) as error:
        raise ConfigError(f"protocol.frames_file: {path}: {error}; a line is `category/video,1 2 3`") from error


_PLANNERS = {"none": _without_labels, "split": _split, "unseen": _unseen, "scene": _scene}
