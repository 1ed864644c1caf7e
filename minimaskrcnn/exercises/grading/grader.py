"""Grade notebooks: which exercises each should hold, and what became of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from minimaskrcnn.errors import InputError
from minimaskrcnn.exercises.catalogue import NOTEBOOKS, exercise_names
from minimaskrcnn.exercises.grading import supervising
from minimaskrcnn.exercises.grading.slicing import needed, read_code_cells, statements

SECONDS = 20.0


@dataclass(frozen=True)
class Mark:
    """What became of one exercise.

    Attributes
    ----------
    exercise : its name
    status : "passed", "wrong", "blank", "missing" (no my_NAME is defined), "stopped" (too slow, or crashed)
    message : one line
    """

    exercise: str
    status: str
    message: str

    @property
    def score(self) -> float:
        """1 if it passed, else 0."""
        return float(self.status == "passed")


@dataclass(frozen=True)
class Grade:
    """What became of one notebook.

    Attributes
    ----------
    notebook : the path as it was given
    marks : one for each exercise that the notebook should hold
    problem : why it could not be graded, or what was left out; else None
    """

    notebook: str
    marks: tuple[Mark, ...]
    problem: str | None = None

    @property
    def score(self) -> float:
        """How many exercises passed."""
        return sum(mark.score for mark in self.marks)


def grade(path: str | Path, seconds: float = SECONDS) -> Grade:
    """Grade one filled notebook; never raises because of what is in it.

    The notebook's own code is executed, in a separate process but with your rights.

    Parameters
    ----------
    path : the `.ipynb`
    seconds : of computing, for each statement and each check
    """
    try:
        found, broken = statements(read_code_cells(Path(path)))
    except InputError as error:
        return Grade(str(path), (), str(error))
    defined = {name for statement in found for name in statement.binds}
    exercises = expected(Path(path).stem, defined)
    if not exercises:
        return Grade(str(path), (), "There is no exercise of the course in it.")
    code = needed(found, [f"my_{name}" for name in exercises])
    marks = tuple(Mark(**finding) for finding in supervising.run(code, exercises, seconds))
    cells = ", ".join(map(str, broken))
    return Grade(str(path), marks, f"Code cell {cells} is not valid Python." if broken else None)


def expected(stem: str, defined: Iterable[str]) -> list[str]:
    """The exercises of the notebook with that name; if it has been renamed, of those that are answered.

    >>> expected("06_nms-alice", [])[0], expected("homework", ["my_iou"])[0]
    ('nms', 'iou')
    """
    named = [notebook for notebook in NOTEBOOKS if notebook in stem]
    if named:
        return list(NOTEBOOKS[max(named, key=len)])
    answered = {name for name in exercise_names() if f"my_{name}" in set(defined)}
    return [name for names in NOTEBOOKS.values() if answered.intersection(names) for name in names]
