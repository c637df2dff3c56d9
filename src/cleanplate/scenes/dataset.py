"""The generated scenes as a dataset: `data.name=synthetic`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cleanplate.data.datasets.base import DataOptions, Dataset, Progress, register
from cleanplate.errors import ConfigError
from cleanplate.scenes.rendering import write_scene
from cleanplate.scenes.spec import SceneSpec, categories
from cleanplate.utils.files import digest


@register
class Synthetic(Dataset):
    """Generated scenes with exact ground truth; it has no root."""

    name = "synthetic"
    contents = "nothing"

    def find(self, root: Path) -> dict[str, Path]:
        """See `Dataset`; generated scenes lie nowhere."""
        return {}

    def check(self, options: DataOptions) -> None:
        """See `Dataset`."""
        for scene in options.scenes:
            if scene.split("/")[0] not in categories():
                raise ConfigError(f"data.scenes: {scene!r} has no generator; categories: {', '.join(categories())}")

    def record(self, scene: str, options: DataOptions) -> dict[str, Any]:
        """See `Dataset`; a changed generator renders other frames."""
        size = {"height": options.height, "width": options.width, "frames": options.frames, "seed": options.seed}
        folder = Path(__file__).parent
        code = digest(folder, sorted(folder.rglob("*.py")))
        return {"scene": scene, "kind": self.name, **size, "sha256": code}

    def write(self, record: Mapping[str, Any], folder: Path, options: DataOptions, progress: Progress) -> list[str]:
        """See `Dataset`."""
        category, video = record["scene"].split("/")
        size = {key: record[key] for key in ("height", "width", "frames", "seed")}
        spec = SceneSpec(category, video, **size)
        write_scene(spec, folder, lambda done: progress(done, spec.frames))
        return []
