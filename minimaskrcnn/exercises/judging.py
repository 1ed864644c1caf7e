"""Judge an answer: call it for every case of the world until it differs from the reference."""

import io
import traceback
import warnings
from contextlib import redirect_stdout
from typing import Any, NamedTuple

import numpy as np

from minimaskrcnn import kernels
from minimaskrcnn.exercises import drawing
from minimaskrcnn.exercises.comparing import note
from minimaskrcnn.exercises.exercise import Answer, Case, Exercise
from minimaskrcnn.exercises.result import BLANK, PASSED, WRONG, Counterexample, Result


class Trial(NamedTuple):
    """One call of an answer: what it returned, what it printed, and what went wrong, if anything did."""

    value: Any
    printed: str
    fault: str | None


def judge(exercise: Exercise, answer: Any, dtype: Any = np.float64) -> Result:
    """Compare an answer with the reference in every case, smallest first.

    Parameters
    ----------
    exercise : Exercise
    answer : the student's function; None or ... is a blank
    dtype : precision of all arguments that are arrays of floats

    Returns
    -------
    Result
        It never raises because of the answer, except KeyboardInterrupt.
    """
    answer = exercise.as_function(answer)
    if is_blank(exercise, answer):
        message = f"{exercise.name}: still to be written. exercises.hint.{exercise.name}() gives a hint."
        return Result(exercise.name, BLANK, message)
    if not callable(answer):
        return _wrong(
            exercise, f"is not a function but {type(answer).__name__}; write check(f), not check(f(...))"
        )
    with kernels.use("fast"):  # whatever is plugged in, the reference is the package's own
        return _judge_every_case(exercise, answer, dtype)


def _judge_every_case(exercise: Exercise, answer: Answer, dtype: Any) -> Result:
    remark, tried = "", 0
    for tried, case in enumerate(exercise.world(), start=1):
        arguments = tuple(in_precision(argument, dtype) for argument in case)
        expected = exercise.reference(*copies(arguments))
        trial = attempt(answer, arguments, exercise.parameters)
        wrong = trial.fault or exercise.fault(trial.value, expected)
        if wrong:
            found = Counterexample(arguments, expected, None if trial.fault else trial.value, wrong)
            return _wrong(exercise, wrong, tried, found, trial.printed)
        remark = remark or note(trial.value, arguments)
    message = f"{exercise.name}: right, in all {tried:,} cases.{remark}"
    return Result(exercise.name, PASSED, message, tried)


def attempt(answer: Answer, case: Case, parameters: tuple[str, ...]) -> Trial:
    """Call an answer on copies of the arguments; catch what it prints, raises and changes."""
    given, printed = copies(case), io.StringIO()
    value, wrong = None, None
    with redirect_stdout(printed), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = answer(*given)
        except Exception as error:  # a student may raise anything
            wrong = f"raises {type(error).__name__}{_place(error)}{_message(error)}"
        except SystemExit:
            wrong = "calls sys.exit"
    for name, before, after in zip(parameters, case, given, strict=True):
        if wrong is None and isinstance(before, np.ndarray) and not _equal(before, after):
            wrong = f"changes its argument {name}; work on a copy, {name}.copy()"
    return Trial(value, printed.getvalue(), wrong)


def is_blank(exercise: Exercise, answer: Any) -> bool:
    """Whether nothing was written yet: it is None or ..., returns one of them, or computes with a `...`."""
    if not callable(answer):
        return answer is None or answer is ...
    return _untouched(attempt(answer, next(iter(exercise.world())), exercise.parameters))


def in_precision(argument: Any, dtype: Any) -> Any:
    """`argument` in another precision, if it is an array of floats."""
    if isinstance(argument, np.ndarray) and argument.dtype.kind == "f":
        return argument.astype(dtype)
    return argument


def copies(case: Case) -> Case:
    """The arguments with every array copied."""
    return tuple(argument.copy() if isinstance(argument, np.ndarray) else argument for argument in case)


def _equal(before: np.ndarray, after: np.ndarray) -> bool:
    return before.shape == after.shape and np.array_equal(before, after)


def _place(error: BaseException) -> str:
    """Where the answer failed: the last line that is not the package's or a library's."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    frames = [frame for frame in frames if frame.name.isidentifier()]  # no comprehensions
    own = [
        frame
        for frame in frames
        if "site-packages" not in frame.filename and __package__ not in frame.filename
    ]
    return f" in line {own[-1].lineno} of {own[-1].name}" if own else ""


def _message(error: BaseException) -> str:
    words = " ".join(str(error).split())[:120]
    return f": {words}" if words else ""


def _untouched(trial: Trial) -> bool:
    nothing = trial.fault is None and (trial.value is None or trial.value is ...)
    return nothing or "ellipsis" in (trial.fault or "")


def _wrong(
    exercise: Exercise, wrong: str, cases: int = 0, found: Counterexample | None = None, printed: str = ""
) -> Result:
    where = exercise.sentence(found.case, wrong) if found else f"your answer {wrong}"
    message = f"{exercise.name}: not yet; {where}."
    draw = (lambda: drawing.draw_counterexample(exercise, found)) if found else None
    return Result(exercise.name, WRONG, message, cases, found, printed, draw)
