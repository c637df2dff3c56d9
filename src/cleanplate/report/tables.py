"""Tables on the terminal: scores, models, options."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:  # scores are printed without waiting for torch
    from cleanplate.models import BackgroundModel
    from cleanplate.utils.options import Options

_FRAME = (240, 320)
_UNFOLDED = 160
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


def print_models(models: Mapping[str, "type[BackgroundModel]"], console: Console | None = None) -> None:
    """Prints the registered models, see `cleanplate.models.available`; weights are counted for a 320×240 frame."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("model", no_wrap=True)
    for heading in ("family", "league", "learns"):
        table.add_column(heading, no_wrap=True)
    table.add_column("parameters", justify="right", no_wrap=True)
    table.add_column("paper")
    for name, model in models.items():
        learns = "online" if model.streaming else "offline"
        weights = parameter_count(model)
        table.add_row(name, model.family, model.league, learns, f"{weights:,}" if weights else "–", escape(model.paper))
    (console or wide_console()).print(table)


def print_options(title: str, options: "Options", console: Console | None = None) -> None:
    """Prints every option: name, value, the values that it may take, meaning."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("option", no_wrap=True)
    for heading in ("value", "allowed", "meaning"):
        table.add_column(heading, overflow="fold")
    for name, value in options.model_dump().items():
        table.add_row(name, escape(str(value)), escape(options.choices(name)), escape(options.meaning(name)))
    (console or wide_console()).print(table)


def wide_console() -> Console:
    """The terminal at its width; a file or a pipe gets whole lines, which `grep` and people read better."""
    console = Console()
    return console if console.is_terminal else Console(width=_UNFOLDED)


def parameter_count(model: "type[BackgroundModel]") -> int:
    """Weights that a model of that class learns for a 320×240 frame with its default options; 0 for those without."""
    from cleanplate.models.learned import LearnedModel

    if model.streaming:
        return 0
    made = model()
    if isinstance(made, LearnedModel):
        made.build(_FRAME)
    return made.parameters


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
