"""The page holds its numbers and stands alone; charts draw what the files say."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from cleanplate.errors import DataError
from cleanplate.report.charts import Axis, axis_of, line_chart
from cleanplate.report.page import Page, SceneFigures, render
from cleanplate.report.tabular import precision_recall_charts, training_charts

SEVEN = {
    "recall": 0.9,
    "specificity": 0.99,
    "fpr": 0.01,
    "fnr": 0.1,
    "pwc": 1.25,
    "precision": 0.8,
    "f_measure": 0.8471,
}
METRICS = {"videos": {"a/<b>": {**SEVEN, "tp": 3}}, "categories": {"a": SEVEN}, "overall": {**SEVEN, "f_measure": 0.7}}


def test_page_holds_numbers_and_nothing_foreign() -> None:
    scene = SceneFigures("a/<b>", "figures/a/b/sheet.png", "figures/a/b/x.gif", "figures/a/b/x.mp4")
    html = render(Page("run & co", {"model": "median"}, METRICS, [scene], ["<svg></svg>"], "seed: 0"))
    for text in ("0.8471", "0.7000", "1.2500", "run &amp; co", "a/&lt;b&gt;", "figures/a/b/x.mp4", "seed: 0", "<svg>"):
        assert text in html
    assert "<script" not in html and "http" not in html and "<b>" not in html.replace("<b>model</b>", "")


def test_page_without_ground_truth() -> None:
    html = render(Page("mine", {}, {}, [SceneFigures("my/video", "sheet.png")]))
    assert "<table" not in html and "Scores" not in html and "<video" not in html and "sheet.png" in html


def test_chart_is_well_formed_and_in_place() -> None:
    svg = line_chart("A < B", {"x & y": [(0, 0), (1, 1), (2, float("nan"))], "none": []}, "step", Axis("loss", 0, 1))
    root = ElementTree.fromstring(svg)
    (line,) = [path for path in root.iter("path") if path.get("class") == "line line0" and "L" in (path.get("d") or "")]
    left, right = re.findall(r"([\d.]+) ([\d.]+)", line.get("d") or "")
    assert float(left[0]) == 58 and float(right[0]) == 520 - 14  # from edge to edge
    assert float(left[1]) == 300 - 44 and float(right[1]) == 34  # from bottom to top
    assert line_chart("empty", {"none": []}, "x", "y") == ""


@pytest.mark.parametrize(
    ("values", "logarithmic"), [([1e-4, 1.0], True), ([0.5, 1.0], False), ([0.0, 9.0], False), ([3.0, 3.0], False)]
)
def test_axes_hold_their_values(values: list[float], logarithmic: bool) -> None:
    axis = axis_of("loss", values)
    assert axis.logarithmic == logarithmic
    assert all(0 <= axis.share(value) <= 1 for value in values)
    assert len(axis.ticks()) >= 2 and all(0 <= axis.share(tick) <= 1.001 for tick in axis.ticks())


def test_charts_from_files(tmp_path: Path) -> None:
    curves = tmp_path / "curves.csv"
    curves.write_text("step,epoch,train/learning_rate,train/loss,val/loss\n0,0,0.1,3,\n1,0,0.1,2,2.5\n2,1,0.05,1,\n")
    losses, rates = training_charts(curves, "baseline/street")
    assert "train/loss" in losses and "val/loss" in losses and "learning_rate" in rates
    curves.write_text("step,epoch\n")
    assert training_charts(curves, "empty") == []
    (tmp_path / "pr.csv").write_text("scene,threshold,recall,precision\na/b,0,1,0.1\na/b,9,0,1\nc/d,0,1,0.2\n")
    (tmp_path / "other.csv").write_text("x,y\n1,2\n")
    (chart,) = precision_recall_charts(sorted(tmp_path.glob("*.csv")))
    assert "a/b" in chart and "c/d" in chart
    with pytest.raises(DataError, match=r"no\.csv"):
        training_charts(tmp_path / "no.csv", "x")
