"""A small scene with predictions: a square that wanders over a gradient, and a method that is two columns late."""

from pathlib import Path

import numpy as np

from cleanplate.data.io.images import write_image

HEIGHT, WIDTH, FRAMES = 37, 51, 24


def write_sequence(folder: Path, truth: bool = True) -> None:
    plate = ground()
    for number in range(1, FRAMES + 1):
        frame, moving = plate.copy(), square(number)
        frame[moving] = (40, 90, 230)
        write_image(folder / f"input/in{number:06d}.png", frame)
        if truth:
            labels = np.where(moving, 255, 0).astype(np.uint8)
            labels[:2] = 85
            write_image(folder / f"groundtruth/gt{number:06d}.png", labels)
    if truth:
        (folder / "temporalROI.txt").write_text(f"5 {FRAMES}\n")


def write_predictions(folder: Path) -> None:
    write_image(folder / "background/bg000001.png", ground())
    for number in range(1, FRAMES + 1):
        write_image(folder / f"bin{number:06d}.png", np.where(square(number, 2), 255, 0).astype(np.uint8))


def ground() -> np.ndarray:
    ramp = np.linspace(60, 180, WIDTH).astype(np.uint8)
    return np.repeat(np.repeat(ramp[None, :, None], HEIGHT, 0), 3, 2)


def square(number: int, late: int = 0) -> np.ndarray:
    found = np.zeros((HEIGHT, WIDTH), bool)
    if number > 6:  # nobody is there at first
        left = number + late
        found[10:22, left : left + 10] = True
    return found
