"""`cleanplate benchmark`: every unsupervised model on every scene, with one set of options per model.

Rows are kept as they come, so that a benchmark that was stopped goes on where it was; a run that fails leaves a row
that says why, and is tried again the next time.
"""

import hashlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

import cleanplate
from cleanplate.data.datasets.cdnet import find_scenes
from cleanplate.data.io.images import is_picture
from cleanplate.errors import ConfigError, DataError
from cleanplate.models import available
from cleanplate.models.registry import check, model_class
from cleanplate.pipeline.benchmark_job import Job
from cleanplate.pipeline.benchmark_rows import Row, append_row, latest, read_rows, write_rows
from cleanplate.pipeline.benchmark_table import cell_of, print_benchmark, write_markdown
from cleanplate.utils.console import progress_bar

# One thread each, as they are compared; freed tensor memory is kept, which saves a third of the time.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "268435456",
    "NO_ALBUMENTATIONS_UPDATE": "1",
}


@dataclass(frozen=True)
class Plan:
    """What to measure, and the row as far as it is known before."""

    job: Job
    row: Row


def benchmark_command(
    data: Sequence[Path],
    to: Path,
    *,
    models: Sequence[str] = (),
    scenes: Sequence[str] = (),
    settings: Sequence[str] = (),
    plugins: Sequence[str] = (),
    jobs: int = 1,
    limit: float | None = None,
    again: bool = False,
) -> bool:
    """Measures what is not in the table yet; prints it, and writes it as Markdown beside the file.

    Args:
        data: folders that hold `<category>/<video>` in the CDnet layout.
        to: the CSV file that rows are appended to.
        models: names; by default all of the league `unsupervised`: leagues are not ranked together.
        scenes: `category/video`; all by default.
        settings: `model.key=value`, values that differ from a model's defaults.
        plugins: modules to import first; they register further models.
        jobs: runs at a time, each on one thread.
        limit: seconds that a run may take; `None` lets it.
        again: measure what is in the table, too.

    Returns:
        Whether every run asked for has a result.

    Raises:
        CleanplateError: for an unknown model or scene or a wrong option, before anything is measured.
    """
    for plugin in plugins:
        _imported(plugin)
    plans = planned(_located(data, scenes), models, settings, tuple(plugins))
    known = {row.key for row in read_rows(to) if not row.error}
    todo = [plan for plan in plans if again or plan.row.key not in known]
    if len(todo) < len(plans):
        print(f"{len(plans) - len(todo)} of {len(plans)} runs are in {to} already")
    try:
        _work_off(todo, to, jobs, limit)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here")
        raise
    finally:
        rows = latest(read_rows(to))
        if rows:
            write_rows(to, rows)
            write_markdown(to.with_suffix(".md"), rows)
            print_benchmark(rows)
    done = {row.key for row in rows if not row.error}
    return all(plan.row.key in done for plan in plans)


def planned(
    places: Mapping[str, Path], models: Sequence[str], settings: Sequence[str], plugins: tuple[str, ...] = ()
) -> list[Plan]:
    """The runs of each model on each scene, options validated; see `benchmark_command`."""
    chosen = list(dict.fromkeys(models))
    if not chosen:
        chosen = [name for name, kind in available().items() if kind.league == "unsupervised"]
    options = _options(settings, chosen)
    digests = {scene: _scene_digest(root / scene) for scene, root in places.items()}
    plans = []
    for name in chosen:
        kind = model_class(name)
        if kind.labelled:
            raise ConfigError(
                f"--model: {name} learns from labels, a benchmark's models see none; use dvc exp run -S model={name}"
            )
        filled, foreground = check(name, {}, options[name])
        whole = json.dumps([filled.model_dump(), foreground.model_dump()], sort_keys=True, default=str)
        told = " ".join(f"{key}={_told(value)}" for key, value in sorted(options[name].items()))
        row = Row(name, kind.family, told, "", options_digest=_digest(whole), version=cleanplate.__version__)
        for scene, root in places.items():
            job = Job(name, options[name], str(root.resolve()), scene, plugins)
            frames = sum(is_picture(path) for path in (root / scene / "input").iterdir())
            plans.append(Plan(job, replace(row, scene=scene, scene_digest=digests[scene], frames=frames)))
    return plans


