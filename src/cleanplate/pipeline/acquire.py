"""Stage `acquire`: says where the raw frames of each scene are, and what they are, before any work starts."""

import json
from pathlib import Path
from typing import Any

from cleanplate import scenes
from cleanplate.acquire.catalogue import find_entry, load_catalogue
from cleanplate.acquire.completeness import check_contents
from cleanplate.config import Config
from cleanplate.data.datasets.labelled import LABELLED, find_places, label_files
from cleanplate.pipeline import layout, stage
from cleanplate.utils.files import digest, inventory, replacing

_TOLD = 10


def run(config: Config) -> None:
    """Writes `data/acquired/<scene>.json`: kind, place and digest of the raw frames."""
    with replacing(layout.ACQUIRED) as folder:
        for scene in config.data.scenes:
            file = folder / f"{scene}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(_found(config, scene), indent=2) + "\n")
            print(f"{scene}: found")
            for lack in _lacks(config, scene):
                print(f"{scene}: {lack}")


def _found(config: Config, scene: str) -> dict[str, Any]:
    data = config.data
    if data.name == "synthetic":
        recipe = {"height": data.height, "width": data.width, "frames": data.frames, "seed": data.seed}
        generator = Path(scenes.__file__).parent
        code = digest(generator, sorted(generator.rglob("*.py")))  # another generator renders other frames
        return {"scene": scene, "kind": "synthetic", **recipe, "sha256": code}
    assert data.root is not None  # the configuration has seen to it
    if data.name in LABELLED:
        return _found_labelled(config, scene, find_places(data.name, data.root.resolve())[scene])
    place = data.root.resolve() / scene if data.name == "cdnet" else data.root.resolve()
    return {"scene": scene, "kind": data.name, "place": str(place), **inventory(place)}


def _lacks(config: Config, scene: str) -> list[str]:
    """What a copy of a published scene is without, or has besides; of other scenes nobody knows."""
    data = config.data
    if data.name not in ("cdnet", "coco") or data.root is None:
        return []
    entry = find_entry(data.name, load_catalogue())
    name = scene if data.name == "cdnet" else scene.split("/")[1]
    if name not in {held for part in entry.parts.values() for held in part.contents}:
        return []
    found = check_contents(entry, data.root, [name])
    # Of the category's other videos, which nobody asked for, nothing is said.
    missing = [f"missing: {path}" for part in found for path in part.missing if name in path]
    extra = [f"not of the set: {path}" for part in found for path in part.extra if name in path]
    return _first([*missing, *extra])


def _first(lines: list[str]) -> list[str]:
    """Some lines, and how many more there are."""
    return lines if len(lines) <= _TOLD else [*lines[:_TOLD], f"and {len(lines) - _TOLD} more"]


def _found_labelled(config: Config, scene: str, place: Path) -> dict[str, Any]:
    """Pictures, labels, and which of the labels count: another choice makes other masks."""
    data = config.data
    chosen = {"categories": data.categories, "smallest": data.smallest, "negatives": data.negatives}
    beside = label_files(data.name, place)
    labels = {"labels": digest(place.parent, beside)} if beside else {}
    return {"scene": scene, "kind": data.name, "place": str(place), **chosen, **labels, **inventory(place)}


if __name__ == "__main__":
    stage.main(run)
