"""Stage `acquire`: finds the raw files of each scene and describes them, before any work starts."""

import json

from cleanplate.acquire.catalogue import load_catalogue
from cleanplate.acquire.completeness import check_contents
from cleanplate.config import Config
from cleanplate.data.datasets.base import find_dataset
from cleanplate.pipeline import stage
from cleanplate.utils.files import replacing

_LINES_SHOWN = 10


def run(config: Config) -> None:
    """Writes `data/acquired/<scene>.json`: kind, place and digest of the raw files."""
    dataset = find_dataset(config.data.name)
    with replacing(stage.ACQUIRED) as folder:
        for scene in config.data.scenes:
            file = folder / f"{scene}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(dataset.record(scene, config.data.options), indent=2) + "\n")
            print(f"{scene}: found")
            for line in _compared_with_catalogue(config, scene):
                print(f"{scene}: {line}")


def _compared_with_catalogue(config: Config, scene: str) -> list[str]:
    """Returns what a copy of a published scene lacks or has in addition; nothing for scenes not in the catalogue."""
    entry = load_catalogue().get(config.data.name)
    if entry is None or config.data.root is None:
        return []
    published = {name for part in entry.parts.values() for name in part.contents}
    name = next((name for name in (scene, scene.split("/")[1]) if name in published), None)
    if name is None:
        return []
    findings = check_contents(entry, config.data.root, [name])
    # Other videos of the category, which were not requested, are not mentioned.
    missing = [f"missing: {path}" for found in findings for path in found.missing if name in path]
    extra = [f"not of the set: {path}" for found in findings for path in found.extra if name in path]
    lines = [*missing, *extra]
    return lines if len(lines) <= _LINES_SHOWN else [*lines[:_LINES_SHOWN], f"and {len(lines) - _LINES_SHOWN} more"]


if __name__ == "__main__":
    stage.main(run)
