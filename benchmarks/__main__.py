"""Runs every benchmark in turn, each in a process of its own: `python -m benchmarks`.

`peers` is left out: other people's methods need an environment of their own, see there.
"""

import subprocess
import sys
from pathlib import Path

_ELSEWHERE = {"peers"}

if __name__ == "__main__":
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if not path.stem.startswith("__") and path.stem not in _ELSEWHERE:
            print(f"\n== {path.stem} ==", flush=True)
            subprocess.run([sys.executable, "-m", f"benchmarks.{path.stem}"], check=False)
