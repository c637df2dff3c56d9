"""From videos to categories to one overall number, each step an unweighted mean (rule of changedetection.net)."""

from collections.abc import Iterable, Mapping

Metrics = dict[str, float]


def aggregate(videos: Mapping[str, Mapping[str, float]], names: Iterable[str]) -> tuple[dict[str, Metrics], Metrics]:
    """Averages the videos of each category, then the categories.

    So the overall F is not the F of overall precision and recall, and a category of two videos weighs as much as one of
    six. A metric that only some videos have (`fpr_s`) is averaged over those.

    Args:
        videos: metrics by `category/video`.
        names: which of the metrics to average.

    Returns:
        Metrics by category, and overall.

    Example:
        >>> aggregate({"a/1": {"f": 0.25}, "a/2": {"f": 0.75}, "b/1": {"f": 1.0}}, ["f"])[1]
        {'f': 0.75}
    """
    wanted = tuple(names)
    members: dict[str, list[Mapping[str, float]]] = {}
    for name, metrics in videos.items():
        members.setdefault(name.rpartition("/")[0], []).append(metrics)
    categories = {category: _means(rows, wanted) for category, rows in sorted(members.items())}
    return categories, _means(list(categories.values()), wanted)


def _means(rows: list[Mapping[str, float]] | list[Metrics], names: tuple[str, ...]) -> Metrics:
    columns = {name: [row[name] for row in rows if name in row] for name in names}
    return {name: sum(values) / len(values) for name, values in columns.items() if values}
