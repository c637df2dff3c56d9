"""The page of the report: one HTML file with tables and charts, without network access."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from typing import Any

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
    """The page as HTML."""
    style = files("cleanplate.report").joinpath("page.css").read_text(encoding="utf-8")
    facts = " ".join(f"<span><b>{escape(key)}</b> {escape(value)}</span>" for key, value in page.facts.items() if value)
    sections = [
        _section("Scores", _scores(page.metrics)),
        _section("Scenes", "\n".join(_scene(scene, page.metrics) for scene in page.scenes)),
        _section("Curves", '<div class="charts">' + "\n".join(page.charts) + "</div>" if page.charts else ""),
        _section("Configuration", f"<pre>{escape(page.config)}</pre>" if page.config else ""),
    ]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(page.title)}</title>",
            f"<style>\n{style}</style></head><body><main>",
            f'<h1>{escape(page.title)}</h1><p class="facts">{facts}</p>',
            *(section for section in sections if section),
            "</main></body></html>\n",
        ]
    )


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>\n{body}\n</section>" if body else ""


def _scores(metrics: Mapping[str, Any]) -> str:
    rows = [("overall", "Overall", metrics.get("overall") or {})]
    rows += [("", name, values) for name, values in (metrics.get("categories") or {}).items()]
    tables = [_table("Category", rows)]
    tables.append(_table("Video", [("", name, values) for name, values in (metrics.get("videos") or {}).items()]))
    return "\n".join(table for table in tables if table)


def _table(first: str, rows: Sequence[tuple[str, str, Mapping[str, Any]]]) -> str:
    rows = [row for row in rows if row[2]]
    if not rows:
        return ""
    head = "".join(f"<th>{title}</th>" for title in COLUMNS.values())
    body = "\n".join(
        f'<tr class="{kind}"><th>{escape(name)}</th>'
        + "".join(f'<td class="{key}">{_number(values.get(key))}</td>' for key in COLUMNS)
        + "</tr>"
        for kind, name, values in rows
    )
    head = f"<thead><tr><th>{first}</th>{head}</tr></thead>"
    return f'<div class="wide"><table>{head}<tbody>\n{body}\n</tbody></table></div>'


def _scene(scene: SceneFigures, metrics: Mapping[str, Any]) -> str:
    name = escape(scene.name, quote=True)
    score = ((metrics.get("videos") or {}).get(scene.name) or {}).get("f_measure")
    note = f" <small>F-measure {_number(score)}</small>" if score is not None else ""
    sheet = escape(scene.sheet, quote=True)
    moving = []
    if scene.mp4:
        mp4 = escape(scene.mp4, quote=True)
        moving.append(f'<video src="{mp4}" controls loop muted playsinline preload="metadata"></video>')
    if scene.gif:
        moving.append(
            f'<img class="clip" src="{escape(scene.gif, quote=True)}" alt="foreground of {name}" loading="lazy">'
        )
    return "\n".join(
        [
            f"<article><h3>{name}{note}</h3>",
            f'<a href="{sheet}"><img class="sheet" src="{sheet}" alt="contact sheet of {name}" loading="lazy"></a>',
            f'<div class="moving">{"".join(moving)}</div>' if moving else "",
            "</article>",
        ]
    )


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) else "–"
