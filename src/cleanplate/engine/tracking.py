"""Experiment tracking with Weights & Biases through Lightning's logger; a failure of it never stops the work.

What can go wrong and what happens then, each with one line of warning: wandb is not installed: no tracking; an online
run cannot log in or connect: it goes on offline, `wandb sync` sends it later; logging fails half-way (disk full, W&B's
service gone): tracking falls silent.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pytorch_lightning.loggers import WandbLogger
from pytorch_lightning.utilities import rank_zero_only

from cleanplate.utils.parallel import is_first_process

Mode = Literal["offline", "online", "disabled"]

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 30
_FINISH_SECONDS = {"offline": 60, "online": 600}


@dataclass(frozen=True)
class RunInfo:
    """How a run is found again among others.

    Attributes:
        name: what the run is called, see `run_name`.
        job_type: `train`, `evaluate`.
        group: runs that belong together: the scene, or the training run.
        tags: the model's family and league.
        config: everything that the run was told, and its provenance.
    """

    name: str
    job_type: str
    group: str
    tags: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)


def run_name(model: str, scene: str) -> str:
    """The DVC experiment's name where there is one, with the scene; else `<model>-<scene>`."""
    experiment = os.environ.get("DVC_EXP_NAME") or model
    return f"{experiment}-{scene.replace('/', '-')}"


class TrackingLogger(WandbLogger):
    """Lightning's W&B logger that falls silent, with one warning, at the first error.

    Attributes:
        online: whether the run talks to a server.
        info: what the run was started with.
    """

    def __init__(self, run: Any, info: RunInfo, online: bool) -> None:
        # Given a run, Lightning's logger neither starts one nor sets WANDB_MODE for the rest of the process.
        super().__init__(experiment=run)
        self.info = info
        self.online = online
        self.silent = False

    @rank_zero_only
    def attempt(self, action: Callable[[Any], None]) -> None:
        """Lets `action` log with the W&B run; the first exception of all ends tracking."""
        if self.silent or self._experiment is None:
            return
        try:
            action(self._experiment)
        except Exception as error:  # whatever W&B may raise: none of it is worth a training
            self.silent = True
            log.warning("tracking falls silent, the work goes on: %s: %s", type(error).__name__, _first_line(error))

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Logs scalars at a step."""
        steps = {} if step is None else {"trainer/global_step": step}
        self.attempt(lambda run: run.log({**metrics, **steps}))

    def log_hyperparams(self, params: Any, *_: Any, **__: Any) -> None:
        """Adds hyperparameters to the run's configuration."""
        self.attempt(lambda run: WandbLogger.log_hyperparams(self, params))

    def finalize(self, status: str) -> None:
        """Nothing: the run stays open for artifacts until `finish`."""

    @rank_zero_only
    def finish(self, failed: bool = False) -> None:
        """Ends the run; the next one in this process starts afresh."""
        run, self._experiment = self._experiment, None
        if run is None:
            return
        try:
            run.finish(exit_code=int(failed))
        except Exception as error:
            if not self.silent:
                log.warning("tracking could not be finished: %s: %s", type(error).__name__, _first_line(error))
        self.silent = True


def start_logger(mode: Mode, project: str, entity: str | None, folder: Path, info: RunInfo) -> TrackingLogger | None:
    """Starts a W&B run.

    Args:
        mode: `offline` writes to disk alone, `online` sends too, `disabled` does nothing.
        project: W&B project.
        entity: W&B user or team; `None` is the user's own.
        folder: runs are written to `wandb/` in it, and W&B keeps its caches there.
        info: what the run is.

    Returns:
        A logger for Lightning's `Trainer(logger=…)`; `None` if tracking is disabled or wandb is not installed. In the
        other processes of a distributed training it holds no run and does nothing.
    """
    if mode == "disabled":
        return None
    folder = folder.resolve()
    _keep_inside(folder / "wandb", mode)
    try:
        import wandb  # noqa: F401
    except ImportError:
        log.warning("tracking.mode: %s needs wandb: pip install 'cleanplate[tracking]'; going on without", mode)
        return None
    if not is_first_process():
        return TrackingLogger(None, info, mode == "online")
    modes: list[Literal["offline", "online"]] = ["online", "offline"] if mode == "online" else ["offline"]
    for attempt in modes:
        try:
            (folder / "wandb").mkdir(parents=True, exist_ok=True)
            run = _started(attempt, project, entity, folder, info)
            return TrackingLogger(run, info, attempt == "online")
        except Exception as error:
            rest = "the run goes on offline" if attempt != modes[-1] else "going on without tracking"
            log.warning("tracking %s: %s: %s; %s", attempt, type(error).__name__, _first_line(error), rest)
    return None


@contextmanager
def tracked(
    mode: Mode, project: str, entity: str | None, folder: Path, info: RunInfo
) -> Iterator[TrackingLogger | None]:
    """`start_logger` for a `with` block: the run is finished at its end, as failed if the block raises."""
    logger = start_logger(mode, project, entity, folder, info)
    failed = True
    try:
        yield logger
        failed = False
    finally:
        if logger is not None:
            logger.finish(failed)


def _started(mode: Literal["offline", "online"], project: str, entity: str | None, folder: Path, info: RunInfo) -> Any:
    import wandb

    settings = wandb.Settings(
        console="off",  # the output belongs to whoever started us; DVC and pytest capture it too
        silent=mode == "offline",
        init_timeout=_CONNECT_SECONDS,
        finish_timeout=_FINISH_SECONDS[mode],
        login_timeout=_CONNECT_SECONDS,
    )
    run = wandb.init(
        project=project, entity=entity, dir=str(folder), mode=mode, name=info.name, job_type=info.job_type,
        group=info.group, tags=list(info.tags), config=dict(info.config), reinit="create_new", settings=settings,
    )  # fmt: skip
    # As Lightning's logger does for a run that it starts itself.
    run.define_metric("trainer/global_step")
    run.define_metric("*", step_metric="trainer/global_step", step_sync=True)
    return run


def _keep_inside(folder: Path, mode: Mode) -> None:
    """Keeps W&B's files in the project, unless the user has said where they go."""
    os.environ.setdefault("WANDB_DATA_DIR", str(folder / "data"))
    os.environ.setdefault("WANDB_CACHE_DIR", str(folder / "cache"))
    if mode == "offline":  # online, the user's own folder says which server the login is for
        os.environ.setdefault("WANDB_CONFIG_DIR", str(folder / "config"))


def _first_line(error: Exception) -> str:
    return (str(error).strip() or "no message").splitlines()[0]
