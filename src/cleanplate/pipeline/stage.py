"""How every stage starts: configuration read and validated first, errors a user can mend in one line."""

import argparse
import logging
import os
import sys
from collections.abc import Callable

from cleanplate.config import Config, load
from cleanplate.errors import CleanplateError


def main(run: Callable[[Config], None]) -> None:
    """Runs a stage with params.yaml of the current folder; `key=value` arguments override it."""
    parser = _parser(run)
    options = parser.parse_args()
    _guarded(lambda: run(_configured(options.override)))


def main_per_run(run: Callable[[Config, str], None]) -> None:
    """Runs a stage for one training run, or, where none is named, for all of them in turn."""
    parser = _parser(run)
    parser.add_argument("--run", help="one of runs in params.yaml; all of them if left out")
    options = parser.parse_args()

    def work() -> None:
        config = _configured(options.override)
        if options.run is not None and options.run not in config.runs:
            raise CleanplateError(f"--run: {options.run!r} is not in runs; choose {', '.join(config.runs)}")
        for name in [options.run] if options.run else config.runs:
            run(config, name)

    _guarded(work)


def _parser(run: Callable[..., None]) -> argparse.ArgumentParser:
    summary = (sys.modules[run.__module__].__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("override", nargs="*", metavar="key=value", help="takes the place of a value of params.yaml")
    return parser


def _configured(overrides: list[str]) -> Config:
    sys.path.insert(0, os.getcwd())  # plugins may lie in the project's folder  # noqa: PTH109
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    config = load(overrides=overrides)
    _limit_threads(config.trainer.threads)
    return config


def _limit_threads(threads: int) -> None:
    import cv2
    import torch

    cv2.setNumThreads(threads)
    torch.set_num_threads(threads)


def _guarded(work: Callable[[], None]) -> None:
    try:
        work()
    except CleanplateError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
