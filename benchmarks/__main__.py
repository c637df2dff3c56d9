"""Runs every benchmark in turn, each in a process of its own: `python -m benchmarks`."""

import subprocess
import sys
from pathlib import Path

if __name__ == "__main__":
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if not path.stem.startswith("__"):
            print(f"\n== {path.stem} ==", flush=True)
            subprocess.run([sys.executable, "-m", f"benchmarks.{path.stem}"], check=False)
