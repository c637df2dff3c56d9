"""How fast and how well per-pixel mixtures are fitted, beside scikit-learn: `python -m benchmarks.gmm`.

scikit-learn fits one pixel at a time, so it is timed on random pixels and its time for the whole picture is
extrapolated from them. Threads: ours takes `--threads`, scikit-learn what the environment allows.
"""

import argparse
import time
import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from cleanplate.models.statistical.gmm.gaussian_mixture import fit_mixtures

HEIGHT, WIDTH, FRAMES = 240, 320, 200


def generated_frames(seed: int = 0) -> NDArray[np.uint8]:
    """A noisy plate, a third of it waving between two colours, crossed by blocks; `[FRAMES, HEIGHT, WIDTH, 3]`."""
    random = np.random.default_rng(seed)
    plate = random.uniform(40, 200, (HEIGHT // 8, WIDTH // 8, 3)).repeat(8, 0).repeat(8, 1).astype(np.float32)
    wave = np.zeros((HEIGHT, WIDTH, 1), np.float32)
    wave[: HEIGHT // 3] = 40.0
    frames = np.empty((FRAMES, HEIGHT, WIDTH, 3), np.uint8)
    for index in range(FRAMES):
        frame = plate + wave * (random.random((HEIGHT, WIDTH, 1), dtype=np.float32) < 0.3)
        frame += random.normal(0, 2) + 3 * random.standard_normal(frame.shape, dtype=np.float32)
        for _ in range(4):
            top, left = random.integers(0, HEIGHT - 40), random.integers(0, WIDTH - 60)
            frame[top : top + 40, left : left + 60] = random.uniform(0, 255, 3)
        frames[index] = frame.clip(0, 255)
    return frames


def main() -> None:
    """Prints seconds, their ratio, and how often both find the same likelihood."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--covariance", choices=("full", "diagonal"), default="full")
    parser.add_argument("--pixels", type=int, default=300, help="random pixels that scikit-learn fits")
    parser.add_argument("--reg-covar", type=float, default=4.0, help="variance floor of both, squared grey levels")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    samples = generated_frames(arguments.seed).reshape(FRAMES, -1, 3)
    pixels = samples.shape[1]
    start = time.perf_counter()
    mixture = fit_mixtures(
        torch.from_numpy(samples),
        covariance=arguments.covariance,
        reg_covar=arguments.reg_covar,
        device=arguments.device,
        chunk=512 if arguments.device == "cpu" else 16384,
    )
    ours = time.perf_counter() - start
    print(
        f"cleanplate    {ours:7.2f} s for {WIDTH}×{HEIGHT}×{FRAMES}, {arguments.device}, {arguments.threads} thread(s)"
    )
    steps, converged = mixture.iterations.float().mean(), mixture.converged.float().mean()
    print(f"              {steps:.1f} EM steps per pixel, {converged:.2%} converged")

    chosen = np.random.default_rng(arguments.seed).choice(pixels, arguments.pixels, replace=False)
    data = [samples[:, pixel].astype(np.float64) for pixel in chosen]
    kind = "full" if arguments.covariance == "full" else "diag"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pixels that do not converge; they are counted below
        start = time.perf_counter()
        references = [reference_mixture(colours, kind, arguments.reg_covar, seed=0) for colours in data]
        sampled = time.perf_counter() - start
        again = [reference_mixture(colours, kind, arguments.reg_covar, seed=1) for colours in data]
    theirs = sampled * pixels / arguments.pixels
    print(f"scikit-learn  {sampled:7.2f} s for {arguments.pixels} random pixels, extrapolated to all: {theirs:.0f} s")
    print(f"ratio         {theirs / ours:7.1f} (against the extrapolated time)")

    scores = np.array([model.score(colours) for model, colours in zip(references, data, strict=True)])
    others = np.array([model.score(colours) for model, colours in zip(again, data, strict=True)])
    settled = np.array([model.converged_ for model in references])
    both = settled & mixture.converged.numpy()[chosen]
    print(
        f"likelihood    {both.sum()} of {len(chosen)} pixels converged in both; of these, within 1 % of scikit-learn:"
    )
    print(f"              cleanplate {agreement(mixture.log_likelihood.numpy()[chosen][both], scores[both])}")
    both = settled & np.array([model.converged_ for model in again])
    print(f"              scikit-learn with another random start {agreement(others[both], scores[both])}")


def reference_mixture(colours: NDArray[np.float64], kind: str, reg_covar: float, seed: int) -> GaussianMixture:
    """scikit-learn's mixture of one pixel's `[N, 3]` colours."""
    return GaussianMixture(2, covariance_type=kind, reg_covar=reg_covar, random_state=seed).fit(colours)


def agreement(found: NDArray[np.floating], reference: NDArray[np.floating]) -> str:
    """Share of pixels whose mean log-likelihoods agree, and which way the others lie."""
    difference = (found - reference) / np.abs(reference)
    shares = (np.abs(difference) <= 0.01).mean(), (difference > 0.01).mean(), (difference < -0.01).mean()
    return "{:.1%}; higher {:.1%}, lower {:.1%}".format(*shares)


if __name__ == "__main__":
    main()
