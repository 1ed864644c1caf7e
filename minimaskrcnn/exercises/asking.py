"""What a notebook calls, for the name of any exercise: `check.NAME(answer)`, `hint.NAME()`, `task.NAME()`."""

import textwrap
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

from matplotlib.figure import Figure

from minimaskrcnn.errors import InputError
from minimaskrcnn.exercises.catalogue import exercise_names, find_exercise
from minimaskrcnn.exercises.exercise import Exercise
from minimaskrcnn.exercises.judging import judge
from minimaskrcnn.exercises.quiz import Quiz
from minimaskrcnn.exercises.result import Result

T = TypeVar("T")
_hints_given: Counter[str] = Counter()


class ByName(Generic[T]):
    """One function of an exercise, with the name of the exercise as an attribute: `check.nms`."""

    def __init__(self, function: Callable[..., T]):
        self._function = function
        self.__doc__ = function.__doc__

    def __getattr__(self, name: str) -> Callable[..., T]:
        try:
            exercise = find_exercise(name)
        except InputError as error:
            raise AttributeError(str(error)) from None
        return partial(self._function, exercise)

    def __dir__(self) -> list[str]:
        return exercise_names()


def _check(exercise: Exercise, answer: Any) -> Result:
    """Print whether the answer is right; in a notebook, draw the smallest case in which it is not."""
    result = judge(exercise, answer)
    print(result.message)
    if result.printed:
        print("Your function printed:", textwrap.indent(result.printed.rstrip(), "    "), sep="\n")
    return result


def _hint(exercise: Exercise) -> None:
    """Print one more hint each time; after the last one, the last one again."""
    count = len(exercise.hints)
    _hints_given[exercise.name] = number = min(_hints_given[exercise.name] + 1, count)
    print(textwrap.fill(f"Hint {number} of {count}: {exercise.hints[number - 1]}", 100))


def _evidence(exercise: Exercise) -> Figure:
    """The figure of all questions of a quiz."""
    if not isinstance(exercise, Quiz):
        raise InputError(
            f"exercises.evidence: {exercise.name} is no quiz; exercises.task tells what to write."
        )
    return exercise.evidence()


def _task(exercise: Exercise) -> None:
    """Print what to write."""
    print(textwrap.fill(exercise.task, 100))


check, hint, task, evidence = ByName(_check), ByName(_hint), ByName(_task), ByName(_evidence)
