"""What runs in WebAssembly: the recorded cases on every edition, and the answers, saved in `answers.npz`."""

import json
import math
from importlib import import_module
from pathlib import Path

import numpy as np

from minimaskrcnn import kernels
from tests.parity import golden
from tests.parity.runners import RUNNERS
from tests.pyodide.answers import answers

EDITIONS = kernels.available()
MOST_WEIGHTS = {"fast": 1_000_000, "plain": 1_000_000, "reference": 0}
HERE = Path(golden.__file__).parent


def recorded_cases() -> dict[str, int]:
    """How many cases of tests/golden pass on each edition, but for those of large models."""
    for path in HERE.glob("runners_*.py"):
        import_module(f"tests.parity.{path.stem}")
    passed = dict.fromkeys(EDITIONS, 0)
    for case in golden.GoldenSet(HERE.parent / "golden").cases:
        weights = sum(math.prod(shape) for _, shape in case.meta.get("names_shapes", []))
        for edition in EDITIONS:
            if weights <= MOST_WEIGHTS[edition]:
                with kernels.use(edition):
                    problems = case.differences(RUNNERS[case.op].run(case))
                assert not problems, f"{case.id} on {edition}: {problems}"
                passed[edition] += 1
    return passed


if __name__ == "__main__":
    Path("passed.json").write_text(json.dumps(recorded_cases()))
    np.savez("answers.npz", **answers())
