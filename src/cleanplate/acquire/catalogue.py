"""The datasets that can be downloaded: addresses, sizes, checksums, terms and layout, read from catalogue.yaml."""

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
CONVERTERS = ("sbmnet", "sbi", "lasiesta")
_ALL = "all"


@dataclass(frozen=True)
class Archive:
    """One file to download.

    Attributes:
        name: file name on disk.
        urls: mirrors, in the order they are tried.
        bytes: size; `None` if none is published.
        md5: hexadecimal digest; `None` if none is published.
        sha256: hexadecimal digest; `None` if none is published.
        unpacked: size of its content in bytes; `None` if unknown.
        contents: the scene or folder in it, if it is a single one; `None` if it holds the whole part.
    """

    name: str
    urls: tuple[str, ...]
    bytes: int | None = None
    md5: str | None = None
    sha256: str | None = None
    unpacked: int | None = None
    contents: str | None = None

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
        """Whether a checksum of it is published."""
        return self.md5 is not None or self.sha256 is not None


@dataclass(frozen=True)
class Part:
    """A part of a dataset that can be downloaded by name.

    Attributes:
        name: see `cleanplate download --part`.
        archives: the files to download.
        contents: the scenes or folders that must be on disk afterwards.
    """

    name: str
    archives: tuple[Archive, ...]
    contents: tuple[str, ...]


@dataclass(frozen=True)
class CatalogueEntry:
    """One dataset of the catalogue.

    Attributes:
        name: key in the catalogue.
        title: one line for `--list`.
        page: address of its web page.
        licence: as far as it is stated.
        terms: what its authors ask for.
        manual: whether the user must download it in a browser.
        layout: `cdnet` or `coco`, the layout on disk after the download.
        required: files and folders that each video must have in layout `cdnet`.
        half_public: categories whose public ground truth covers the first half of the temporal ROI.
        converter: name of the converter into the layout; `None` if it comes in it.
        parts: by name; the default is `all`, or every part if there is none of that name.
        counts: number of videos per category, if their names are not listed.
    """

    name: str
    title: str
    page: str
    licence: str
    terms: str
    manual: bool
    layout: str
    required: tuple[str, ...]
    half_public: tuple[str, ...]
    converter: str | None
    parts: Mapping[str, Part]
    counts: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise ConfigError(f"{self.name}: layout must be one of {', '.join(LAYOUTS)}, is {self.layout!r}")
        if self.converter is not None and self.converter not in CONVERTERS:
            raise ConfigError(f"{self.name}: converter must be one of {', '.join(CONVERTERS)}, is {self.converter!r}")
        if not self.parts:
            raise ConfigError(f"{self.name}: needs at least one part")

    def chosen(self, names: Sequence[str] = ()) -> tuple[Part, ...]:
        """The parts of these names; the default parts if no name is given.

        Raises:
            DataError: for an unknown name; lists the parts.
        """
        unknown = [name for name in names if name not in self.parts]
        if unknown:
            shown = [name for name in self.parts if "/" not in name]
            videos = ", or <category>/<video>" if len(shown) < len(self.parts) else ""
            raise DataError(f"{self.name} has no part {unknown[0]!r}; choose from {', '.join(shown)}{videos}")
        wanted = list(dict.fromkeys(names)) or ([_ALL] if _ALL in self.parts else list(self.parts))
        return tuple(self.parts[name] for name in wanted)


def load_catalogue(path: Path | None = None) -> dict[str, CatalogueEntry]:
    """Reads and validates a catalogue, by default that of the package.

    Raises:
        ConfigError: for a key that is unknown or missing, or a value that is wrong.
    """
    text = (path or files("cleanplate.acquire") / "catalogue.yaml").read_text(encoding="utf-8")
    return {name: _entry(name, dict(entry)) for name, entry in yaml.safe_load(text).items()}


def find_entry(name: str, catalogue: Mapping[str, CatalogueEntry]) -> CatalogueEntry:
    """The entry of that name; raises `DataError` with the known names if there is none."""
    if name not in catalogue:
        raise DataError(f"no dataset {name!r} in the catalogue; choose from {', '.join(catalogue)}")
    return catalogue[name]


def _entry(name: str, entry: dict[str, Any]) -> CatalogueEntry:
    videos: dict[str, list[str]] = entry.pop("videos", {})
    pattern: str | None = entry.pop("video_archives", None)
    parts = {key: _part(name, key, dict(value or {}), videos) for key, value in entry.pop("parts", {}).items()}
    if pattern is not None:
        for category, names in videos.items():
            singles = [_video_part(category, video, pattern) for video in names]
            archives = tuple(archive for single in singles for archive in single.archives)
            parts[category] = Part(category, archives, tuple(single.name for single in singles))
            parts |= {single.name: single for single in singles}
    for key in ("required", "half_public"):
        entry[key] = tuple(entry.get(key, ()))
    entry.setdefault("converter", None)
    try:
        return CatalogueEntry(name=name, parts=parts, **entry)
    except TypeError as error:
        raise ConfigError(f"catalogue entry {name}: {error}") from error


def _part(set_name: str, name: str, entry: dict[str, Any], videos: Mapping[str, Sequence[str]]) -> Part:
    every = tuple(f"{category}/{video}" for category, names in videos.items() for video in names)
    contents = tuple(entry.pop("contents", every))
    archives = tuple(_archive(dict(archive)) for archive in entry.pop("archives", ()))
    if entry:
        raise ConfigError(f"catalogue entry {set_name}, part {name}: unknown key {next(iter(entry))!r}")
    return Part(name, archives, contents)


def _archive(entry: dict[str, Any]) -> Archive:
    entry["urls"] = tuple(entry.get("urls", ()))
    try:
        return Archive(**entry)
    except TypeError as error:
        raise ConfigError(f"catalogue, archive {entry.get('name')}: {error}") from error


def _video_part(category: str, video: str, pattern: str) -> Part:
    scene = f"{category}/{video}"
    url = pattern.format(category=category, video=video)
    return Part(scene, (Archive(f"{category}-{video}.zip", (url,), contents=scene),), (scene,))
