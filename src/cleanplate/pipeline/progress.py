"""The progress bar of the stages; see `cleanplate.report.progress`."""

from cleanplate.report.progress import Advance, progress_bar

__all__ = ["Advance", "progress_bar"]
