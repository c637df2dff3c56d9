"""Stage `acquire`: says where the raw frames of each scene are, and what they are, before any work starts."""

import json
from pathlib import Path
from typing import Any

from cleanplate.acquire.inventory import digest, inventory
from cleanplate.config import Config
from cleanplate.data import synthetic
from cleanplate.data.labelled import LABELLED, find_places, label_files
from cleanplate.files import replacing
from cleanplate.pipeline import layout, stage


def run(config: Config) -> None:
    """Writes `data/acquired/<scene>.json`: kind, place and digest of the raw frames."""
    with replacing(layout.ACQUIRED) as folder:
        for scene in config.data.scenes:
            file = folder / f"{scene}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(_found(config, scene), indent=2) + "\n")
            print(f"{scene}: found")


def _found(config: Config, scene: str) -> dict[str, Any]:
    data = config.data
    if data.name == "synthetic":
        recipe = {"height": data.height, "width": data.width, "frames": data.frames, "seed": data.seed}
        generator = Path(synthetic.__file__).parent
        code = digest(generator, sorted(generator.rglob("*.py")))  # another generator renders other frames
        return {"scene": scene, "kind": "synthetic", **recipe, "sha256": code}
    assert data.root is not None  # the configuration has seen to it
    if data.name in LABELLED:
        return _found_labelled(config, scene, find_places(data.name, data.root.resolve())[scene])
    place = data.root.resolve() / scene if data.name == "cdnet" else data.root.resolve()
    return {"scene": scene, "kind": data.name, "place": str(place), **inventory(place)}


def _found_labelled(config: Config, scene: str, place: Path) -> dict[str, Any]:
    """Pictures, labels, and which of the labels count: another choice makes other masks."""
    data = config.data
    chosen = {"categories": data.categories, "smallest": data.smallest, "negatives": data.negatives}
    beside = label_files(data.name, place)
    labels = {"labels": digest(place.parent, beside)} if beside else {}
    return {"scene": scene, "kind": data.name, "place": str(place), **chosen, **labels, **inventory(place)}


if __name__ == "__main__":
    stage.main(run)
