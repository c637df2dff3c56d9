"""Stage `prepare`: writes every scene in the CDnet layout and lists the scenes of each training run.

A scene whose record has not changed is left as it is, so that a new scene is rendered or linked alone. The same holds
for its optical flow.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cleanplate.config import Config
from cleanplate.data.datasets.base import find_dataset
from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.datasets.layout import check_frames, resumable_folder
from cleanplate.data.flow import Flow, FlowFile, FlowSettings, write_flow_file
from cleanplate.data.training import labelled_numbers
from cleanplate.errors import DataError
from cleanplate.pipeline import stage
from cleanplate.pipeline.plans import Scene, planned
from cleanplate.utils.console import progress_bar
from cleanplate.utils.files import inventory, remove, replacing
from cleanplate.utils.parallel import cores


def run(config: Config) -> None:
    """Writes `data/{sequences/<scene>/,prepared/<scene>.json,flow/<scene>.npz}` and `data/runs/<run>.json`."""
    scenes = config.data.scenes
    for scene in scenes:
        record = json.loads((stage.ACQUIRED / f"{scene}.json").read_text()) | {"on_corrupt": config.data.on_corrupt}
        if _prepared(scene).get("recipe") != record or not (stage.SEQUENCES / scene).is_dir():
            remove(stage.PREPARED / f"{scene}.json")
            tolerated = _write_sequence(config, scene, record)
            _write_json(stage.PREPARED / f"{scene}.json", _inspected(config, scene, record, tolerated))
        manifest = _prepared(scene)
        still = "pictures, the first" if manifest.get("still_pictures") else "frames"
        print(f"{scene}: {manifest['frames']} {still} of {manifest['width']}×{manifest['height']}")
        for defect in manifest["defects"]:
            print(f"{scene}: {defect}")
    _remove_others(stage.SEQUENCES, set(scenes))
    _remove_others(stage.PREPARED, {f"{scene}.json" for scene in scenes})
    stage.FLOW.mkdir(parents=True, exist_ok=True)
    for scene in scenes if config.flow else []:
        if not _flow_is_current(scene):
            _write_flow(config, scene)
    # Flow that this configuration does not need is kept while it is valid: the next one may need it.
    _remove_others(stage.FLOW, {f"{scene}.npz" for scene in scenes if _flow_is_current(scene)})
    with replacing(stage.RUNS) as folder:
        for name in config.runs:
            _write_json(folder / f"{name}.json", _plan(config, name))


def _write_sequence(config: Config, scene: str, record: dict[str, Any]) -> list[str]:
    """Writes the scene in the CDnet layout; returns the defects that were found and tolerated."""
    dataset = find_dataset(record["kind"])
    target = stage.SEQUENCES / scene
    with (
        resumable_folder(target, record) if dataset.resumable else replacing(target) as folder,
        progress_bar(f"preparing {scene}") as progress,
    ):
        return dataset.write(record, folder, config.data.options, progress)


def _inspected(config: Config, scene: str, record: dict[str, Any], tolerated: list[str]) -> dict[str, Any]:
    """Returns a description of the written sequence, of which every frame is decoded to find broken ones."""
    folder = stage.SEQUENCES / scene
    sequence = read_cdnet(folder, scene, config.data.on_corrupt)
    with progress_bar(f"checking {scene}", len(sequence)) as progress:
        threads = config.data.workers or cores()
        defects = check_frames(sequence, config.data.on_corrupt, progress, threads)
    for label in sequence.corrupt:
        Path(label).unlink()  # our link; later stages then see a gap in the numbers instead of a broken frame
    height, width = sequence.size
    return {
        "scene": scene,
        "recipe": record,
        "frames": len(sequence) - len(sequence.corrupt),
        "height": height,
        "width": width,
        **({"still_pictures": True} if sequence.still_pictures else {}),
        "defects": [*tolerated, *defects],
        "sha256": inventory(folder)["sha256"],
    }


def _flow_about(scene: str) -> dict[str, Any]:
    """Returns what the flow of a scene depends on."""
    return {"frames": _prepared(scene)["sha256"], "settings": asdict(FlowSettings())}


def _flow_is_current(scene: str) -> bool:
    try:
        return FlowFile(stage.scene_flow(scene)).about == _flow_about(scene)
    except DataError:
        return False


def _write_flow(config: Config, scene: str) -> None:
    sequence = read_cdnet(stage.SEQUENCES / scene, scene, config.data.on_corrupt)
    if sequence.still_pictures:
        raise DataError(f"flow: {scene} is a set of single pictures, without motion between them; set flow=false")
    with progress_bar(f"optical flow of {scene}", len(sequence)) as progress:

        def numbered() -> Iterator[tuple[int, Flow]]:
            for index, _, flow in sequence.flows():
                yield sequence.numbers[index], flow
                progress(index + 1)

        write_flow_file(stage.scene_flow(scene), numbered(), _flow_about(scene))
    print(f"{scene}: optical flow, {stage.scene_flow(scene).stat().st_size / 1e6:.1f} MB")


def _plan(config: Config, name: str) -> dict[str, Any]:
    """Returns the scenes of a run, with the digest of everything that its training depends on.

    Flow is part of it only if it is requested: other models do not depend on it.
    """
    plan = planned(config, name, {scene: _scene(config, scene) for scene in config.data.scenes})
    for entry in [*plan["train"], *plan["predict"]] if config.flow else []:
        entry["flow"] = hashlib.sha256(stage.scene_flow(entry["scene"]).read_bytes()).hexdigest()
    return plan


def _scene(config: Config, name: str) -> Scene:
    sequence = read_cdnet(stage.SEQUENCES / name, name, config.data.on_corrupt)
    return Scene(_prepared(name)["sha256"], tuple(labelled_numbers(sequence)))


def _prepared(scene: str) -> dict[str, Any]:
    file = stage.PREPARED / f"{scene}.json"
    content: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    return content


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n")


def _remove_others(folder: Path, wanted: set[str]) -> None:
    """Removes scenes of an earlier configuration: an output holds what the configuration names."""
    for path in folder.glob("*/*"):
        if path.relative_to(folder).as_posix() not in wanted:
            remove(path)
    for category in folder.glob("*"):
        if category.is_dir() and not any(category.iterdir()):
            category.rmdir()


if __name__ == "__main__":
    stage.main(run)
