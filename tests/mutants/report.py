"""The test of the tests: plant each fault, run the operator suite, and say which of its layers noticed.

``python tests/mutants/report.py [NAME...]`` prints the table; exit code 1 if a fault went unnoticed.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from planted import FAULTS

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
LAYERS = ("parity", "adjoint", "gradient", "definition", "contract")


def failures(name, suite=""):
    """Ids of the tests that fail with a fault planted, in a process of their own."""
    command = [
        sys.executable, "-m", "pytest", "tests/properties", "-p", "planted", f"--kernels={name}", "-k", suite,
        "--hypothesis-profile=mutants", "-q", "-rf", "--tb=no", "--no-header", "-p", "no:cacheprovider",
    ]  # fmt: skip
    path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "200"}
    done = subprocess.run(command, cwd=REPO, env=environment, capture_output=True, text=True, timeout=900)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"pytest could not run with {name} planted:\n{done.stdout}\n{done.stderr}")
    return re.findall(r"^FAILED tests/properties/(\S+)", done.stdout, re.M)


def layer(test):
    """Which layer a test of the suite belongs to."""
    return next((name for name in LAYERS if re.search(rf"[-_]{name}(\]|$|\[)", test)), "definition")


def table(names) -> Iterator[tuple[str, list[str]]]:
    """(fault, tests that noticed), in order, two at a time."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from zip(names, pool.map(lambda name: failures(name, FAULTS[name].suite), names), strict=True)


def main(names):
    missed = 0
    print(f"{'fault':<38} {' '.join(f'{name:<10}' for name in LAYERS)} first noticed by", flush=True)
    for name, tests in table(names or list(FAULTS)):
        noticed = {layer(test) for test in tests}
        marks = " ".join(f"{'x' if name in noticed else '.':<10}" for name in LAYERS)
        first = tests[0].partition("::")[2] if tests else "NOBODY"
        print(f"{name:<38} {marks} {first}", flush=True)
        missed += not tests
    print(f"{len(names or FAULTS)} faults, {missed} unnoticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
