"""Scores a folder of results against a dataset in the CDnet layout by the official rules."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path

from cleanplate.data.datasets.cdnet import find_scenes, read_cdnet
from cleanplate.data.io.images import read_gray
from cleanplate.data.io.label_png import read_labels
from cleanplate.data.io.results import ResultFolder, VideoResults
from cleanplate.data.sequence import FrameLookup, FrameSequence
from cleanplate.errors import DataError
from cleanplate.metrics.functional.cdnet import CdnetCounts, PixelCounter
from cleanplate.pipeline.background_scoring import score_background
from cleanplate.pipeline.scores import Scores
from cleanplate.report.tables import print_scores
from cleanplate.utils.arrays import Image
from cleanplate.utils.console import progress_bar
from cleanplate.utils.parallel import ordered_map

Progress = Callable[[str, int, int], None]

FRAMES_PER_TASK = 16  # handing work to a thread costs about as much as counting a frame
SIZES_AT_HAND = 64


def score_results(
    dataset: Path,
    results: Path,
    *,
    scenes: Sequence[str] | None = None,
    threads: int = 2,
    exclude: Mapping[str, Collection[int]] | None = None,
    progress: Progress | None = None,
) -> Scores:
    """Scores every video that both folders hold.

    A pixel counts iff the region of interest is not 0 and the ground truth is not 170; ground truth is positive iff
    255; a mask is positive iff 255. Frames are those of temporalROI.txt, both ends included, or all where there is no
    such file. A frame without ground truth (half of five categories of CDnet 2014 is unpublished) is left out, and so
    is a frame without picture and mask; both are told in `Scores.defects`.

    Args:
        dataset: holds `<category>/<video>/{input,groundtruth}/…`.
        results: holds `<category>/<video>/bin%06d.png`, and perhaps `background/bg%06d.png` or `background.png`, which
            are judged where the data set has true backgrounds.
        scenes: `category/video` to score; all that both folders hold by default.
        threads: decode and count; 0 works in the caller's thread.
        exclude: numbers of frames by `category/video` that do not count, because labels of theirs were learnt from.
        progress: called after each video with its name, its position from 1 and the number of videos.

    Raises:
        DataError: if a folder, a scene asked for, or a mask is missing or wrong, or nothing is left to score.
    """
    folder = ResultFolder(results)
    chosen = _chosen(dataset, folder, scenes)
    scores = Scores()
    for position, scene in enumerate(chosen, start=1):
        left_out = (exclude or {}).get(scene, ())
        _score_scene(dataset / scene, scene, folder.video(scene), threads, scores, frozenset(left_out))
        if progress is not None:
            progress(scene, position, len(chosen))
    if not scores.counts and not scores.backgrounds:
        raise DataError(f"{dataset}: none of {', '.join(chosen[:5])} has ground truth or a true background to score by")
    return scores


def _chosen(dataset: Path, folder: ResultFolder, scenes: Sequence[str] | None) -> list[str]:
    known, held = find_scenes(dataset), folder.scenes()
    if scenes is None:
        both = sorted(set(known) & set(held))
        if not both:
            raise DataError(
                f"no scene in common: {dataset} has {_some(known)} (`<category>/<video>/input`), {folder.root} has "
                f"{_some(held)} (`<category>/<video>/bin000001.png`)"
            )
        return both
    for scene in scenes:
        if scene not in known:
            raise DataError(f"{dataset}: has no scene {scene!r}; it has {_some(known)}")
        if scene not in held:
            raise DataError(f"{folder.root}: has no results of {scene!r}; it has {_some(held)}")
    return list(dict.fromkeys(scenes))


def _some(names: list[str]) -> str:
    return (", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")) or "none"


def _score_scene(
    location: Path, scene: str, results: VideoResults, threads: int, scores: Scores, left_out: frozenset[int]
) -> None:
    sequence = read_cdnet(location, scene, on_corrupt="skip")  # the input frames themselves are not scored
    defects = sequence.defects
    scores.defects[scene] = defects
    if sequence.truth is None:
        defects.append("groundtruth: none; masks not scored")
    elif results.has_masks():
        counts = _count_video(sequence, sequence.truth, results, threads, left_out)
        if counts.tp + counts.fn == 0:
            defects.append("groundtruth: nothing moves in it; recall is 1 by definition")
        scores.counts[scene] = counts
    else:
        defects.append("results: no masks; only backgrounds judged")
    background = score_background(sequence, results, threads)
    if background is not None:
        scores.backgrounds[scene] = background


def _count_video(
    sequence: FrameSequence, truth: FrameLookup, results: VideoResults, threads: int, left_out: frozenset[int]
) -> CdnetCounts:
    frames = [frame for frame in _scored_frames(sequence, truth, results) if frame[0] not in left_out]
    if not frames:
        raise DataError(
            f"{sequence.name}: no frame to score; temporalROI is {sequence.temporal_roi}, {sequence.defects}"
        )
    counters = _Counters(sequence, frames[0][1])

    def count(task: list[tuple[int, Path]]) -> CdnetCounts:
        return sum((_count_frame(counters, number, path, results) for number, path in task), CdnetCounts())

    tasks = [frames[start : start + FRAMES_PER_TASK] for start in range(0, len(frames), FRAMES_PER_TASK)]
    return sum((counts for _, counts in ordered_map(count, tasks, threads)), CdnetCounts())


def _scored_frames(sequence: FrameSequence, truth: FrameLookup, results: VideoResults) -> Iterator[tuple[int, Path]]:
    """Numbers of the frames that count, with their ground truth; what is left out is told in `sequence.defects`."""
    roi = sequence.temporal_roi
    wanted = sequence.numbers if roi is None else range(roi[0], roi[1] + 1)
    pictured = set(sequence.numbers)
    unlabelled = gaps = 0
    for number in wanted:
        path = truth.path(number)
        if path is None:
            unlabelled += 1
        elif number not in pictured and not results.mask_path(number).exists():
            gaps += 1  # nobody can predict a frame that is not there
        else:
            yield number, path
    span = f"of {len(wanted)} frames to score"
    if unlabelled:
        sequence.defects.append(f"groundtruth: {unlabelled} {span} have none; left out")
    if gaps:
        sequence.defects.append(f"input: {gaps} {span} have ground truth but no picture and no mask; left out")


class _Counters:
    """The counter of a frame: one for all frames of a camera, one per size for pictures that have many."""

    def __init__(self, sequence: FrameSequence, first_truth: Path) -> None:
        self._only: PixelCounter | None = None
        self._by_shape = lru_cache(SIZES_AT_HAND)(partial(PixelCounter, None))
        if not sequence.still_pictures:
            shape = (read_gray(first_truth) if sequence.roi is None else sequence.roi).shape
            self._only = PixelCounter(sequence.roi, shape)

    def of(self, truth: Image, path: Path) -> PixelCounter:
        """The counter of the frame that has this ground truth; raises `DataError` where a video changes its size."""
        if self._only is None:
            return self._by_shape(truth.shape)
        if truth.shape != self._only.shape:
            height, width = self._only.shape
            raise DataError(f"{path}: is {truth.shape[1]}×{truth.shape[0]}, its video is {width}×{height}")
        return self._only


def _count_frame(counters: _Counters, number: int, path: Path, results: VideoResults) -> CdnetCounts:
    truth: Image = read_labels(path)
    counter = counters.of(truth, path)
    return counter.count_packed(results.read_foreground(number, counter.shape), truth)


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
