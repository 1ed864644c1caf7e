"""The solutions of the notebooks pass in both precisions, and their blanks are blanks."""

from pathlib import Path

import numpy as np
import pytest

from minimaskrcnn.exercises import NOTEBOOKS, exercise_names, find_exercise
from minimaskrcnn.exercises.grading.slicing import needed, statements
from minimaskrcnn.exercises.judging import judge
from minimaskrcnn.notebooks import read_cells, solutions, student

SOURCES = Path(__file__).resolve().parents[2] / "notebooks" / "src"


def answer_of(name, edition):
    """The answer of an exercise in one edition of its notebook, and the text of all code cells."""
    notebook = next(notebook for notebook, names in NOTEBOOKS.items() if name in names)
    (source,) = SOURCES.glob(f"[0-9][0-9]_{notebook}.py")
    cells = [cell.text for cell in edition(read_cells(source)) if cell.kind == "code"]
    found, broken = statements(cells)
    assert not broken
    namespace = {"__name__": "__main__"}
    for statement in needed(found, [f"my_{name}"]):
        exec(statement.source, namespace)
    return namespace[f"my_{name}"], "\n".join(cells)


@pytest.mark.parametrize("name", exercise_names())
def test_the_solution_passes_in_either_precision(name):
    answer, text = answer_of(name, solutions)
    assert f"exercises.check.{name}(my_{name})" in text
    for dtype in (np.float64, np.float32):
        result = judge(find_exercise(name), answer, dtype)
        assert result, result.message


@pytest.mark.parametrize("name", exercise_names())
def test_the_students_edition_holds_a_blank(name):
    answer, _ = answer_of(name, student)
    assert judge(find_exercise(name), answer).status == "blank"