def run_job(
    job: Job, limit: float | None = None, running: set[subprocess.Popen[bytes]] | None = None
) -> dict[str, Any]:
    """Runs a job in a process of its own.

    Args:
        job: what to measure.
        limit: seconds that it may take.
        running: holds the process while it runs, for whoever wants to end it.

    Returns:
        What `measure` gives, or `error` in one line.
    """
    running = set() if running is None else running
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cleanplate.pipeline.benchmark_job", json.dumps(asdict(job))],
            stdin=subprocess.PIPE,  # its end tells the process that this one is gone
            stdout=subprocess.PIPE,
            stderr=log,
            env=os.environ | _ENVIRONMENT,
            start_new_session=True,  # Ctrl-C is answered here, once
        )
        running.add(process)
        try:
            process.wait(limit)
            assert process.stdout is not None
            answer = process.stdout.read()
        except subprocess.TimeoutExpired:
            return {"error": f"took longer than {limit:g} s"}
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            running.discard(process)
        if process.returncode == 0 and answer:
            result: dict[str, Any] = json.loads(answer)
            return result
        log.seek(0)
        return {"error": _ended(process.returncode, log.read().decode(errors="replace"))}


def _work_off(plans: list[Plan], to: Path, jobs: int, limit: float | None) -> None:
    running: set[subprocess.Popen[bytes]] = set()
    stopped = threading.Event()

    def work(plan: Plan) -> Row | None:
        return None if stopped.is_set() else replace(plan.row, **run_job(plan.job, limit, running))

    with progress_bar("measuring", len(plans)) as progress, ThreadPoolExecutor(jobs) as pool:
        try:
            for done, future in enumerate(as_completed([pool.submit(work, plan) for plan in plans]), start=1):
                row = future.result()
                if row is not None:
                    append_row(to, row)
                    print(f"{row.model:<20} {row.scene:<28} {cell_of(row)}", flush=True)
                progress(done)
        except BaseException:
            stopped.set()
            for process in list(running):
                process.kill()
            raise


def _located(data: Sequence[Path], scenes: Sequence[str]) -> dict[str, Path]:
    """The folder that each scene lies below, in the order asked for."""
    found: dict[str, Path] = {}
    for root in data:
        if not root.is_dir():
            raise DataError(f"{root}: no such folder")
        for scene in find_scenes(root):
            found.setdefault(scene, root)
    for scene in scenes:
        if scene not in found:
            raise DataError(f"--scene: {scene!r} is not there; choose from {', '.join(found) or 'none'}")
    if not found:
        raise DataError(f"{', '.join(map(str, data))}: no scenes (<category>/<video>/input)")
    return {scene: found[scene] for scene in scenes or found}


def _options(settings: Sequence[str], models: Sequence[str]) -> dict[str, dict[str, Any]]:
    options: dict[str, dict[str, Any]] = {name: {} for name in models}
    for setting in settings:
        path, equals, text = setting.partition("=")
        name, dot, key = path.partition(".")
        if not (equals and dot and key):
            raise ConfigError(f"--set: {setting!r} must be model.key=value, such as ae.latent_dim=32")
        if name not in options:
            raise ConfigError(f"--set: {setting!r}: {name!r} is not measured; choose from {', '.join(options)}")
        try:
            options[name][key] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"--set: {setting!r}: its value is no YAML") from error
    return options


def _imported(plugin: str) -> None:
    sys.path.insert(0, os.getcwd())  # plugins may lie in the current folder  # noqa: PTH109
    try:
        importlib.import_module(plugin)
    except ImportError as error:
        raise ConfigError(f"--plugin: {plugin!r} cannot be imported: {error}") from error
    finally:
        sys.path.pop(0)


def _scene_digest(folder: Path) -> str:
    """Of names and sizes: reading a whole data set to skip what is done would take longer than a run."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return _digest("".join(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0" for path in files))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _told(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _ended(code: int, log: str) -> str:
    """How a process ended that gave no answer: its signal or code, and the last thing it said that may explain it."""
    lines = [" ".join(line.split()) for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower()] or lines
    return "; ".join([f"ended by signal {-code}" if code < 0 else f"ended with code {code}", *telling[-1:]])
