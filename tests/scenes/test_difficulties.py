"""Each category has the difficulty that it is named for."""

from functools import cache

import numpy as np

from cleanplate.scenes import RenderedFrame, SceneSpec, render


@cache
def frames(category: str, length: int = 12, video: str = "small") -> tuple[RenderedFrame, ...]:
    return tuple(render(SceneSpec(category, video, height=64, width=96, frames=length)))


def plates(category: str) -> np.ndarray:
    return np.stack([frame.background for frame in frames(category)]).astype(np.int16)


def truths(category: str, length: int = 12) -> np.ndarray:
    return np.stack([frame.groundtruth for frame in frames(category, length)])


def shift(first: np.ndarray, second: np.ndarray) -> tuple[int, int]:
    """Whole-pixel displacement between two pictures, by the peak of their correlation."""
    a, b = (p.mean(axis=2) - p.mean() for p in (first.astype(float), second.astype(float)))
    peak = np.fft.ifft2(np.fft.fft2(a) * np.conj(np.fft.fft2(b))).real.argmax()
    dy, dx = np.unravel_index(peak, a.shape)
    return (int(dy) + a.shape[0] // 2) % a.shape[0] - a.shape[0] // 2, (int(dx) + a.shape[1] // 2) % a.shape[
        1
    ] - a.shape[1] // 2


def test_baseline_background_stands_still() -> None:
    assert (np.ptp(plates("baseline"), axis=0) == 0).all()


def test_baseline_objects_move() -> None:
    truth = truths("baseline") == 255
    assert (truth.any(axis=0) & ~truth.all(axis=0)).sum() > 50


def test_dynamic_background_moves_by_many_levels() -> None:
    swing = np.ptp(plates("dynamicBackground"), axis=0).max(axis=2)
    assert (swing > 10).mean() > 0.15
    values = [len(np.unique(plates("dynamicBackground")[:, y, x, 1])) for y, x in np.argwhere(swing > 10)]
    assert np.mean(values) > 5


def test_jitter_moves_the_background_as_a_whole() -> None:
    still = plates("cameraJitter")
    assert len({shift(still[0], plate) for plate in still}) >= 3


def test_intermittent_objects_stop_leave_and_stay() -> None:
    truth = truths("intermittentObjectMotion", 40) == 255
    # Someone is at the same place for a quarter of the frames, and not there in others.
    longest = np.zeros(truth.shape[1:], int)
    run = np.zeros(truth.shape[1:], int)
    for frame in truth:
        run = (run + 1) * frame
        longest = np.maximum(longest, run)
    assert ((longest >= 10) & (longest < 40)).sum() > 60
    assert (truth[:10].all(axis=0) & ~truth[-1]).any(), "nobody is there from the first frame and leaves"
    assert (truth[-10:].all(axis=0) & ~truth[0]).any(), "nothing is left behind"


def test_shadow_has_large_shadows_that_darken() -> None:
    seen = frames("shadow")
    shade = np.stack([frame.groundtruth == 50 for frame in seen])
    assert shade.sum() > 0.15 * sum((frame.groundtruth == 255).sum() for frame in seen)
    ratio = [frame.image[mask].mean() / frame.background[mask].mean() for frame, mask in zip(seen, shade, strict=True)]
    assert max(ratio) < 0.75


def test_thermal_is_grey_and_people_are_warm() -> None:
    for frame in frames("thermal"):
        for picture in (frame.image, frame.background):
            assert np.array_equal(picture[..., 0], picture[..., 1])
            assert np.array_equal(picture[..., 0], picture[..., 2])
        body = frame.groundtruth == 255
        if body.any():
            assert frame.image[body].mean() > frame.background[body].mean() + 30


def test_bad_weather_falls_in_front_of_the_clean_plate() -> None:
    for video in ("small", "rain"):
        frame = frames("badWeather", video=video)[0]
        error = np.abs(frame.image.astype(int) - frame.background).max(axis=2)[frame.groundtruth == 0]
        assert 0.002 < (error > 14).mean() < 0.5


def test_low_framerate_jumps() -> None:
    def overlap(category: str) -> float:
        truth = truths(category) == 255
        both, either = (truth[1:] & truth[:-1]).sum(), (truth[1:] | truth[:-1]).sum()
        return float(both / either)

    assert overlap("lowFramerate") < 0.3 < overlap("baseline")


def test_night_is_dark_noisy_and_has_glare() -> None:
    seen = frames("nightVideos", 60)
    assert np.mean([frame.background.mean() for frame in seen]) < 60
    lit = [
        ((frame.image.astype(int) - frame.background).min(axis=2) > 25)[frame.groundtruth != 255].sum()
        for frame in seen
    ]
    assert max(lit) > 10


def test_ptz_changes_the_whole_background() -> None:
    seen = [frame.background.astype(int) for frame in frames("PTZ")]
    assert np.abs(seen[0] - seen[6]).mean() > 10


def test_turbulence_bends_but_stays() -> None:
    still = plates("turbulence")
    assert (np.ptp(still, axis=0).max(axis=2) > 6).mean() > 0.2
    assert np.abs(still[0] - still[6]).mean() < 12


def test_illumination_changes_the_mean_level() -> None:
    for video in ("small", "hall"):
        levels = [frame.background.mean() for frame in frames("illumination", video=video)]
        assert max(levels) - min(levels) > 15
