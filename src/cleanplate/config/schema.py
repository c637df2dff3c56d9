"""The typed configuration. Every value a user can set has its name, its range and its meaning here."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from cleanplate.data.datasets.labelled import LABELLED, find_places
from cleanplate.errors import CleanplateError
from cleanplate.models import registry
from cleanplate.models.base import BackgroundModel
from cleanplate.scenes import categories

SceneName = Annotated[str, Field(pattern=r"^[\w-][\w.-]*/[\w-][\w.-]*$")]
Positive = Annotated[int, Field(gt=0)]


class Section(BaseModel):
    """A part of the configuration: an unknown key is an error, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(Section):
    """Which sequences, from where.

    `height`, `width`, `frames` and `seed` belong to the generated set alone; `categories`, `smallest`, `negatives` and
    `workers` to those whose masks are made of labels (coco, labelme, export). `capture/*` among the scenes of a
    labelled set stands for all that are below `root`.
    """

    name: Literal["synthetic", "cdnet", "video", "coco", "capture", "labelme", "export"]
    root: Path | None = None
    scenes: Annotated[list[SceneName], Field(min_length=1)]
    test: list[SceneName] = []
    """Scenes kept for testing, where the protocol is `split`."""
    categories: list[str] = ["person"]
    """Names of what is foreground; all that the labels name where the list is empty."""
    smallest: Annotated[int, Field(ge=0)] = 0
    """Instances of fewer pixels do not count, neither as foreground nor as background."""
    negatives: bool = False
    """Whether pictures that hold none of the categories are kept, all background."""
    workers: Annotated[int, Field(ge=0)] = 0
    """Processes that make masks; 0 means one per core."""
    height: Annotated[int, Field(ge=32)] = 240
    width: Annotated[int, Field(ge=32)] = 320
    frames: Annotated[int, Field(ge=2)] = 120
    seed: Annotated[int, Field(ge=0)] = 0
    on_corrupt: Literal["error", "skip"] = "error"

    @model_validator(mode="after")
    def _scenes_are_there(self) -> "DataConfig":
        if self.name == "synthetic":
            for scene in self.scenes:
                if scene.split("/")[0] not in categories():
                    raise ValueError(f"data.scenes: {scene!r} has no generator; categories: {', '.join(categories())}")
            return self
        if self.root is None or str(self.root) == "???":
            fetched = f" (`cleanplate download {self.name}` fetches them)" if self.name in ("cdnet", "coco") else ""
            raise ValueError(
                f"data.root: missing; say where the frames are: -S data.root=/path/to/{self.name}{fetched}"
            )
        if not self.root.exists():
            raise ValueError(f"data.root: {self.root} does not exist")
        if self.name == "cdnet":
            for scene in self.scenes:
                if not (self.root / scene / "input").is_dir():
                    raise ValueError(f"data.scenes: {scene!r} has no folder {self.root / scene / 'input'}")
        if self.name in LABELLED:
            if not self.root.is_dir():
                raise ValueError(f"data.root: {self.root} is no folder")
            places = find_places(self.name, self.root)
            for scene in self.scenes:
                if scene not in places:
                    found = f"it has {', '.join(places)}" if places else f"looked for {LABELLED[self.name].wanted}"
                    raise ValueError(f"data.scenes: {scene!r} is not in {self.root}; {found}")
        if self.name == "video" and len(self.scenes) != 1:
            raise ValueError(f"data.scenes: one video is one scene, here are {len(self.scenes)}")
        return self

    @model_validator(mode="after")
    def _tested_scenes_are_used(self) -> "DataConfig":
        for scene in self.test:
            if scene not in self.scenes:
                raise ValueError(f"data.test: {scene!r} is not among data.scenes; choose from {', '.join(self.scenes)}")
        return self

    @field_validator("scenes", mode="before")
    @classmethod
    def _all_that_is_there(cls, scenes: Any, info: ValidationInfo) -> Any:
        """`capture/*` stands for every set below `root`, in natural order."""
        name, root = info.data.get("name"), info.data.get("root")
        if name not in LABELLED or not isinstance(scenes, list) or f"{name}/*" not in scenes:
            return scenes
        if root is None or not root.is_dir():
            return [scene for scene in scenes if scene != f"{name}/*"] or [f"{name}/all"]  # the root is what is wrong
        places = find_places(name, root)
        if not places:
            raise ValueError(f"data.scenes: '{name}/*' finds nothing in {root}; looked for {LABELLED[name].wanted}")
        listed = [scene for scene in scenes if scene != f"{name}/*"]
        return [*listed, *(scene for scene in places if scene not in listed)]

    @field_validator("scenes")
    @classmethod
    def _scenes_differ(cls, scenes: list[str]) -> list[str]:
        doubled = {scene for scene in scenes if scenes.count(scene) > 1}
        if doubled:
            raise ValueError(f"named twice: {', '.join(sorted(doubled))}")
        return scenes


