"""SBMnet: `<category>/<video>/{input,GT}`, where GT holds true backgrounds (scenebackgroundmodeling.net, 2016)."""

from collections.abc import Callable
from pathlib import Path

from cleanplate.data.originals.links import link, link_frames, numbered, pictures
from cleanplate.errors import DataError
from cleanplate.files import replacing


def read_sbmnet(source: Path, target: Path, progress: Callable[[int], None] = lambda _: None) -> list[str]:
    """Links frames and true backgrounds to `target/<category>/<video>/{input,background}`.

    Several true backgrounds of one video are alternatives and keep their names (`GT_background1.jpg`, …); a single one
    without a number gets one, because the CDnet layout tells pictures apart by it.

    Raises:
        DataError: if no video is below `source`, or one has no frames.
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
                    link(path, video / "background" / name, home / "background")
        scenes.append(scene)
        progress(index)
    return scenes
