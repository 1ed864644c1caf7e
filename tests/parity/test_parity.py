"""Every case of every file of the golden set, on every edition of the kernels it goes through.

The fast edition always runs everything. Whole models on the plain edition wait for ``--thorough``, and the
small one on the loops of the reference, which take a minute on it; a ResNet-50 in loops takes far longer.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path

import pytest

from minimaskrcnn import kernels

from .golden import Case, GoldenSet, find_folder
from .runners import RUNNERS

for path in Path(__file__).parent.glob("runners_*.py"):  # each file enters its runners into the table
    import_module(f".{path.stem}", __package__)

NO_KERNELS = "any"  # the edition of an op that does not go through the kernels
LOOPS_LIMIT = 5_000_000  # weights of a model beyond which loops take hours; ask with --kernels=reference
GOLDEN = GoldenSet(find_folder())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each case, on each edition that it is run on."""
    asked = metafunc.config.getoption("kernels")
    runs = [
        pytest.param(case, edition, id=f"{case.id}-{edition}", marks=marks(case, edition))
        for case in GOLDEN.cases
        for edition in editions(case, asked)
    ]
    metafunc.parametrize(("case", "edition"), runs)


def editions(case: Case, asked: str | None) -> tuple[str, ...]:
    """For an op that goes through the kernels the edition asked for, or all; any other op runs once."""
    if case.op not in RUNNERS or not RUNNERS[case.op].kernels:
        return (NO_KERNELS,)
    if asked:
        return (asked,)
    return ("fast", "plain") if weights(case) > LOOPS_LIMIT else ("fast", "plain", "reference")


def weights(case: Case) -> int:
    """How many weights the model of this case has; 0 for a case of an op."""
    return sum(math.prod(shape) for _, shape in case.meta.get("names_shapes", []))


def marks(case: Case, edition: str) -> list[pytest.MarkDecorator]:
    """What ``--kernels`` runs (ops), and what waits for ``--thorough`` (whole models, but fast)."""
    if "seed" in case.meta:
        return [pytest.mark.thorough] if edition not in (NO_KERNELS, "fast") else []
    return [pytest.mark.operators] if edition != NO_KERNELS else []


def test_case(case: Case, edition: str, record_property):
    assert case.op in RUNNERS, (
        f"{case.file}: no runner for op {case.op!r}; add one in tests/parity/runners_*.py"
    )
    with nullcontext() if edition == NO_KERNELS else kernels.use(edition):
        got = RUNNERS[case.op].run(case)
    problems = case.differences(got)
    assert not problems, f"{case.file} {case.name} ({case.op}, {edition})\n  " + "\n  ".join(problems)
    record_property("parity", (case.file, case.name, edition))
