"""Time of the palm detector for one camera frame, by each engine: `python -m benchmarks.palms [ROUNDS]`.

Needs its weights: `cleanplate download palm`. Medians over interleaved rounds, one thread, 640×480.
"""

import sys
from statistics import median
from time import perf_counter

import cv2
import numpy as np

from cleanplate.acquire.palm_model import palm_model_path, palm_model_unmet
from cleanplate.camera.capture.palm_detector import by_opencv, by_openvino, letterboxed


def main(rounds: int) -> None:
    """Prints milliseconds a frame."""
    if unmet := palm_model_unmet():
        sys.exit(unmet)
    cv2.setNumThreads(1)
    frame = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
    engines = {"OpenVINO": by_openvino(palm_model_path()), "OpenCV": by_opencv(palm_model_path())}
    times: dict[str, list[float]] = {name: [] for name, network in engines.items() if network}
    for _ in range(rounds):
        for name, taken in times.items():
            start = perf_counter()
            engines[name](letterboxed(frame))  # type: ignore[misc]
            taken.append(1000 * (perf_counter() - start))
    for name, taken in times.items():
        print(f"{name}: {median(taken):.1f} ms a frame")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
