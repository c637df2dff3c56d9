"""Provenance of a result: code, data, versions and hardware."""

import hashlib
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
import yaml


def provenance(project: Path = Path()) -> dict[str, Any]:
    """What a run's configuration does not say.

    Args:
        project: the folder that holds `dvc.lock`, in or below a git checkout.

    Returns:
        `git_sha`, `git_dirty` and `dvc_lock` (SHA-256 of the file), each `None` where there is no git or no lock; the
        versions of `cleanplate`, `torch` and `lightning`; `hardware`, the accelerators' or the processor's name.
    """
    lock = project / "dvc.lock"
    changes = _git(project, "status", "--porcelain", "--untracked-files=no")
    return {
        "git_sha": _git(project, "rev-parse", "HEAD") or None,
        "git_dirty": None if changes is None else bool(changes),
        "dvc_lock": sha256(lock) if lock.is_file() else None,
        "cleanplate": _version("cleanplate"),
        "torch": _version("torch"),
        "lightning": _version("pytorch-lightning"),
        "hardware": hardware(),
    }


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def dvc_digests(project: Path, below: str) -> dict[str, str]:
    """Digests of pipeline outputs as `dvc.lock` holds them.

    Args:
        project: the folder with `dvc.lock`.
        below: a path prefix, such as `data/sequences`.

    Returns:
        MD5 by path; empty without a readable lock.
    """
    try:
        lock = yaml.safe_load((project / "dvc.lock").read_text())
        stages = lock["stages"].values()
        outs = [out for stage in stages for out in stage.get("outs", [])]
        return {out["path"]: out["md5"] for out in outs if out["path"].startswith(below) and "md5" in out}
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError):
        return {}


def hardware() -> str:
    """The accelerators' names and number, else the processor's; never the host's name."""
    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
        return ", ".join(f"{names.count(name)} × {name}" for name in sorted(set(names)))
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _git(project: Path, *arguments: str) -> str | None:
    """What git says, or `None` where there is no git, no checkout or no commit."""
    try:
        done = subprocess.run(
            ["git", "-C", str(project), *arguments], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
