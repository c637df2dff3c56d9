"""The sets that can be fetched: addresses, sizes, checksums, terms, and the layout they come to. See catalogue.yaml."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from cleanplate.errors import ConfigError, DataError

SUFFIXES = (".zip", ".tar.gz", ".tgz")
LAYOUTS = ("cdnet", "coco")
READERS = ("sbmnet", "sbi", "lasiesta")
WHOLE = "all"


@dataclass(frozen=True)
class Archive:
    """One file to fetch.

    Attributes:
        name: what the file is called on disk.
        urls: mirrors, in the order they are tried.
        bytes: its size; `None` where nobody vouches for one.
        md5: hexadecimal digest; `None` where none is published.
        sha256: hexadecimal digest; `None` where none is published.
        unpacked: bytes of what is in it; `None` where not known.
        holds: the scene or folder that it brings, where it is one; else it brings all of its part.
    """

    name: str
    urls: tuple[str, ...]
    bytes: int | None = None
    md5: str | None = None
    sha256: str | None = None
    unpacked: int | None = None
    holds: str | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", self.name) or not self.name.endswith(SUFFIXES):
            raise ConfigError(f"archive {self.name!r}: must be a plain file name that ends in {', '.join(SUFFIXES)}")
        if not self.urls:
            raise ConfigError(f"archive {self.name}: needs at least one address in `urls`")
        for url in self.urls:
            parts = urlsplit(url)
            if parts.scheme not in {"http", "https"} or not parts.netloc:
                raise ConfigError(f"archive {self.name}: {url!r} is no http or https address")
        for key, digits in (("md5", 32), ("sha256", 64)):
            value = getattr(self, key)
            if value is not None and not re.fullmatch(f"[0-9a-f]{{{digits}}}", value):
                raise ConfigError(f"archive {self.name}: {key} must be {digits} hexadecimal digits, is {value!r}")
        for key in ("bytes", "unpacked"):
            value = getattr(self, key)
            if value is not None and (not isinstance(value, int) or value <= 0):
                raise ConfigError(f"archive {self.name}: {key} must be a whole number above 0, is {value!r}")

    @property
    def has_checksum(self) -> bool:
        """Whether its content is known beforehand."""
        return self.md5 is not None or self.sha256 is not None


@dataclass(frozen=True)
class Part:
    """What can be asked for by name: its archives, and the scenes or folders that must lie there afterwards."""

    name: str
    archives: tuple[Archive, ...]
    holds: tuple[str, ...]


@dataclass(frozen=True)
class DataSet:
    """One entry of the catalogue.

    Attributes:
        name: key in the catalogue.
        title: one line for `--list`.
        page: where a person reads about it.
        licence: as far as it is stated.
        terms: what its makers ask for.
        click: whether a person must fetch it.
        layout: `cdnet` or `coco`: what lies on disk in the end.
        needs: files and folders that each video must have, in layout `cdnet`.
        half_public: categories whose public ground truth covers the first half of the temporal ROI.
        reader: which reader brings the original into the layout; `None` where it comes in it.
        parts: by name; the default is `all`, or every part where there is no such.
        counts: videos per category, where their names are not listed.
    """

    name: str
    title: str
    page: str
    licence: str
    terms: str
    click: bool
    layout: str
    needs: tuple[str, ...]
    half_public: tuple[str, ...]
    reader: str | None
    parts: Mapping[str, Part]
    counts: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise ConfigError(f"{self.name}: layout must be one of {', '.join(LAYOUTS)}, is {self.layout!r}")
        if self.reader is not None and self.reader not in READERS:
            raise ConfigError(f"{self.name}: reader must be one of {', '.join(READERS)}, is {self.reader!r}")
        if not self.parts:
            raise ConfigError(f"{self.name}: needs at least one part")

    def chosen(self, names: Sequence[str] = ()) -> tuple[Part, ...]:
        """The parts of these names; the default ones for none.

        Raises:
            DataError: for a name that is no part's.
        """
        unknown = [name for name in names if name not in self.parts]
        if unknown:
            shown = [name for name in self.parts if "/" not in name]
            videos = ", or <category>/<video>" if len(shown) < len(self.parts) else ""
            raise DataError(f"{self.name} has no part {unknown[0]!r}; choose from {', '.join(shown)}{videos}")
        wanted = list(dict.fromkeys(names)) or ([WHOLE] if WHOLE in self.parts else list(self.parts))
        return tuple(self.parts[name] for name in wanted)


def load_catalogue(path: Path | None = None) -> dict[str, DataSet]:
    """Reads and validates the catalogue; the package's own unless another is given.

    Raises:
        ConfigError: for a key that is unknown or missing, or a value that is wrong.
    """
    text = (path or files("cleanplate.acquire") / "catalogue.yaml").read_text(encoding="utf-8")
    return {name: _data_set(name, dict(entry)) for name, entry in yaml.safe_load(text).items()}


def find_set(name: str, catalogue: Mapping[str, DataSet]) -> DataSet:
    """The set of that name; raises `DataError` with the names there are."""
    if name not in catalogue:
        raise DataError(f"no set {name!r} in the catalogue; choose from {', '.join(catalogue)}")
    return catalogue[name]


def _data_set(name: str, entry: dict[str, Any]) -> DataSet:
    videos: dict[str, list[str]] = entry.pop("videos", {})
    pattern: str | None = entry.pop("video_archives", None)
    parts = {key: _part(name, key, dict(value or {}), videos) for key, value in entry.pop("parts", {}).items()}
    if pattern is not None:
        for category, names in videos.items():
            singles = [_video_part(category, video, pattern) for video in names]
            archives = tuple(archive for single in singles for archive in single.archives)
            parts[category] = Part(category, archives, tuple(single.name for single in singles))
            parts |= {single.name: single for single in singles}
    for key in ("needs", "half_public"):
        entry[key] = tuple(entry.get(key, ()))
    entry.setdefault("reader", None)
    try:
        return DataSet(name=name, parts=parts, **entry)
    except TypeError as error:
        raise ConfigError(f"catalogue entry {name}: {error}") from error


def _part(set_name: str, name: str, entry: dict[str, Any], videos: Mapping[str, Sequence[str]]) -> Part:
    every = tuple(f"{category}/{video}" for category, names in videos.items() for video in names)
    holds = tuple(entry.pop("holds", every))
    archives = tuple(_archive(dict(archive)) for archive in entry.pop("archives", ()))
    if entry:
        raise ConfigError(f"catalogue entry {set_name}, part {name}: unknown key {next(iter(entry))!r}")
    return Part(name, archives, holds)


def _archive(entry: dict[str, Any]) -> Archive:
    entry["urls"] = tuple(entry.get("urls", ()))
    try:
        return Archive(**entry)
    except TypeError as error:
        raise ConfigError(f"catalogue, archive {entry.get('name')}: {error}") from error


def _video_part(category: str, video: str, pattern: str) -> Part:
    scene = f"{category}/{video}"
    url = pattern.format(category=category, video=video)
    return Part(scene, (Archive(f"{category}-{video}.zip", (url,), holds=scene),), (scene,))
