"""Scores as tables on the terminal."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_SEVEN = {
    "recall": "Recall",
    "specificity": "Spec.",
    "fpr": "FPR",
    "fnr": "FNR",
    "pwc": "PWC %",
    "precision": "Prec.",
    "f_measure": "F",
}
_SIX = {"age": "AGE", "peps": "pEPs", "pceps": "pCEPs", "ms_ssim": "MS-SSIM", "psnr": "PSNR dB", "cqm": "CQM dB"}


def print_scores(scores: Mapping[str, Any], console: Console | None = None) -> None:
    """Prints videos, categories and the overall number, the backgrounds' if there are any, and the defects met.

    Args:
        scores: the dictionary of `cleanplate.pipeline.scores.Scores.to_dict`, or its JSON read back.
        console: where to; the terminal by default.
    """
    console = console or Console()
    if scores["videos"]:
        console.print(_table("CDnet", scores, _SEVEN, "f_measure"))
    if "background" in scores:
        console.print(_table("Background", scores["background"], _SIX, "ms_ssim"))
    for video, defects in scores.get("defects", {}).items():
        for defect in defects:
            console.print(f"[dim]{escape(video)}: {escape(defect)}[/dim]", soft_wrap=True)


def print_models(models: Mapping[str, Any], console: Console | None = None) -> None:
    """Prints the registered models, see `cleanplate.models.available`."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("model", "family", "league", "learns", "paper"):
        table.add_column(heading)
    for name, model in models.items():
        table.add_row(name, model.family, model.league, "online" if model.streaming else "offline", escape(model.paper))
    (console or Console()).print(table)


def _table(title: str, scores: Mapping[str, Any], columns: Mapping[str, str], strong: str) -> Table:
    """The videos of each category with its mean under them, the mean of categories last."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for key, heading in columns.items():
        table.add_column(heading, justify="right", style="bold" if key == strong else None)
    for category, means in scores["categories"].items():
        for video, metrics in scores["videos"].items():
            if video.rpartition("/")[0] == category:
                table.add_row(f"  {escape(video.rpartition('/')[2])}", *_cells(metrics, columns))
        table.add_row(f"[italic]{escape(category)}[/italic]", *_cells(means, columns), end_section=True)
    table.add_row("[bold]overall[/bold]", *_cells(scores["overall"], columns))
    return table


def _cells(metrics: Mapping[str, float], columns: Mapping[str, str]) -> list[str]:
    return [f"{metrics[key]:.4f}" for key in columns]
