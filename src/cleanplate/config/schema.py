"""The typed configuration. Every value a user can set has its name, its range and its meaning here."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from cleanplate.data.synthetic import categories
from cleanplate.errors import CleanplateError
from cleanplate.models import registry
from cleanplate.models.base import BackgroundModel

SceneName = Annotated[str, Field(pattern=r"^[\w-][\w.-]*/[\w-][\w.-]*$")]
Positive = Annotated[int, Field(gt=0)]


class Section(BaseModel):
    """A part of the configuration: an unknown key is an error, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(Section):
    """Which sequences, from where.

    `height`, `width`, `frames` and `seed` belong to the generated set alone.
    """

    name: Literal["synthetic", "cdnet", "video"]
    root: Path | None = None
    scenes: Annotated[list[SceneName], Field(min_length=1)]
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
            raise ValueError(f"data.root: missing; say where the frames are: -S data.root=/path/to/{self.name}")
        if not self.root.exists():
            raise ValueError(f"data.root: {self.root} does not exist")
        if self.name == "cdnet":
            for scene in self.scenes:
                if not (self.root / scene / "input").is_dir():
                    raise ValueError(f"data.scenes: {scene!r} has no folder {self.root / scene / 'input'}")
        if self.name == "video" and len(self.scenes) != 1:
            raise ValueError(f"data.scenes: one video is one scene, here are {len(self.scenes)}")
        return self

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
        return self

    def create_model(self) -> BackgroundModel:
        """The model that this configuration describes, not yet fitted."""
        return registry.create(self.model.name, self.foreground, **self.model.options)
