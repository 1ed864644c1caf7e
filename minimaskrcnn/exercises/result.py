"""What a check found: a plain object that a notebook draws, and that nbgrader or otter can assert on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from matplotlib.figure import Figure

from minimaskrcnn.exercises.exercise import Case
from minimaskrcnn.viz import show

PASSED, WRONG, BLANK = "passed", "wrong", "blank"


@dataclass(frozen=True)
class Counterexample:
    """The smallest case in which an answer is wrong.

    Attributes
    ----------
    case : the arguments
    expected : what the right answer returns
    got : what the answer returned; None if it returned nothing that can be compared
    fault : what is wrong with it, as the end of a sentence
    """

    case: Case
    expected: Any
    got: Any
    fault: str


@dataclass(frozen=True, repr=False)
class Result:
    """What a check found. It is true if the answer is right: `assert exercises.check.nms(my_nms)`.

    Attributes
    ----------
    exercise : its name
    status : "passed", "wrong" or "blank" (still to be written)
    message : one line
    cases : how many were tried; the last one is the counterexample, if there is one
    counterexample : Counterexample or None
    printed : what the answer itself printed for the counterexample
    """

    exercise: str
    status: str
    message: str
    cases: int = 0
    counterexample: Counterexample | None = None
    printed: str = ""
    drawing: Callable[[], Figure] | None = field(default=None, compare=False)

    @property
    def passed(self) -> bool:
        """Whether the answer is right in every case."""
        return self.status == PASSED

    @property
    def score(self) -> float:
        """1 if it passed, else 0."""
        return float(self.passed)

    def __bool__(self) -> bool:
        return self.passed

    def figure(self) -> Figure | None:
        """The counterexample, expected beside got; None if there is none."""
        return self.drawing() if self.drawing else None

    def as_dict(self) -> dict[str, Any]:
        """What can be written as JSON."""
        return {
            "exercise": self.exercise,
            "status": self.status,
            "passed": self.passed,
            "score": self.score,
            "message": self.message,
            "cases": self.cases,
        }

    def __repr__(self) -> str:
        return f"<{self.exercise}: {self.status}>"

    def _repr_html_(self) -> str | None:
        """The figure, for a notebook; the message was printed by the check."""
        figure = self.figure()
        return show(figure)._repr_html_() if figure else None

    def _repr_png_(self) -> bytes | None:
        """The same, for a viewer that shows no HTML."""
        figure = self.figure()
        return show(figure)._repr_png_() if figure else None
