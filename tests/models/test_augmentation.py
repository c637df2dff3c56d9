"""Labelled pictures drawn anew: labels follow the picture, the unknown stays unknown, a draw follows from its seed."""

import os
import sys
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from cleanplate.errors import ModelError
from cleanplate.models.components import augmentation
from cleanplate.models.components.augmentation import Augmentation, AugmentationOptions, pasted
from in_memory import textured

STRONG = AugmentationOptions(cropped=0.3, turned=25.0, light=0.5, rough=0.5)
STILL = AugmentationOptions(cropped=1.0, turned=0.0, light=0.0, rough=0.0, pasted=0.0)


def discs(seed: int, height: int = 90, width: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """A picture that shows its labels: 30 is background, 120 unknown, 220 moving."""
    random = np.random.default_rng(seed)
    labels = np.zeros((height, width), np.uint8)
    for value in (255, 170, 255, 170, 255):
        cv2.circle(labels, (int(random.integers(width)), int(random.integers(height))), 18, value, -1)
    shown = np.select([labels == 255, labels == 170], [220, 120], 30).astype(np.uint8)
    return np.repeat(shown[..., None], 3, axis=2), labels


def generators(count: int = 12) -> Iterator[np.random.Generator]:
    return (np.random.default_rng((7, draw)) for draw in range(count))


def test_the_labels_follow_the_picture() -> None:
    draws = Augmentation(64, STRONG)
    views = []
    for draw, random in enumerate(generators(30)):
        picture, labels = draws.moved(*discs(draw), random)
        assert (picture.shape, picture.dtype) == ((64, 64, 3), np.uint8)
        assert (labels.shape, labels.dtype) == ((64, 64), np.uint8)
        assert set(np.unique(labels)) <= {0, 170, 255}
        shown, outside = picture[..., 0], picture[..., 0] == 0
        around = np.ones((5, 5), np.uint8)  # where two colours meet, they mix
        inner = (cv2.dilate(labels, around) == cv2.erode(labels, around)) & (cv2.erode(shown, around) > 0)
        expected = np.select([labels == 255, labels == 170], [220, 120], 30)
        wrong = inner & (np.abs(shown.astype(int) - expected) > 3)
        assert wrong.mean() < 0.002  # a sliver may be lost among the labels that the picture still bears
        assert (labels[outside] == 170).all()  # what comes in from outside the picture is not known
        views.append(labels)
    assert any((view == 255).any() for view in views)
    assert any((view == 170).any() for view in views)


def test_what_is_unknown_stays_unknown() -> None:
    draws = Augmentation(48, STRONG)
    for random in generators():
        _, labels = draws.moved(textured(70, 60).astype(np.uint8), np.full((70, 60), 170, np.uint8), random)
        assert (labels == 170).all()


def test_a_picture_turned_round_shows_its_outside_as_unknown() -> None:
    draws = Augmentation(64, AugmentationOptions(cropped=1.0, turned=45.0))
    white, moving = np.full((80, 80, 3), 255, np.uint8), np.full((80, 80), 255, np.uint8)
    corners = []
    for random in generators(20):
        picture, labels = draws.moved(white, moving, random)
        assert ((picture[..., 0] == 0) <= (labels == 170)).all()
        assert ((labels == 255) <= (picture[..., 0] > 0)).all()
        corners.append(labels[0, 0] == 170)
    assert 0 < sum(corners) < len(corners)


def test_a_draw_follows_from_its_generator_alone() -> None:
    picture, labels = textured(80, 100).astype(np.uint8), discs(3, 80, 100)[1]

    def drawn(draws: Augmentation, number: int) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng((1, number))
        moved, marks = draws.moved(picture, labels, random)
        return draws.seen(moved, random), marks

    one, other = Augmentation(48, STRONG), Augmentation(48, STRONG)
    expected = [drawn(one, number) for number in range(10)]
    np.random.seed(5)  # the generator that libraries share must not matter
    for number in (7, 3, 3, 0, 9):  # in whatever order
        for found, wanted in zip(drawn(other, number), expected[number], strict=True):
            np.testing.assert_array_equal(found, wanted)
    assert len({pictures.tobytes() for pictures, _ in expected}) == len(expected)


def test_light_changes_the_picture_and_moves_nothing() -> None:
    draws = Augmentation(64, AugmentationOptions(light=0.5, rough=0.0))
    picture, labels = discs(5)
    changed = 0
    for random in generators():
        seen = draws.seen(picture, random)
        assert (seen.shape, seen.dtype) == (picture.shape, np.uint8)
        for value in (0, 170, 255):  # an area of one colour remains one
            assert np.ptp(seen[labels == value].astype(int), axis=0).max() <= 2
        changed += not np.array_equal(seen, picture)
    assert changed >= 8


def test_roughness_spoils_the_picture_as_often_as_asked_for() -> None:
    picture = textured(60, 60).astype(np.uint8)
    for rough, low, high in ((1.0, 40, 40), (0.2, 5, 35)):
        draws = Augmentation(60, AugmentationOptions(light=0.0, rough=rough))
        spoilt = sum(not np.array_equal(draws.seen(picture, random), picture) for random in generators(40))
        assert low <= spoilt <= high


def test_without_strength_only_size_and_side_change() -> None:
    draws = Augmentation(90, STILL)
    picture = textured(90, 90).astype(np.uint8)
    labels = discs(1, 90, 90)[1]
    for random in generators():
        np.testing.assert_array_equal(draws.seen(picture, random), picture)
        moved, marks = draws.moved(picture, labels, random)
        assert moved.shape == (90, 90, 3)
        # The window is at most the picture, and may be stretched a little.
        assert any(np.mean(side == labels) > 0.75 for side in (marks, marks[:, ::-1]))


def test_people_are_pasted_with_their_labels_and_nothing_else() -> None:
    picture, other = np.full((40, 50, 3), 10, np.uint8), np.full((40, 50, 3), 200, np.uint8)
    labels, other_labels = np.zeros((40, 50), np.uint8), np.zeros((40, 50), np.uint8)
    labels[:, :10] = 170
    labels[30:, 40:] = 255
    other_labels[10:30, 5:25] = 255
    other_labels[10:30, 25:30] = 170
    mixed, marks = pasted(picture, labels, other, other_labels)
    people = other_labels == 255
    np.testing.assert_array_equal(marks, np.where(people, 255, labels))
    assert (mixed[~people] == 10).all()
    assert (mixed[11:29, 6:24] == 200).all()
    assert 10 < mixed[10, 15, 0] < 200  # a soft outline


def test_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "albumentations", None)
    with pytest.raises(ModelError, match=r"albumentations is not installed; pip install 'cleanplate\[labels\]'"):
        Augmentation(32, STRONG)


def test_it_never_looks_for_a_newer_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_ALBUMENTATIONS_UPDATE", raising=False)
    augmentation._albumentations()
    assert os.environ["NO_ALBUMENTATIONS_UPDATE"] == "1"
