"""What runs in WebAssembly: the recorded cases on every edition, and the answers, which go into `answers.npz`."""

import json
from importlib import import_module
from pathlib import Path

import numpy as np

from minimaskrcnn import kernels
from tests.parity import golden
from tests.parity.runners import RUNNERS
from tests.pyodide.answers import answers

EDITIONS = kernels.available()
HERE = Path(golden.__file__).parent


def recorded_cases() -> dict[str, int]:
    """How many cases of tests/golden pass on each edition; loops over whole models take too long here."""
    for path in HERE.glob("runners_*.py"):
        import_module(f"tests.parity.{path.stem}")
    passed = dict.fromkeys(EDITIONS, 0)
    for case in golden.GoldenSet(HERE.parent / "golden").cases:
        for edition in EDITIONS:
            if edition == "reference" and "seed" in case.meta:
                continue
            with kernels.use(edition):
                problems = case.differences(RUNNERS[case.op].run(case))
            assert not problems, f"{case.id} on {edition}: {problems}"
            passed[edition] += 1
    return passed


if __name__ == "__main__":
    Path("passed.json").write_text(json.dumps(recorded_cases()))
    np.savez("answers.npz", **answers())
