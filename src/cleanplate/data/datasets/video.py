"""A single video file or folder of pictures without ground truth, decoded into the CDnet layout."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cleanplate.data.datasets.base import DataOptions, Dataset, Progress, register
from cleanplate.data.datasets.cdnet import open_sequence
from cleanplate.data.datasets.layout import write_frames
from cleanplate.errors import ConfigError


@register
class Video(Dataset):
    """A video file or a folder of pictures; it is the only scene, under any name."""

    name = "video"
    contents = "a video or pictures"

    def find(self, root: Path) -> dict[str, Path]:
        """See `Dataset`; the name of the scene is the user's choice."""
        return {}

    def check(self, options: DataOptions) -> None:
        """See `Dataset`."""
        self.existing_root(options)
        if len(options.scenes) != 1:
            raise ConfigError(f"data.scenes: one video is one scene, here are {len(options.scenes)}")

    def record(self, scene: str, options: DataOptions) -> dict[str, Any]:
        """See `Dataset`."""
        return self.record_of(scene, self.existing_root(options).resolve())

    def write(self, record: Mapping[str, Any], folder: Path, options: DataOptions, progress: Progress) -> list[str]:
        """See `Dataset`."""
        sequence = open_sequence(record["place"], record["scene"], options.on_corrupt)
        write_frames(sequence, folder, lambda done: progress(done, len(sequence)))
        return []
