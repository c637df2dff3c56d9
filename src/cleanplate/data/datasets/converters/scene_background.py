"""SBI 2015 and SBMnet 2016, the datasets of scene background initialisation, with true backgrounds.

SBI has `<Name>/` with frames, a background, and in later copies a foreground mask per frame. Copies differ in their
folders: frames are in `input`, `frames`, `images`, `<Name>` or in none; masks in `groundtruth`, `GT` or `masks`; the
background is one picture, `GT_<Name>` or `background`, with or without a folder. SBMnet has
`<category>/<video>/{input,GT}`, where GT holds the backgrounds (scenebackgroundmodeling.net).
"""

import re
from collections.abc import Callable
from pathlib import Path

from cleanplate.data.datasets.layout import binary_labels, link_frames, link_relative, numbered, pictures
from cleanplate.data.io.images import read_color, write_image
from cleanplate.errors import DataError
from cleanplate.utils.files import replacing

CATEGORY = "sbi"
_FRAMES = ("input", "frames", "images")
_TRUTHS = ("groundtruth", "gt", "masks", "background", "backgroundgt")
_IS_BACKGROUND = re.compile(r"(gt|background|.*_gt$|.*_background$)", re.IGNORECASE)


def convert_sbi(source: Path, target: Path, progress: Callable[[int], None] = lambda _: None) -> list[str]:
    """Converts each sequence to `target/sbi/<Name>/{input,groundtruth,background.png,temporalROI.txt}`.

    Frames are links. Masks are links if they hold CDnet's labels, and are written as 0 and 255 if not. SBI numbers its
    frames from 0, and so does the written temporal ROI.

    Raises:
        DataError: if there is no sequence below `source`, or a picture cannot be read.
    """
    found = {folder.name: folder for folder in _sequences(source)}
    if not found:
        raise DataError(f"{source}: no sequence below it; SBI has <Name>/ with frames in it or in <Name>/input")
    scenes = []
    for index, (name, folder) in enumerate(sorted(found.items()), start=1):
        home = target / CATEGORY / name
        if not home.is_dir():
            with replacing(home) as video:
                _write(folder, video, home)
        scenes.append(f"{CATEGORY}/{name}")
        progress(index)
    return scenes


def _sequences(source: Path) -> list[Path]:
    """Returns the folders of sequences; a folder of frames or masks inside one is not a sequence."""
    folders = [path for path in [source, *source.glob("**/")] if path != source and _frames(path)]
    return [path for path in folders if not any(_is_inner(path, other) for other in folders if other != path)]


def _is_inner(path: Path, other: Path) -> bool:
    return path.parent == other and (path.name.lower() in {*_FRAMES, *_TRUTHS} or path.name == other.name)


def _frames(folder: Path) -> list[Path]:
    """Returns the frames of a sequence, from their own folder or else from its folder, without the background."""
    if folder.name.lower() in {*_FRAMES, *_TRUTHS}:
        return []
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        if inner.name.lower() in _FRAMES or inner.name == folder.name:
            return pictures(inner)
    return [path for path in pictures(folder) if not _IS_BACKGROUND.match(path.stem) and path.stem != "ROI"]


def _write(folder: Path, video: Path, home: Path) -> None:
    frames = numbered(_frames(folder))
    link_frames(frames, video, home)
    (video / "temporalROI.txt").write_text(f"{min(frames)} {max(frames)}\n")
    if (folder / "ROI.bmp").is_file():
        link_relative(folder / "ROI.bmp", video / "ROI.bmp", home)
    backgrounds = [path for path in pictures(folder) if _IS_BACKGROUND.match(path.stem)]
    for inner in sorted(path for path in folder.iterdir() if path.is_dir() and path.name.lower() in _TRUTHS):
        truths = pictures(inner)
        if len(truths) == 1 and len(frames) > 1:
            backgrounds += truths  # one picture for many frames is the background
            continue
        _write_masks({number: path for number, path in numbered(truths).items() if number in frames}, video, home)
    if backgrounds:
        best = backgrounds[0]
        if best.suffix.lower() == ".png":
            link_relative(best, video / "background.png", home)
        else:
            write_image(video / "background.png", read_color(best))


def _write_masks(masks: dict[int, Path], video: Path, home: Path) -> None:
    for number, path in masks.items():
        labels = binary_labels(path) if path.suffix.lower() in {".png", ".bmp"} else None
        target = video / "groundtruth" / f"gt{number:06d}{path.suffix.lower()}"
        if path.suffix.lower() not in {".png", ".bmp"}:
            raise DataError(f"{path}: masks in a lossy format are not ground truth; PNG or BMP is expected")
        if labels is None:
            link_relative(path, target, home / "groundtruth")
        else:
            write_image(target.with_suffix(".png"), labels)


def convert_sbmnet(source: Path, target: Path, progress: Callable[[int], None] = lambda _: None) -> list[str]:
    """Links frames and true backgrounds to `target/<category>/<video>/{input,background}`.

    Several true backgrounds of one video are alternatives and keep their names (`GT_background1.jpg`, …). A single one
    without a number gets one, because the CDnet layout identifies pictures by number.

    Raises:
        DataError: if there is no video below `source`, or one has no frames.
    """
    folders = sorted(path.parent for path in source.glob("**/input") if path.is_dir())
    if not folders:
        raise DataError(f"{source}: no <category>/<video>/input below it; is it SBMnet?")
    scenes = []
    for index, folder in enumerate(folders, start=1):
        scene = f"{folder.parent.name}/{folder.name}"
        home = target / scene
        if not home.is_dir():
            frames = numbered(pictures(folder / "input"))
            if not frames:
                raise DataError(f"{folder / 'input'}: no pictures in it")
            with replacing(home) as video:
                link_frames(frames, video, home)
                truths = pictures(folder / "GT")
                for order, path in enumerate(truths, start=1):
                    known = any(letter.isdigit() for letter in path.stem)
                    name = path.name if known else f"{path.stem}{order}{path.suffix}"
                    link_relative(path, video / "background" / name, home / "background")
        scenes.append(scene)
        progress(index)
    return scenes
