"""Opens whatever a user points at as a sequence."""

from pathlib import Path

from cleanplate.data.cdnet import read_cdnet
from cleanplate.data.images import VIDEO_SUFFIXES
from cleanplate.data.sequence import OnCorrupt, Sequence
from cleanplate.data.sources import FrameSource, ImageFiles, VideoFile
from cleanplate.errors import DataError


def open_sequence(location: Path | str, name: str | None = None, on_corrupt: OnCorrupt = "error") -> Sequence:
    """Opens whatever lies at `location`: a CDnet folder (with `input/`), a folder of pictures, or a video file.

    Raises:
        DataError: if there is nothing, or nothing that holds frames.
    """
    path = Path(location)
    if (path / "input").is_dir():
        return read_cdnet(path, name, on_corrupt)
    source: FrameSource
    if path.is_dir():
        source = ImageFiles.of_folder(path)
    elif path.suffix.lower() in VIDEO_SUFFIXES:
        source = VideoFile(path)
    elif path.exists():
        raise DataError(f"{path}: neither a folder nor a video ({', '.join(sorted(VIDEO_SUFFIXES))})")
    else:
        raise DataError(f"{path}: no such file or folder")
    return Sequence(name or path.stem, source, range(1, len(source) + 1), on_corrupt=on_corrupt)
