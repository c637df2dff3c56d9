"""The typed configuration. Every value a user can set has its name, its range and its meaning here."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, ParamSpec, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from cleanplate.data.datasets.base import DataOptions, find_dataset
from cleanplate.data.sequence import OnCorrupt
from cleanplate.errors import CleanplateError
from cleanplate.models import registry
from cleanplate.models.base import BackgroundModel

SceneName = Annotated[str, Field(pattern=r"^[\w-][\w.-]*/[\w-][\w.-]*$")]
Positive = Annotated[int, Field(gt=0)]
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def _as_value_error(function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """Calls a function, turning an error of cleanplate into the kind that pydantic collects."""
    try:
        return function(*args, **kwargs)
    except CleanplateError as error:
        raise ValueError(str(error)) from error


class Section(BaseModel):
    """A part of the configuration: an unknown key is an error, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(Section):
    """Which scenes of which dataset; see `DataOptions` for what is not explained here.

    `height`, `width`, `frames` and `seed` belong to the generated scenes; `categories`, `smallest`, `negatives` and
    `workers` to datasets whose masks are drawn from labels (coco, labelme, export).
    """

    name: str
    """Name of a registered dataset."""
    root: Path | None = None
    scenes: Annotated[list[SceneName], Field(min_length=1)]
    """Names of scenes; `<name>/*` stands for all scenes below the root."""
    test: list[SceneName] = []
    """Scenes kept for testing under the protocol `split`."""
    categories: list[str] = list(DataOptions.categories)
    smallest: Annotated[int, Field(ge=0)] = DataOptions.smallest
    negatives: bool = DataOptions.negatives
    workers: Annotated[int, Field(ge=0)] = DataOptions.workers
    height: Annotated[int, Field(ge=32)] = DataOptions.height
    width: Annotated[int, Field(ge=32)] = DataOptions.width
    frames: Annotated[int, Field(ge=2)] = DataOptions.frames
    seed: Annotated[int, Field(ge=0)] = DataOptions.seed
    on_corrupt: OnCorrupt = DataOptions.on_corrupt

    @property
    def options(self) -> DataOptions:
        """The values that are passed to the dataset."""
        values = {field.name: getattr(self, field.name) for field in fields(DataOptions)}
        return DataOptions(**values | {"scenes": tuple(self.scenes), "categories": tuple(self.categories)})

    @field_validator("name")
    @classmethod
    def _is_registered(cls, name: str) -> str:
        _as_value_error(find_dataset, name)
        return name

    @model_validator(mode="after")
    def _scenes_exist(self) -> "DataConfig":
        _as_value_error(find_dataset(self.name).check, self.options)
        return self

    @model_validator(mode="after")
    def _tested_scenes_are_used(self) -> "DataConfig":
        for scene in self.test:
            if scene not in self.scenes:
                raise ValueError(f"data.test: {scene!r} is not among data.scenes; choose from {', '.join(self.scenes)}")
        return self

    @field_validator("scenes", mode="before")
    @classmethod
    def _expand_pattern(cls, scenes: Any, info: ValidationInfo) -> Any:
        name = info.data.get("name")
        if name is None or not isinstance(scenes, list):
            return scenes  # reported elsewhere
        return _as_value_error(find_dataset(name).expand, scenes, info.data.get("root"))

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
        _as_value_error(registry.check, self.model.name, self.foreground, self.model.options)
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
