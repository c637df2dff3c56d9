"""The kinds of output that `cleanplate apply` can write, and where each goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cleanplate.data.io.images import IMAGE_SUFFIXES
from cleanplate.errors import ConfigError
from cleanplate.utils.files import unwritable

MOVING = (".mp4", ".mov", ".mkv", ".webm", ".gif")


@dataclass(frozen=True)
class Kind:
    """One kind of output.

    Attributes:
        default: its place in a folder OUT: a file, or the first of numbered pictures.
        suffixes: those of a file OUT of this kind; empty for numbered pictures.
        resumable: whether a stopped run can go on writing it.
        what: what it is, in words.
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

VIEWS = ("overlay", "sheet")
"""Written beside the masks where the user names neither a place nor a kind: what people want to look at."""

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
        """Returns the files of an earlier run that exist there."""
        if self.kind.numbered:
            return sorted(self.path.glob(_PATTERNS[self.name])) if self.path.is_dir() else []
        return [self.path] if self.path.exists() else []


def default_folder(source: str) -> Path:
    """Returns the folder for the outputs of a source where the user names none: `my_cleanplate` beside `my.mp4`.

    The outputs of cameras, addresses and standard input go to the working directory.
    """
    if source == "-":
        return Path("stdin_cleanplate")
    path = Path(source)
    if "://" in source or (source.isdecimal() and not path.exists()):
        return Path("camera_cleanplate")
    if any(sign in source for sign in "*?[") and not path.exists():
        path = path.parent
    path = path.absolute() if not path.name or path.name == ".." else path
    name = path.stem if path.is_file() else path.resolve().name
    return path.with_name(f"{name.replace('.', '_')}_cleanplate")


def targets(out: Path, wanted: Sequence[str], *, pictures: bool, views: bool = False) -> list[Target]:
    """Returns each output with its place.

    Args:
        out: a folder, or a file whose suffix says what it is.
        wanted: names of `KINDS`; empty means what the suffix says, or the masks in a folder.
        pictures: whether the source consists of pictures, whose masks are pictures too, rather than of a video.
        views: whether an empty `wanted` means `VIEWS` too.

    Raises:
        ConfigError: for a suffix that is none of an output's, or several kinds for a single file.
    """
    names = list(dict.fromkeys(wanted))
    suffix = out.suffix.lower()
    if out.is_dir() or not suffix:
        if out.is_file():
            raise ConfigError(f"-o {out}: a file that is no folder lies there; give another name")
        names = names or ["masks" if pictures else "mask-video", *(VIEWS if views else ())]
        return [_in_folder(out, name) for name in names]
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


def check_places(source: str, chosen: Sequence[Target]) -> None:
    """Raises an error if an output would replace the source, or its folder cannot be written."""
    given = Path(source)
    for target in chosen:
        folder = target.path if target.kind.numbered else target.path.parent
        into_source = target.kind.numbered and given.is_dir() and given.resolve() == target.path.resolve()
        if into_source or (given.is_file() and given.resolve() == target.path.resolve()):
            raise ConfigError(f"-o {target.path}: is the source itself, which would be lost; give another place")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / ".cleanplate-probe"
            probe.write_bytes(b"\0")
            probe.unlink()
        except OSError as error:
            raise unwritable(folder, error) from error


def _in_folder(folder: Path, name: str) -> Target:
    place = folder / KINDS[name].default
    return Target(name, place.parent if KINDS[name].numbered else place)
