"""The page of the report: one HTML file with tables and charts, without network access."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from jinja2 import Environment

COLUMNS = {
    "recall": "Recall",
    "specificity": "Specificity",
    "fpr": "FPR",
    "fnr": "FNR",
    "pwc": "PWC %",
    "precision": "Precision",
    "f_measure": "F-measure",
}
"""The CDnet seven, in the order of the benchmark's own tables."""


@dataclass(frozen=True)
class SceneFigures:
    """A scene's files, as paths relative to the page; `None` where there is none."""

    name: str
    sheet: str
    gif: str | None = None
    mp4: str | None = None


@dataclass(frozen=True)
class Page:
    """What the page shows.

    Attributes:
        title: the experiment.
        facts: short statements under the title, by label.
        metrics: what `reports/metrics.json` holds: `videos`, `categories`, `overall`; empty without ground truth.
        scenes: sheets and clips.
        charts: `<svg>` elements.
        config: the configuration as YAML.
    """

    title: str
    facts: Mapping[str, str]
    metrics: Mapping[str, Any] = field(default_factory=dict)
    scenes: Sequence[SceneFigures] = ()
    charts: Sequence[str] = ()
    config: str = ""


def render(page: Page) -> str:
    """The page as HTML; all texts are escaped."""
    folder = files("cleanplate.report")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(folder.joinpath("page.html.j2").read_text(encoding="utf-8"))
    summary = [("overall", "Overall", page.metrics.get("overall"))]
    summary += [("", name, values) for name, values in (page.metrics.get("categories") or {}).items()]
    return template.render(
        page=page,
        style=folder.joinpath("page.css").read_text(encoding="utf-8"),
        columns=COLUMNS,
        summary=[row for row in summary if row[2]],
        videos=[("", name, values) for name, values in (page.metrics.get("videos") or {}).items() if values],
    )
