"""Peak memory of a training step of our model and of the twin, each in a fresh process.

    python -m benchmarks.memory SIDE SETUP      # one side; used by `peaks`

Both read weights and pictures from one file, so that the process of the twin contains none of our code. The
memory over the baseline is the peak minus what was resident before the first step (program, weights,
pictures). This works only on Linux, where the kernel keeps the peak of each process in /proc.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

STATUS = Path("/proc/self/status")
STEPS = 3  # the first step allocates the state of the optimiser


class Peak(NamedTuple):
    """Bytes that were resident before the first step, and the highest number that ever was."""

    baseline: int
    peak: int


def resident() -> Peak:
    """Return the memory that this process uses now, and its peak so far.

    `resource.getrusage` would not do, because the ru_maxrss of a child starts at the size of its parent.
    """
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines() if ":" in line)
    now, most = (int(lines[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return Peak(now, most)


def peaks(sides: tuple[str, ...]) -> dict[str, Peak]:
    """Return the baseline and peak of each side, "ours" and "torchvision"."""
    with tempfile.TemporaryDirectory() as folder:
        setup = Path(folder) / "setup.npz"
        _write_setup(setup)
        return {side: _in_a_fresh_process(side, setup) for side in sides}


def _in_a_fresh_process(side: str, setup: Path) -> Peak:
    command = [sys.executable, "-m", "benchmarks.memory", side, str(setup)]
    return Peak(*json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def _write_setup(path: Path) -> None:
    from benchmarks import small_model

    model = small_model.load()
    images, targets = small_model.batch()
    arrays: dict[str, Any] = {f"state/{name}": array for name, array in model.state_dict().items()}
    for i, (image, target) in enumerate(zip(images, targets, strict=True)):
        arrays |= {f"image/{i}": image}
        arrays |= {f"{name}/{i}": getattr(target, name) for name in ("boxes", "labels", "masks")}
    np.savez(
        path,
        config=json.dumps(model.config, default=asdict),
        clip_norm=small_model.RECIPE.clip_norm,
        **arrays,
    )


def _read_setup(path: Path) -> SimpleNamespace:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    state = {name.removeprefix("state/"): a for name, a in arrays.items() if name.startswith("state/")}
    count = sum(name.startswith("image/") for name in arrays)
    targets = [{name: arrays[f"{name}/{i}"] for name in ("boxes", "labels", "masks")} for i in range(count)]
    return SimpleNamespace(
        config=json.loads(str(arrays["config"])),
        clip_norm=float(arrays["clip_norm"]),
        state=state,
        images=[arrays[f"image/{i}"] for i in range(count)],
        targets=targets,
    )


def _our_step(setup: SimpleNamespace) -> Any:
    from benchmarks import small_model
    from minimaskrcnn.detection.structures import Target
    from minimaskrcnn.models import build

    model = build(setup.config)
    model.load_state_dict(setup.state)
    targets = [Target(**target) for target in setup.targets]
    return small_model.training_step(model.train(), setup.images, targets)


def _twin_step(setup: SimpleNamespace) -> Any:
    from benchmarks import twin

    targets = [SimpleNamespace(**target) for target in setup.targets]
    model = twin.load_twin(SimpleNamespace(**setup.config), setup.state)
    return twin.training_step(model, setup.images, targets, setup.clip_norm)


def main(side: str, setup: str) -> None:
    """Run the steps of one side and print [baseline, peak] in bytes."""
    step = {"ours": _our_step, "torchvision": _twin_step}[side](_read_setup(Path(setup)))
    before = resident()
    for _ in range(STEPS):
        step()
    print(json.dumps([before.baseline, resident().peak]))


if __name__ == "__main__":
    main(*sys.argv[1:])
