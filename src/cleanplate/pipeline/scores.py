"""Scores of a result folder, and the files they are written to."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cleanplate.errors import DataError
from cleanplate.metrics.functional.background import BACKGROUND_SIX
from cleanplate.metrics.functional.cdnet import CDNET_SEVEN, CdnetCounts, Metrics, aggregate, cdnet_metrics
from cleanplate.metrics.functional.video_metrics import video_metrics
from cleanplate.utils.files import replacing

_AVERAGED = (*CDNET_SEVEN, "fpr_s")
_COUNTED = ("tp", "fp", "fn", "tn", "shadow_errors", "shadow_pixels", "frames")


@dataclass
class Scores:
    """What a method reached on every video; categories and the overall number follow from it.

    Attributes:
        counts: pixels of each `category/video` that has ground truth.
        backgrounds: the scene-background six of each `category/video` that has a true background and an estimated one.
        defects: what was met and survived, in words, by `category/video`.
        customary: `counts` with the frames that were learnt from, which the field customarily includes.
    """

    counts: dict[str, CdnetCounts] = field(default_factory=dict)
    backgrounds: dict[str, Metrics] = field(default_factory=dict)
    defects: dict[str, list[str]] = field(default_factory=dict)
    customary: dict[str, CdnetCounts] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The scores as plain numbers, all finite.

        Returns:
            `videos` by `category/video` (the seven, `fpr_s` where there is shadow, further video metrics, the counts),
            `categories` and `overall` (the seven, `fpr_s`); `background` with the same three keys if backgrounds were
            scored; `including_training_frames` with the first three if frames were trained on; and `defects`.
        """
        scores = _rated(self.counts)
        if self.customary:
            scores["including_training_frames"] = _rated(self.customary)
        if self.backgrounds:
            categories, overall = aggregate(self.backgrounds, BACKGROUND_SIX)
            scores["background"] = {"videos": self.backgrounds, "categories": categories, "overall": overall}
        scores["defects"] = {name: texts for name, texts in self.defects.items() if texts}
        return scores

    def to_json(self) -> str:
        """`to_dict` as indented JSON; a value that is not finite would be an error, not a stray `NaN`."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def write_json(self, path: Path) -> None:
        """Writes the JSON whole or not at all.

        Raises:
            DataError: if it cannot be written.
        """
        _write_whole(path, self.to_json())

    def write_summary(self, path: Path) -> None:
        """Writes the overall seven and the F of each video: what fits into a table of experiments.

        Raises:
            DataError: if it cannot be written.
        """
        scores = self.to_dict()
        overall = {name: value for name, value in scores["overall"].items() if name in CDNET_SEVEN}
        f_measures = {name: video["f_measure"] for name, video in scores["videos"].items()}
        summary: dict[str, Any] = {"overall": overall, "f_measure": f_measures}
        if self.customary:
            videos = scores["including_training_frames"]["videos"]
            summary["f_measure_including_training_frames"] = {
                name: video["f_measure"] for name, video in videos.items()
            }
        _write_whole(path, json.dumps(summary, indent=2) + "\n")

    def write_csv(self, folder: Path) -> None:
        """Writes `videos.csv`, `categories.csv` and `overall.csv` into `folder`.

        Raises:
            DataError: if they cannot be written.
        """
        scores = self.to_dict()
        _write_whole(
            folder / "videos.csv", _table("video", scores["videos"], (*_AVERAGED, *video_metrics(), *_COUNTED))
        )
        _write_whole(folder / "categories.csv", _table("category", scores["categories"], _AVERAGED))
        _write_whole(folder / "overall.csv", _table("", {"overall": scores["overall"]}, _AVERAGED))


def _rated(counts: Mapping[str, CdnetCounts]) -> dict[str, Any]:
    """Videos, categories and the overall number that follow from counts of pixels."""
    ratios = {name: cdnet_metrics(counted) for name, counted in counts.items()}
    categories, overall = aggregate(ratios, _AVERAGED)
    more = video_metrics()
    videos = {
        name: {
            **ratios[name],
            **{key: metric(counted) for key, metric in more.items()},
            **{key: getattr(counted, key) for key in _COUNTED},
        }
        for name, counted in counts.items()
    }
    return {"videos": videos, "categories": categories, "overall": overall}


def _table(first: str, rows: Mapping[str, Mapping[str, float]], columns: tuple[str, ...]) -> str:
    """Comma-separated values; an empty cell is a metric that the row does not have."""
    lines: list[list[object]] = [[first, *columns] if first else list(columns)]
    for name, row in rows.items():
        cells: list[object] = [row.get(column, "") for column in columns]
        lines.append([name, *cells] if first else cells)
    out = _Lines()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return "".join(out)


class _Lines(list[str]):
    """A list that the csv module can write to."""

    def write(self, line: str) -> None:
        self.append(line)


def _write_whole(path: Path, text: str) -> None:
    try:
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error
