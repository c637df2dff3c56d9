"""The evaluate stage: scores a folder of results, prints the table, writes the numbers."""

from collections.abc import Sequence
from pathlib import Path

from cleanplate.pipeline.scores import Scores
from cleanplate.pipeline.scoring import score_results
from cleanplate.report.tables import print_scores
from cleanplate.utils.console import progress_bar


def evaluate_command(
    dataset: Path,
    results: Path,
    json_path: Path | None = None,
    scenes: Sequence[str] | None = None,
    threads: int = 2,
    csv_folder: Path | None = None,
) -> Scores:
    """Scores `results` by the official rules and tells it on the terminal and on disk.

    Args:
        dataset: a data set in the CDnet layout.
        results: masks in the layout of a CDnet submission.
        json_path: where the JSON goes, replaced whole; not written if `None`.
        scenes: `category/video` to score; all that both folders hold by default (an empty list means the same).
        threads: see `score_results`.
        csv_folder: where `videos.csv`, `categories.csv` and `overall.csv` go; not written if `None`.

    Raises:
        DataError: see `score_results`; also if a file cannot be written.
    """
    with progress_bar("scoring") as progress:
        scores = score_results(
            dataset,
            results,
            scenes=scenes or None,
            threads=threads,
            progress=lambda _, position, total: progress(position, total),
        )
    print_scores(scores.to_dict())
    if json_path is not None:
        scores.write_json(json_path)
    if csv_folder is not None:
        scores.write_csv(csv_folder)
    return scores
