"""A ratchet: the places where a function returns NumPy's `Any`, package by package, never become more.

`mypy` itself (pyproject.toml) is strict but for `warn_return_any`. Whoever mends a place lowers its number.
"""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("mypy", reason="needs the `dev` extra")

REPO = Path(__file__).resolve().parents[1]
# Arithmetic on an array whose dtype is not fixed is `Any` to NumPy's own types.
MOST = {
    "autograd": 7, "cli": 2, "data": 11, "detection": 17, "evaluation": 7, "exercises": 54, "inspection": 5,
    "io": 1, "kernels": 20, "models": 4, "ops": 37, "testing": 2, "training": 3, "viz": 8, "weights": 1,
}  # fmt: skip


@pytest.mark.thorough
def test_no_package_returns_any_in_more_places_than_before():
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--warn-return-any"],
        capture_output=True,
        text=True,
        cwd=REPO,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert all(line.endswith("[no-any-return]") for line in lines)
    counts = Counter(re.match(r"minimaskrcnn/(\w+)", line)[1] for line in lines)
    assert {part: count for part, count in counts.items() if count > MOST.get(part, 0)} == {}
    assert {part: most for part, most in MOST.items() if counts[part] < most} == {}, "lower the number"
