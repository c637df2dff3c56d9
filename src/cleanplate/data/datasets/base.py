"""The base class of datasets, and the registry that finds them by name.

A dataset finds its scenes and brings them into the CDnet layout; everything after the stage `prepare` reads that layout
alone. A new one is a module or a folder beside this file with a class under `@register`, and `conf/data/<name>.yaml`.
"""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from cleanplate.data.datasets.picture_set import LabelOptions
from cleanplate.errors import ConfigError, DataError
from cleanplate.utils.files import digest, inventory

_ENTRY_POINTS = "cleanplate.datasets"
_GENERATED = "cleanplate.scenes.dataset"  # the scene generator is a dataset too, in a room of its own
_DATASETS: dict[str, "Dataset"] = {}
_complete = False


@dataclass(frozen=True)
class DataOptions(LabelOptions):
    """The values below `data` in params.yaml, of which each dataset uses some.

    Attributes:
        root: the folder of the dataset; the generator of scenes has none.
        scenes: names of the scenes, `<category>/<video>`.
        height: of generated frames, in pixels.
        width: of generated frames, in pixels.
        frames: number of frames of a generated scene.
        seed: of generated scenes.
    """

    root: Path | None = None
    scenes: tuple[str, ...] = ()
    height: int = 240
    width: int = 320
    frames: int = 120
    seed: int = 0


