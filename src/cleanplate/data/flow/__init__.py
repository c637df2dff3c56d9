"""Optical flow: estimation, files and images."""

from cleanplate.data.flow.estimation import Flow, FlowSettings, FlowTracker, flow_size, optical_flow, resized_flow
from cleanplate.data.flow.files import FlowFile, colour_wheel, motion_mask, read_flo, write_flo, write_flow_file

__all__ = [
    "Flow",
    "FlowFile",
    "FlowSettings",
    "FlowTracker",
    "colour_wheel",
    "flow_size",
    "motion_mask",
    "optical_flow",
    "read_flo",
    "resized_flow",
    "write_flo",
    "write_flow_file",
]
