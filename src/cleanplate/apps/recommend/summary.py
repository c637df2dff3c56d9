"""The recommendation on the terminal."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cleanplate.apps.recommend.rules import Advice
from cleanplate.apps.recommend.sample import Sample
from cleanplate.apps.recommend.scene_analysis import Scene
from cleanplate.apps.recommend.trial import Measurements
from cleanplate.report.tables import wide_console


def print_advice(
    sample: Sample,
    scene: Scene,
    trials: Sequence[Measurements],
    advice: Advice,
    command: str,
    console: Console | None = None,
) -> None:
    """Prints the scene, a row per model, and what is recommended and why."""
    console = console or wide_console()
    height, width = sample.size
    of = f" of {sample.total}" if sample.total and sample.total > len(sample.frames) else ""
    console.print(
        f"{escape(sample.name)}: {len(sample.frames)}{of} frames of {width}×{height} looked at", soft_wrap=True
    )
    for sentence in scene_sentences(scene, sample.frames_per_second):
        console.print(f"  {sentence}", soft_wrap=True)
    console.print(_table(trials, advice.model))
    for trial in trials:
        if trial.failed:
            console.print(f"[dim]{escape(trial.name)} failed: {escape(trial.failed)}[/dim]", soft_wrap=True)
    console.print(f"recommended: [bold]{escape(advice.model)}[/bold]", soft_wrap=True)
    for sentence in advice.reasons:
        console.print(f"  because {escape(sentence)}", soft_wrap=True)
    for sentence in advice.warnings:
        console.print(f"  but {escape(sentence)}", soft_wrap=True)
    if advice.otherwise:
        console.print(f"  {escape(advice.otherwise)}", soft_wrap=True)
    console.print(f"  {escape(command)}", soft_wrap=True, highlight=False)


def scene_sentences(scene: Scene, frames_per_second: float) -> list[str]:
    """Returns the measurements of a scene as sentences."""
    if not scene.enough:
        camera = "camera: too few frames in a row, or too small ones, to tell"
    elif scene.shake is not None:
        camera = f"camera: shakes, by {scene.shake:.1f} pixels in the median frame"
    else:
        camera = "camera: pans, tilts or zooms" if scene.moves else "camera: stands still"
    told = [camera]
    if scene.light is not None:
        told.append(f"light: {'changes' if scene.light_changes else 'steady'}, by {scene.light:.1f} grey levels")
    if scene.restless is not None:
        word = "restless" if scene.is_restless else "rests"
        told.append(f"background: {word}, {scene.restless:.1%} of the picture moves while nobody passes")
    word = "somebody stays" if scene.somebody_stays else "nobody stays long"
    seconds = scene.stay_frames / frames_per_second
    told.append(f"people: {word}, at most {scene.stay_frames} frames ({seconds:.1f} s) in one place")
    if scene.is_covered:
        told.append(f"covered half of the time or more: {scene.covered:.1%} of the picture")
    return told


def _table(trials: Sequence[Measurements], best: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("model", no_wrap=True)
    for heading in ("learns", "fit s", "frames/s", "foreground", "background changes", "agrees"):
        table.add_column(heading, justify="left" if heading == "learns" else "right")
    for trial in trials:
        name = f"[bold]{escape(trial.name)}[/bold]" if trial.name == best else escape(trial.name)
        if trial.failed:
            table.add_row(f"[dim]{name}[/dim]", "failed", *["–"] * 5)
            continue
        table.add_row(
            name,
            "online" if trial.online else "offline",
            f"{trial.fit_seconds:.1f}" if trial.fit_seconds else "–",
            f"{trial.frames_per_second:.0f}",
            f"{trial.share:.2%}",
            f"{trial.unrest:.2f}",
            "–" if trial.agreement is None else f"{trial.agreement:.2f}",
        )
    return table
