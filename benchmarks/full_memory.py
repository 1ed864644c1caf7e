"""Peak memory of one prediction of 800x1066, with each side in its own process.

    python -m benchmarks.full_memory ours|torchvision MODEL

prints two numbers of bytes: the memory that is resident once the model is built, and the peak during the
prediction. This works only on Linux, where the kernel keeps the peak of each process in /proc.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.full_sides import MODEL, OURS, picture
from benchmarks.memory import Peak, resident

SIZE = (800, 1066)
FORGET_PEAK = "5"  # see proc(5), clear_refs


def peak(side: str, model: str = MODEL) -> Peak:
    """Return the baseline and peak of one side, "ours" or "torchvision", in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.full_memory", side, model]
    return Peak(*json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def main(side: str, name: str) -> None:
    """Predict once and print the two numbers."""
    if side == OURS:
        from benchmarks.full_ours import Ours as Model
    else:
        from benchmarks.full_theirs import Theirs as Model
    image, model = picture(*SIZE), Model(name)
    Path("/proc/self/clear_refs").write_text(FORGET_PEAK)
    before = resident()
    model.predict(image)
    print(json.dumps([before.baseline, resident().peak]))


if __name__ == "__main__":
    main(*sys.argv[1:])
