"""Every case of every file of the golden set, on every edition of the kernels it goes through.

The loops of the reference edition take long on a whole model and on the largest sets of boxes; those runs
wait for ``--thorough``. The fast edition always runs everything.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from minimaskrcnn import kernels

from .golden import Case, GoldenSet, find_folder
from .runners import RUNNERS

for path in Path(__file__).parent.glob("runners_*.py"):  # each file enters its runners into the table
    import_module(f".{path.stem}", __package__)

GOLDEN = GoldenSet(find_folder())


def runs() -> list:
    """Each case with each edition that it is run on."""
    return [
        pytest.param(case, edition, id=f"{case.id}-{edition}", marks=marks(case, edition))
        for case in GOLDEN.cases
        for edition in editions(case)
    ]


def editions(case: Case) -> tuple[str, ...]:
    """Both editions for an op that goes through the kernels; an unknown op has one run, which fails."""
    return ("fast", "reference") if case.op in RUNNERS and RUNNERS[case.op].kernels else ("fast",)


def marks(case: Case, edition: str) -> list:
    """Whole models and NMS among a thousand boxes are too long for loops."""
    shapes = [tuple(shape) for shape, _ in case.entry.get("inputs", {}).values()]
    long = "seed" in case.meta or any(len(s) == 2 and s[1] == 4 and s[0] >= 1000 for s in shapes)
    return [pytest.mark.thorough] if long and edition == "reference" else []


@pytest.mark.parametrize(("case", "edition"), runs())
def test_case(case: Case, edition: str, record_property):
    assert case.op in RUNNERS, (
        f"{case.file}: no runner for op {case.op!r}; add one in tests/parity/runners_*.py"
    )
    with kernels.use(edition):
        got = RUNNERS[case.op].run(case)
    problems = case.differences(got)
    assert not problems, f"{case.file} {case.name} ({case.op}, {edition})\n  " + "\n  ".join(problems)
    record_property("parity", (case.file, case.name, edition))
