"""Optical flow: estimated, kept, exchanged, shown."""

from cleanplate.data.flow.estimation import Flow, FlowSettings, FlowTracker, flow_size, optical_flow, resized_flow
from cleanplate.data.flow.files import FlowFile, flows, write_flow_file
from cleanplate.data.flow.middlebury import read_flo, write_flo
from cleanplate.data.flow.pictures import colour_wheel, motion_mask

__all__ = [
    "Flow",
    "FlowFile",
    "FlowSettings",
    "FlowTracker",
    "colour_wheel",
    "flow_size",
    "flows",
    "motion_mask",
    "optical_flow",
    "read_flo",
    "resized_flow",
    "write_flo",
    "write_flow_file",
]
