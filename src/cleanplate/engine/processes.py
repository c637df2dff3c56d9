"""Which of several processes this is, before any trainer exists to ask."""

import os

from pytorch_lightning.utilities import rank_zero_only


def is_first_process() -> bool:
    """Whether this is global rank 0, under Lightning, torchrun or SLURM; Lightning's own answer ignores nodes."""
    node = os.environ.get("NODE_RANK") or os.environ.get("GROUP_RANK") or "0"
    return getattr(rank_zero_only, "rank", 0) == 0 and node == "0"