class ModelConfig(BaseModel):
    """Which model, and its own options.

    Options lie beside `name`, so that `-S model.latent_dim=32` reaches them; the model's `Options` validates them.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str

    @property
    def options(self) -> dict[str, Any]:
        """The model's own options."""
        return dict(self.model_extra or {})


class ProtocolConfig(Section):
    """Which labels a model may learn from, and what it is tested on.

    `folds` and its like belong to one protocol each, see `conf/protocol`.
    """

    name: Literal["auto", "split", "unseen", "scene"] = "auto"
    folds: Path | dict[str, list[str]] | None = None
    """Videos to test on, by run: a YAML file, or the mapping itself; without it, each scene in turn."""
    frames: Positive = 200
    frames_file: Path | None = None

    @model_validator(mode="after")
    def _files_can_be_read(self) -> "ProtocolConfig":
        if self.frames_file is not None and not self.frames_file.is_file():
            raise ValueError(f"protocol.frames_file: {self.frames_file} is no file")
        self.tested()
        return self

    def tested(self) -> dict[str, list[str]]:
        """The videos that each run is tested on; empty where each scene is tested in turn."""
        if not isinstance(self.folds, Path):
            return self.folds or {}
        try:
            content = yaml.safe_load(self.folds.read_text())
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ValueError(f"protocol.folds: {self.folds} cannot be read: {error}") from error
        if not isinstance(content, dict) or not all(isinstance(videos, list) for videos in content.values()):
            raise ValueError(f"protocol.folds: {self.folds} must hold a list of videos per run")
        return {str(run): [str(video) for video in videos] for run, videos in content.items()}


class TrainerConfig(Section):
    """The machine that trains. `auto` takes CUDA in bf16 where it is there."""

    accelerator: Literal["auto", "cpu", "gpu", "cuda", "mps"] = "auto"
    devices: Positive | Literal["auto"] = "auto"
    num_nodes: Positive = 1
    strategy: Literal["auto", "ddp"] = "auto"
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = "auto"
    threads: Positive = 1
    progress: bool = True


class TrackingConfig(Section):
    """Where runs are logged, beside the plain files."""

    mode: Literal["offline", "online", "disabled"] = "offline"
    project: str = "cleanplate"
    entity: str | None = None
    picture_every: Positive = 5


class PredictConfig(Section):
    """How predictions are made."""

    batch_size: Positive = 16
    score_every: Positive = 5


class EvaluateConfig(Section):
    """How results are scored."""

    threads: Positive = 2


class ReportConfig(Section):
    """What the report shows."""

    clip_frames: Positive = 60
    clip_fps: Positive = 10


class Config(Section):
    """Everything that params.yaml holds."""

    seed: Annotated[int, Field(ge=0)] = 0
    plugins: list[str] = []
    data: DataConfig
    runs: Annotated[list[str], Field(min_length=1)]
    flow: bool = False
    """Whether `prepare` makes the optical flow of every scene: for models that look at it, once for all trainings."""
    model: ModelConfig
    protocol: ProtocolConfig = ProtocolConfig()
    foreground: dict[str, Any] = {}
    trainer: TrainerConfig = TrainerConfig()
    tracking: TrackingConfig = TrackingConfig()
    predict: PredictConfig = PredictConfig()
    evaluate: EvaluateConfig = EvaluateConfig()
    report: ReportConfig = ReportConfig()

    @model_validator(mode="after")
    def _model_can_be_made(self) -> "Config":
        try:
            registry.check(self.model.name, self.foreground, self.model.options)
        except CleanplateError as error:
            raise ValueError(str(error)) from error
        labelled = registry.model_class(self.model.name).labelled
        if self.protocol.name != "auto" and not labelled:
            raise ValueError(
                f"protocol.name: {self.protocol.name!r} is for models that learn from labels; {self.model.name} needs "
                "none: leave it at auto"
            )
        return self

    @property
    def protocol_name(self) -> str:
        """The protocol that is in force: `none` for models that use no label."""
        if not registry.model_class(self.model.name).labelled:
            return "none"
        return "split" if self.protocol.name == "auto" else self.protocol.name

    def create_model(self) -> BackgroundModel:
        """The model that this configuration describes, not yet fitted."""
        return registry.create(self.model.name, self.foreground, **self.model.options)
