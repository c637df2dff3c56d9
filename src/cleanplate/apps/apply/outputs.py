"""What can be written of a source, under which names, and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cleanplate.data.io.images import IMAGE_SUFFIXES
from cleanplate.errors import ConfigError

MOVING = (".mp4", ".mov", ".mkv", ".webm", ".gif")


@dataclass(frozen=True)
class Kind:
    """One kind of output.

    Attributes:
        default: where in a folder OUT it goes: a file, or of numbered pictures the first one.
        suffixes: that a file OUT may have to be this; empty for what is many files.
        resumable: whether it can be gone on with after a stop.
        what: in words.
        plate: whether it shows the background, which costs some models time.
    """

    default: str
    suffixes: tuple[str, ...]
    resumable: bool
    what: str
    plate: bool = False

    @property
    def numbered(self) -> bool:
        """Whether it is one picture per frame."""
        return not self.suffixes


KINDS = {
    "masks": Kind("bin000001.png", (), True, "mask of each frame: 255 foreground, 127 shadow, 0 background"),
    "mask-video": Kind("masks.mp4", MOVING, False, "the masks as a video"),
    "backgrounds": Kind("background/bg000001.png", (), True, "the clean plate, wherever it changes", plate=True),
    "overlay": Kind("overlay.mp4", MOVING, False, "the frames with their foreground tinted"),
    "foreground": Kind("foreground.gif", MOVING, False, "the foreground alone, on the dimmed clean plate", plate=True),
    "cutout": Kind("cutout/cut000001.png", (), True, "the foreground of each frame, the rest transparent"),
    "cutout-video": Kind("cutout.webm", (".webm",), False, "the same as a video: VP9 with alpha"),
    "replaced": Kind("replaced.mp4", MOVING, False, "the foreground before the picture of --background"),
    "blurred": Kind("blurred.mp4", MOVING, False, "the foreground before the blurred background", plate=True),
    "sheet": Kind(
        "sheet.png", tuple(sorted(IMAGE_SUFFIXES)), False, "contact sheet of a few eventful frames", plate=True
    ),
    "csv": Kind("frames.csv", (".csv",), True, "per frame: share of foreground, and a box around each object"),
    "model": Kind("model.ckpt", (".ckpt",), True, "the fitted model, for -m of another run"),
}

_BY_SUFFIX = {".gif": "foreground", ".webm": "cutout-video", ".csv": "csv", ".ckpt": "model"}
_BY_SUFFIX |= {".mp4": "mask-video", ".mov": "mask-video", ".mkv": "mask-video"}
_BY_SUFFIX |= dict.fromkeys(sorted(IMAGE_SUFFIXES), "sheet")

_PATTERNS = {"masks": "bin*.png", "backgrounds": "bg*.png", "cutout": "cut*.png"}


@dataclass(frozen=True)
class Target:
    """A kind of output and its place: a file, or the folder of numbered pictures."""

    name: str
    path: Path

    @property
    def kind(self) -> Kind:
        """What it is."""
        return KINDS[self.name]

    def earlier(self) -> list[Path]:
        """The files of an earlier run that lie there."""
        if self.kind.numbered:
            return sorted(self.path.glob(_PATTERNS[self.name])) if self.path.is_dir() else []
        return [self.path] if self.path.exists() else []


def targets(out: Path, wanted: Sequence[str], *, pictures: bool) -> list[Target]:
    """Where everything goes.

    Args:
        out: a folder, or a file whose suffix says what it is.
        wanted: names of `KINDS`; empty takes what the suffix says, or of a folder the masks.
        pictures: whether the source is pictures, whose masks are pictures too, rather than a video.

    Raises:
        ConfigError: for a suffix that is none of an output's, or several kinds for a single file.
    """
    names = list(dict.fromkeys(wanted))
    suffix = out.suffix.lower()
    if out.is_dir() or not suffix:
        if out.is_file():
            raise ConfigError(f"-o {out}: a file that is no folder lies there; give another name")
        return [_in_folder(out, name) for name in names or ["masks" if pictures else "mask-video"]]
    if suffix not in _BY_SUFFIX:
        raise ConfigError(
            f"-o {out}: unknown suffix {suffix}; give a folder, or a file that ends in {', '.join(sorted(_BY_SUFFIX))}"
        )
    if len(names) > 1:
        raise ConfigError(f"-o {out}: is one file, but {len(names)} outputs are asked for; give a folder")
    name = names[0] if names else _BY_SUFFIX[suffix]
    if KINDS[name].numbered:
        raise ConfigError(f"-o {out}: --write {name} makes a picture per frame; give a folder")
    if suffix not in KINDS[name].suffixes:
        raise ConfigError(f"-o {out}: --write {name} cannot be a {suffix}; choose {', '.join(KINDS[name].suffixes)}")
    return [Target(name, out)]


def _in_folder(folder: Path, name: str) -> Target:
    place = folder / KINDS[name].default
    return Target(name, place.parent if KINDS[name].numbered else place)