class Progress(Protocol):
    """Reports how many steps are done and, if known, of how many."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """Moves the progress bar."""
        ...


class Dataset(ABC):
    """One kind of dataset below a folder `data.root`.

    Attributes:
        name: value of `data.name`.
        contents: what the root holds, in words for messages.
        downloadable: whether `cleanplate download <name>` fetches it.
        resumable: whether `write` continues in a folder that an interrupted call left.
    """

    name: ClassVar[str]
    contents: ClassVar[str]
    downloadable: ClassVar[bool] = False
    resumable: ClassVar[bool] = False

    @abstractmethod
    def find(self, root: Path) -> dict[str, Path]:
        """Returns the scenes below `root`, `<category>/<video>`, each with its file or folder, in natural order."""

    @abstractmethod
    def write(self, record: Mapping[str, Any], folder: Path, options: DataOptions, progress: Progress) -> list[str]:
        """Writes one scene in the CDnet layout, with links to files that can be used unchanged.

        Args:
            record: see `record`; `record["place"]` is where `find` found the scene.
            folder: the new folder; it does not exist yet, unless the dataset is `resumable`.
            options: see `DataOptions`.
            progress: see `Progress`.

        Returns:
            Defects that were found and tolerated, in words.

        Raises:
            DataError: if the scene cannot be read.
        """

    def check(self, options: DataOptions) -> None:
        """Checks that the root and all scenes exist.

        Raises:
            ConfigError: naming the key, the value and the choices.
        """
        root = self.existing_root(options)
        if not root.is_dir():
            raise ConfigError(f"data.root: {root} is not a folder")
        found = self.find(root)
        for scene in options.scenes:
            if scene not in found:
                known = f"it has {', '.join(found)}" if found else f"looked for {self.contents}"
                raise ConfigError(f"data.scenes: {scene!r} is not in {root}; {known}")

    def expand(self, scenes: Sequence[str], root: Path | None) -> list[str]:
        """Replaces `<name>/*` by all scenes below `root`, in natural order.

        Raises:
            ConfigError: if there is none.
        """
        pattern = f"{self.name}/*"
        if pattern not in scenes:
            return list(scenes)
        named = [scene for scene in scenes if scene != pattern]
        if root is None or not root.is_dir():
            return named or [f"{self.name}/all"]  # `check` reports the wrong root
        found = self.find(root)
        if not found:
            raise ConfigError(f"data.scenes: {pattern!r} finds nothing in {root}; looked for {self.contents}")
        return [*named, *(scene for scene in found if scene not in named)]

    def record(self, scene: str, options: DataOptions) -> dict[str, Any]:
        """Returns everything that the written scene depends on, as JSON values; if it changes, it is written again.

        Raises:
            DataError: if the scene has no file.
        """
        place = self.find(self.existing_root(options).resolve())[scene]
        return self.record_of(scene, place)

    def record_of(self, scene: str, place: Path, **dependencies: Any) -> dict[str, Any]:
        """Returns the record of a scene at `place`: its name, its files with their digest, and further dependencies."""
        return {"scene": scene, "kind": self.name, "place": str(place), **dependencies, **inventory(place)}

    def existing_root(self, options: DataOptions) -> Path:
        """Returns `data.root`.

        Raises:
            ConfigError: if it is not set or does not exist.
        """
        if options.root is None or str(options.root) == "???":
            download = f" (`cleanplate download {self.name}` fetches them)" if self.downloadable else ""
            raise ConfigError(
                f"data.root: missing; say where the frames are: -S data.root=/path/to/{self.name}{download}"
            )
        if not options.root.exists():
            raise ConfigError(f"data.root: {options.root} does not exist")
        return options.root


class LabelledFolders(Dataset):
    """A dataset of folders `<root>/<folder>`, each of which is the scene `<name>/<folder>`."""

    resumable = True

    @abstractmethod
    def folders(self, root: Path) -> list[Path]:
        """Returns the folders of the scenes below `root`, in natural order."""

    @abstractmethod
    def write_masks(
        self, place: Path, folder: Path, options: LabelOptions, progress: Callable[[int], None]
    ) -> list[str]:
        """Writes the scene at `place` as `write` does; progress is called with the number of pictures done."""

    def label_files(self, place: Path) -> list[Path]:
        """Returns the files outside the folder `place` that its labels depend on."""
        return []

    def find(self, root: Path) -> dict[str, Path]:
        """See `Dataset`."""
        return {f"{self.name}/{path.resolve().name}": path for path in self.folders(root)}

    def record(self, scene: str, options: DataOptions) -> dict[str, Any]:
        """See `Dataset`; the masks depend on the labels and on the choice of labels too."""
        place = self.find(self.existing_root(options).resolve())[scene]
        chosen = {
            "categories": list(options.categories),
            "smallest": options.smallest,
            "negatives": options.negatives,
        }
        files = self.label_files(place)
        labels = {"labels": digest(place.parent, files)} if files else {}
        return self.record_of(scene, place, **chosen, **labels)

    def write(self, record: Mapping[str, Any], folder: Path, options: DataOptions, progress: Progress) -> list[str]:
        """See `Dataset`."""
        return self.write_masks(Path(record["place"]), folder, options, lambda done: progress(done, record["files"]))


Kind = TypeVar("Kind", bound=type[Dataset])


def register(dataset: Kind) -> Kind:
    """Class decorator: makes a dataset known under its `name`.

    Raises:
        DataError: if another class already has the name.
    """
    known = type(_DATASETS.get(dataset.name))
    identity = (dataset.__module__, dataset.__qualname__)
    if dataset.name in _DATASETS and (known.__module__, known.__qualname__) != identity:
        raise DataError(f"two datasets are called {dataset.name!r}: {known} and {dataset}")
    _DATASETS[dataset.name] = dataset()
    return dataset


def datasets() -> dict[str, Dataset]:
    """Returns every registered dataset by name; other packages add theirs by the entry point `cleanplate.datasets`.

    Raises:
        DataError: if an entry point cannot be loaded, or two datasets have one name.
    """
    global _complete
    if not _complete:
        package = __name__.rpartition(".")[0]
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
            importlib.import_module(f"{package}.{module.name}")
        importlib.import_module(_GENERATED)
        for entry in entry_points(group=_ENTRY_POINTS):
            try:
                entry.load()
            except (ImportError, AttributeError) as error:
                raise DataError(f"entry point {entry.name} = {entry.value}: cannot be loaded: {error}") from error
        _complete = True
    return dict(sorted(_DATASETS.items()))


def find_dataset(name: str) -> Dataset:
    """Returns the dataset of that name.

    Raises:
        ConfigError: naming the choices.
    """
    known = datasets()
    if name not in known:
        raise ConfigError(f"data.name: {name!r} is unknown; choose one of {', '.join(known)}")
    return known[name]
