"""Checks of the environment for `cleanplate doctor`: versions, one build of OpenCV, the accelerator."""

import sys
from dataclasses import dataclass
from importlib import metadata

# All of these bring a `cv2` and overwrite each other's files; which one works depends on the order of installing.
_OPENCV_BUILDS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
_OPTIONAL = {
    "dvc": "pipeline",
    "hydra-core": "pipeline",
    "wandb": "tracking",
    "av": "video",
    "onnx": "export",
    "onnxruntime": "export",
    "openvino": "export",
}


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report."""

    well: bool
    what: str


def examine() -> list[Finding]:
    """Returns a finding for Python, each library, cv2 and the accelerator."""
    python = ".".join(map(str, sys.version_info[:3]))
    findings = [Finding(sys.version_info >= (3, 11), f"Python {python} (3.11 or newer is needed)"), one_cv2()]
    for name in ("torch", "pytorch-lightning", "torchmetrics", "numpy"):
        version = _version(name)
        findings.append(Finding(version is not None, f"{name} {version or 'is missing: pip install cleanplate'}"))
    for name, extra in _OPTIONAL.items():
        version = _version(name)
        findings.append(Finding(True, f"{name} {version or f'not installed (optional: cleanplate[{extra}])'}"))
    findings.append(_accelerator())
    return findings


def one_cv2() -> Finding:
    """Returns whether exactly one build of OpenCV is installed, and can be imported."""
    builds = [f"{name} {version}" for name in _OPENCV_BUILDS if (version := _version(name))]
    if not builds:
        return Finding(False, "no cv2: pip install opencv-python")
    if len(builds) > 1:
        names = " ".join(build.split()[0] for build in builds)
        return Finding(
            False,
            f"{len(builds)} builds of cv2 overwrite each other ({', '.join(builds)}): "
            f"pip uninstall -y {names} && pip install opencv-python",
        )
    try:
        import cv2
    except ImportError as error:
        return Finding(False, f"{builds[0]} does not import ({error}): it needs the system's libGL, glib and xcb")
    return Finding(True, f"one cv2: {builds[0]}, OpenCV {cv2.__version__}")


def _accelerator() -> Finding:
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a library of CUDA is missing
        return Finding(True, f"accelerator unknown without torch ({error})")
    if not torch.cuda.is_available():
        return Finding(True, f"no CUDA: training runs on the CPU ({torch.get_num_threads()} threads)")
    name = torch.cuda.get_device_name(0)
    precision = "bf16" if torch.cuda.is_bf16_supported() else "32-bit"
    return Finding(True, f"CUDA: {torch.cuda.device_count()} × {name}, training in {precision}")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
