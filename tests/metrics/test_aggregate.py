from cleanplate.metrics.functional.cdnet import aggregate


def test_categories_weigh_the_same_whatever_their_size():
    videos = {"a/1": {"f": 0.25}, "a/2": {"f": 0.75}, "b/1": {"f": 1.0}}
    assert aggregate(videos, ["f"]) == ({"a": {"f": 0.5}, "b": {"f": 1.0}}, {"f": 0.75})


def test_a_metric_of_some_videos_is_averaged_over_those():
    videos = {"a/1": {"f": 0.5, "s": 0.5}, "a/2": {"f": 0.5}, "b/1": {"f": 0.5}}
    categories, overall = aggregate(videos, ["f", "s"])
    assert categories == {"a": {"f": 0.5, "s": 0.5}, "b": {"f": 0.5}}
    assert overall == {"f": 0.5, "s": 0.5}


def test_nothing_averages_to_nothing():
    assert aggregate({}, ["f"]) == ({}, {})
