"""LASIESTA: BMP frames in `<name>/`, coloured ground truth in `<name>-GT/` (Cuevas et al., CVIU 152, 2016).

Colours of the ground truth: black for background; red, green and yellow for moving objects; white for an object that
moved and then stopped; grey for uncertain. An object that stopped is foreground, as in CDnet
(intermittentObjectMotion); uncertain pixels get CDnet's label "unknown", which is not scored.
"""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cleanplate.data.datasets.layout import FOREGROUND, UNKNOWN, link_frames, numbered, pictures
from cleanplate.data.io.images import read_color, write_image
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image
from cleanplate.utils.files import replacing

# BGR, as pictures are read.
COLOURS: dict[tuple[int, int, int], int] = {
    (0, 0, 0): 0,
    (0, 0, 255): FOREGROUND,
    (0, 255, 0): FOREGROUND,
    (0, 255, 255): FOREGROUND,
    (255, 255, 255): FOREGROUND,
    (128, 128, 128): UNKNOWN,
}


def convert_lasiesta(source: Path, target: Path, progress: Callable[[int], None] = lambda _: None) -> list[str]:
    """Converts each sequence to `target/<category>/<name>/{input,groundtruth,temporalROI.txt}`; `I_SI_01` is of `I_SI`.

    Frames are links; ground truth is written with CDnet's values 0, 170 and 255.

    Raises:
        DataError: if there is no sequence below `source`, or ground truth has no frame or an unknown colour.
    """
    truths = {path.name.removesuffix("-GT"): path for path in sorted(source.glob("**/*-GT")) if path.is_dir()}
    if not truths:
        raise DataError(f"{source}: no <name>-GT/ below it; LASIESTA has I_SI_01/ and I_SI_01-GT/ side by side")
    scenes = []
    for index, (name, truth) in enumerate(sorted(truths.items()), start=1):
        scene = f"{re.sub(r'_[0-9]+$', '', name)}/{name}"
        home = target / scene
        if not home.is_dir():
            with replacing(home) as video:
                _write(truth.with_name(name), truth, video, home)
        scenes.append(scene)
        progress(index)
    return scenes


def lasiesta_labels(picture: Image) -> Image:
    """Returns CDnet's labels, uint8 `[H, W]`, of coloured ground truth, uint8 BGR `[H, W, 3]`.

    Raises:
        ValueError: for an unknown colour; names it as RGB.
    """
    codes = picture.astype(np.uint32) @ np.array([1, 1 << 8, 1 << 16], np.uint32)
    labels = np.zeros(codes.shape, np.uint8)
    known = np.zeros(codes.shape, bool)
    for (blue, green, red), label in COLOURS.items():
        here = codes == (blue | green << 8 | red << 16)
        labels[here] = label
        known |= here
    if not known.all():
        blue, green, red = (int(value) for value in picture[~known][0])
        raise ValueError(f"holds the colour ({red}, {green}, {blue}), which is not a colour of LASIESTA")
    return labels


def _write(frames_folder: Path, truth_folder: Path, video: Path, home: Path) -> None:
    frames = numbered(pictures(frames_folder))
    truths = numbered(pictures(truth_folder))
    if not frames:
        raise DataError(f"{frames_folder}: no frames in it for the ground truth {truth_folder.name}")
    without_frame = sorted(set(truths) - set(frames))
    if without_frame:
        raise DataError(
            f"{truths[without_frame[0]]}: belongs to frame {without_frame[0]}, which is not in {frames_folder}"
        )
    link_frames(frames, video, home)
    for number, path in truths.items():
        try:
            labels = lasiesta_labels(read_color(path))
        except ValueError as error:
            raise DataError(f"{path}: {error}") from error
        write_image(video / "groundtruth" / f"gt{number:06d}.png", labels)
    if truths:
        (video / "temporalROI.txt").write_text(f"{min(truths)} {max(truths)}\n")
