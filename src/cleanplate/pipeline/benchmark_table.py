"""The table of a benchmark, a row per model: on the terminal, and as Markdown for a README."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from cleanplate.errors import DataError
from cleanplate.pipeline.benchmark_rows import Row
from cleanplate.utils.files import replacing

_NOTHING = "–"
_FAILED = "failed"
_AFTER = ("mean F", "AGE", "training s", "frames/s", "parameters")


def cell_of(row: Row) -> str:
    """A run in a few words, told when it ends."""
    if row.error:
        return f"{_FAILED}: {row.error}"
    parts = [
        f"F {_number(row.f_measure, 4)}",
        f"AGE {_number(row.age, 2)}",
        f"{_number(row.train_seconds, 1)} s",
        f"{_number(row.frames_per_second, 0)} frames/s",
    ]
    return "  ".join(parts)


def table_of(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Headings, and the cells of each model, the best first.

    F stands per scene; its mean stands only for models that have one on every scene, for others it would compare
    different things. AGE, seconds and frames per second are means over the scenes that have them.

    Args:
        rows: one per model, options and scene, see `latest`.
    """
    scenes = list(dict.fromkeys(row.scene for row in rows))
    scored = {row.scene for row in rows if row.f_measure is not None}
    models: dict[str, dict[str, Row]] = {}
    for row in rows:
        models.setdefault(row.label, {})[row.scene] = row

    ranked = []
    for label, found in models.items():
        measured = [row for row in found.values() if not row.error]
        mean = _mean([row.f_measure for row in measured], len(scored))
        cells = [label, next(iter(found.values())).family]
        cells += [_f_of(found.get(scene)) for scene in scenes]
        cells += [
            _number(mean, 4),
            _number(_mean([row.age for row in measured]), 2),
            _number(_mean([row.train_seconds for row in measured]), 1),
            _number(_mean([row.frames_per_second for row in measured]), 0),
            f"{max((row.parameters or 0 for row in measured), default=0):,}",
        ]
        ranked.append((-1.0 if mean is None else mean, cells))
    ranked.sort(key=lambda entry: -entry[0])
    return ["model", "family", *_headings(scenes), *_AFTER], [cells for _, cells in ranked]


def print_benchmark(rows: Sequence[Row]) -> None:
    """Prints the table, and under it what failed."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from cleanplate.report.tables import wide_console

    headings, lines = table_of(rows)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for position, heading in enumerate(headings):
        left = position < 2
        table.add_column(heading, justify="left" if left else "right", no_wrap=position == 0)
    for cells in lines:
        table.add_row(*map(escape, cells))
    console = wide_console()
    console.print(table)
    for row in rows:
        if row.error:
            console.print(f"[dim]{escape(f'{row.label} on {row.scene}: {row.error}')}[/dim]", soft_wrap=True)


def markdown_of(rows: Sequence[Row]) -> str:
    """The table as Markdown, with what it rests on under it."""
    headings, lines = table_of(rows)
    rule = ["---" if position < 2 else "---:" for position in range(len(headings))]
    table = "\n".join("| " + " | ".join(_escaped(cell) for cell in cells) + " |" for cells in [headings, rule, *lines])
    hardware = ", ".join(sorted({row.hardware for row in rows if row.hardware})) or "unknown"
    version = ", ".join(sorted({row.version for row in rows if row.version}))
    notes = [
        "F by the official CDnet rules on the frames of the temporal ROI; AGE is the mean grey-level error of the",
        "background where the true one is known; seconds, frames/s and AGE are means over the scenes. One parameter",
        "set per model, one process and one thread per run; without a GPU, times are those of the processor.",
        f"cleanplate {version}; {hardware}.",
    ]
    errors = [f"- `{row.label}` on {row.scene}: {_escaped(row.error)}" for row in rows if row.error]
    return "\n".join([table, "", *notes, *(["", "Failed:", "", *errors] if errors else [])]) + "\n"


def write_markdown(path: Path, rows: Sequence[Row]) -> None:
    """Writes `markdown_of` whole or not at all; raises `DataError` if it cannot be written."""
    try:
        with replacing(path) as temporary:
            temporary.write_text(markdown_of(rows), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error


def _headings(scenes: Sequence[str]) -> list[str]:
    """Scenes by their last part, where that names one."""
    short = [scene.rpartition("/")[2] for scene in scenes]
    return [name if short.count(name) == 1 else scene for scene, name in zip(scenes, short, strict=True)]


def _f_of(row: Row | None) -> str:
    if row is None:
        return _NOTHING
    return _FAILED if row.error else _number(row.f_measure, 4)


def _mean(values: Sequence[float | None], wanted: int = 1) -> float | None:
    """The mean of the values that are there, `None` if they are fewer than `wanted` or none."""
    there = [value for value in values if value is not None]
    return fmean(there) if there and len(there) >= wanted else None


def _number(value: float | None, digits: int) -> str:
    return _NOTHING if value is None else f"{value:.{digits}f}"


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")
