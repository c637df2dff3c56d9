"""Charts from the CSV files of the pipeline: training curves, precision against recall."""

import csv
from pathlib import Path

from cleanplate.errors import DataError
from cleanplate.report.charts import Axis, Points, line_chart

Rows = list[dict[str, str]]


def read_rows(path: Path) -> Rows:
    """The rows of a CSV file with a header, by column.

    Raises:
        DataError: if it cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [{key: value or "" for key, value in row.items() if key} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV: {error}") from error


def training_charts(path: Path, name: str) -> list[str]:
    """Charts of a `curves.csv`: the losses of a training in one, the learning rate apart.

    Args:
        path: columns `step`, `epoch` and metrics.
        name: of the training, for the titles.
    """
    rows = read_rows(path)
    columns = list(rows[0]) if rows else []
    rates = [column for column in columns if "learning_rate" in column]
    losses = [column for column in columns if column not in ("step", "epoch", *rates)]
    charts = [
        line_chart(name, {column: _points(rows, "step", column) for column in group}, "step", label)
        for group, label in ((losses, "loss"), (rates, "learning rate"))
    ]
    return [chart for chart in charts if chart]


def precision_recall_charts(paths: list[Path]) -> list[str]:
    """Charts of every file with the columns `recall` and `precision`, a line for each value of its naming column."""
    charts = []
    for path in paths:
        rows = read_rows(path)
        if not rows or not {"recall", "precision"} <= rows[0].keys():
            continue
        naming = next((key for key, value in rows[0].items() if _value(value) is None and value), None)
        names = dict.fromkeys(row[naming] if naming else path.stem for row in rows)
        lines = {
            name: _points([row for row in rows if naming is None or row[naming] == name], "recall", "precision")
            for name in names
        }
        charts.append(line_chart("Precision against recall", lines, Axis("recall", 0, 1), Axis("precision", 0, 1)))
    return [chart for chart in charts if chart]


def _points(rows: Rows, x: str, y: str) -> Points:
    pairs = [(_value(row.get(x, "")), _value(row.get(y, ""))) for row in rows]
    return [(left, right) for left, right in pairs if left is not None and right is not None]


def _value(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
