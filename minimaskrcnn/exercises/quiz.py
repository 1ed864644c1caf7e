"""A quiz: an exercise whose answer is a choice for each question, not a function.

    my_four_logs = {"A": "RPN frozen", "B": ..., "C": ..., "D": ...}

What a wrong choice would look like is drawn beside what the question shows. The right choice is not told.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.viz.style import headline, panels


@dataclass(frozen=True, kw_only=True)
class Quiz(Exercise):
    """An exercise whose world is its questions.

    Attributes
    ----------
    choices : what may be chosen
    """

    choices: tuple[str, ...]
    titles: ClassVar[tuple[str, str]] = ("The question", "Your choice")

    def as_function(self, answer: Any) -> Any:
        """The choices by question; a list holds them in the order of the questions."""
        if isinstance(answer, list | tuple):
            answer = dict(zip((question for (question,) in self.world()), answer, strict=False))
        if callable(answer):
            return answer
        return partial(_choice, answer if isinstance(answer, Mapping) else {})

    def fault(self, got: Any, expected: Any) -> str | None:
        """What is wrong with one choice; never what is right."""
        if got is None or got is ...:
            return "it is still to be answered"
        if not isinstance(got, str) or got not in self.choices:
            return f"{got!r} is none of the choices: {', '.join(self.choices)}"
        return None if got == expected else f"{got!r} is not right"

    def sentence(self, case: Case, wrong: str) -> str:
        """Which question is meant."""
        return f"{case[0]}: {wrong}"

    def draw_expected(self, ax: Axes, expected: Any, case: Case) -> str:
        """What the question shows."""
        return self.draw(ax, None, *case)

    def evidence(self) -> Figure:
        """All questions, side by side."""
        questions = [question for (question,) in self.world()]
        columns = min(len(questions), 3)
        figure, axes = panels(-(-len(questions) // columns), columns, *self.panel)
        for ax, question in zip(axes, questions, strict=False):
            headline(ax, str(question), self.draw(ax, None, question))
        for ax in axes[len(questions) :]:
            ax.remove()
        return figure


def quiz(
    name: str,
    task: str,
    key: Mapping[str, str],
    choices: tuple[str, ...],
    draw: Callable[[Axes, str | None, str], str],
    hints: tuple[str, str, str],
    misread: Mapping[str, tuple[str, str]],
    panel: tuple[float, float] = (3.1, 3.1),
) -> Quiz:
    """Make a quiz.

    Parameters
    ----------
    key : the right choice for each question
    draw : draws a question, and with a choice what that choice would have shown; returns a few words
    misread : wrong answers, by what is wrong with them: a question and what is chosen for it
    """

    def reference(question: str) -> str:
        return key[question]

    wrong = {mistake: dict(key) | {question: chosen} for mistake, (question, chosen) in misread.items()}
    return Quiz(
        name=name,
        task=task,
        reference=reference,
        world=lambda: [(question,) for question in key],
        draw=draw,
        hints=hints,
        wrong=wrong,
        choices=choices,
        panel=panel,
    )


def _choice(answer: Mapping[str, Any], question: str) -> Any:
    return answer.get(question)
