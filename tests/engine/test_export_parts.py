"""What exported graphs are made of, each against what it stands for: OpenCV, torch, or the model's own code."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cleanplate.models.components.graphs.networks import area_means, unfold
from cleanplate.models.components.inpainting import InpaintingGraph, dilate, inpaint
from cleanplate.models.supervised.bgsnet.recent_background import (
    RecentBackground,
    RecentBackgroundGraph,
    sorting_network,
)
from in_memory import textured


def test_the_recent_background_is_that_of_the_model() -> None:
    random = np.random.default_rng(4)
    graph, recent = RecentBackgroundGraph(), RecentBackground()
    states = tuple(RecentBackgroundGraph.initial_states(recent, (6, 7)).values())
    for index in range(230):
        frame, rate = random.integers(0, 256, (6, 7, 3)).astype(np.uint8), float(random.choice([-1.0, -1.0, 0.0, 0.1]))
        if index == 0:
            rate = 0.0
        wanted = recent.after(frame, learn=rate != 0)
        picture = torch.from_numpy(frame).permute(2, 0, 1)[None].float()
        found, states = graph(picture, torch.tensor([rate]), *states)
        np.testing.assert_array_equal(found[0].permute(1, 2, 0).numpy(), wanted)
        if index % 7 == 0:
            kept, seen = RecentBackgroundGraph.initial_states(recent, (6, 7)).values()
            assert seen == states[1]
            count = len(recent.stream_state()["kept"])
            np.testing.assert_array_equal(kept[10 - count :], states[0][10 - count :])


def test_the_sorting_network_sorts() -> None:
    for bits in range(1024):  # whatever sorts zeros and ones sorts all (Knuth)
        values = [bits >> place & 1 for place in range(10)]
        for one, other in sorting_network(10):
            values[one], values[other] = min(values[one], values[other]), max(values[one], values[other])
        assert values == sorted(values)


@pytest.mark.parametrize("after", [(13, 19), (51, 75), (7, 80), (1, 1)])
def test_means_over_areas_are_torchs(after: tuple[int, int]) -> None:
    pictures = torch.rand(2, 3, 51, 75)
    torch.testing.assert_close(area_means(pictures, after), F.interpolate(pictures, size=after, mode="area"))


@pytest.mark.parametrize(("dimension", "size", "step"), [(2, 6, 4), (-1, 5, 5), (3, 1, 1)])
def test_windows_are_torchs(dimension: int, size: int, step: int) -> None:
    pictures = torch.rand(2, 3, 14, 23)
    torch.testing.assert_close(unfold(pictures, dimension, size, step), pictures.unfold(dimension, size, step))


@pytest.fixture
def holes() -> Iterator[np.ndarray]:
    def drawn() -> Iterator[np.ndarray]:
        random = np.random.default_rng(7)
        yield np.zeros((90, 310), bool)
        yield np.ones((90, 310), bool)
        for _ in range(3):
            hole = np.zeros((90, 310), np.uint8)
            for _ in range(4):
                place = int(random.integers(310)), int(random.integers(90))
                cv2.circle(hole, place, int(random.integers(2, 40)), 1, -1)
            yield hole > 0

    return drawn()


def test_holes_are_filled_as_the_model_fills_them(holes) -> None:
    frame, graph = textured(90, 310, seed=8).astype(np.uint8), InpaintingGraph((90, 310))
    picture = torch.from_numpy(frame).permute(2, 0, 1)[None].float()
    for hole in holes:
        found = graph(picture, torch.from_numpy(hole)[None, None])[0].permute(1, 2, 0).numpy()
        np.testing.assert_allclose(found, inpaint(frame, hole), atol=1)


@pytest.mark.parametrize("side", [1, 3, 5, 9, 17, 31])
def test_holes_get_wider_as_in_opencv(side: int) -> None:
    marks = (np.random.default_rng(side).random((40, 90)) > 0.995).astype(np.uint8)
    wanted = cv2.dilate(marks, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    assert 0 < wanted.mean() < 1
    np.testing.assert_array_equal(dilate(torch.from_numpy(marks)[None, None], side)[0, 0].numpy(), wanted)
