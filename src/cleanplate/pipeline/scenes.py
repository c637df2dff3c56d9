"""The scenes of a run, as `prepare` left them."""

from typing import Any

from cleanplate.config import Config
from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.flow import FlowFile
from cleanplate.data.sequence import FrameSequence
from cleanplate.pipeline import layout


def opened(config: Config, entry: dict[str, Any]) -> FrameSequence:
    """The sequence of an entry of a run's plan; with its optical flow where the plan has any.

    The plan bears the flow's digest: what depends on the plan depends on the flow, and where there is none, nothing
    does.
    """
    scene = entry["scene"]
    sequence = read_cdnet(layout.SEQUENCES / scene, scene, config.data.on_corrupt)
    if "flow" in entry:
        sequence.flow = FlowFile(layout.scene_flow(scene))
    return sequence
