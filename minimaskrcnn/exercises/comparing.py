"""Compare what an answer returned with what is right; the difference is the end of a sentence.

    fault(np.array([0, 2]), np.array([0]))    # "should return [0], and returns [0 2]"

Floats are compared to the five digits that float32 keeps after some arithmetic, because an answer that works
in float32 is right too.
"""

from typing import Any

import numpy as np

from minimaskrcnn.checks import describe
from minimaskrcnn.exercises.wording import in_words

RELATIVE, ABSOLUTE = 1e-5, 1e-6


def fault(got: Any, expected: Any) -> str | None:
    """What is wrong with `got`, or None.

    >>> fault([0.5], np.array([0.5]))
    >>> fault(np.array([0.5, np.nan]), np.array([0.5, 1.0]))
    'returns NaN, the result of 0 / 0 or of another operation without a value'
    """
    if got is None:
        return "returns None; is a return missing?"
    if isinstance(expected, tuple):
        return _fault_of_tuple(got, expected)
    if isinstance(expected, str):
        return None if got == expected else f"should return {expected!r}, and returns {describe(got)}"
    return _fault_of_array(got, np.asarray(expected))


def _fault_of_tuple(got: Any, expected: tuple[Any, ...]) -> str | None:
    if not isinstance(got, tuple | list) or len(got) != len(expected):
        return f"should return {len(expected)} values, and returns {describe(got)}"
    parts = (fault(mine, right) for mine, right in zip(got, expected, strict=True))
    count = len(expected)
    return next((f"{part} (value {place} of {count})" for place, part in enumerate(parts, 1) if part), None)


def _fault_of_array(got: Any, expected: np.ndarray) -> str | None:
    wanted = f"an array {expected.shape}" if expected.ndim else "one number"
    try:
        mine = np.asarray(got)
    except ValueError:
        return f"should return {wanted}, and returns rows of different lengths"
    if mine.dtype.kind not in "biuf":
        return f"should return {wanted}, and returns {describe(got)}"
    if expected.dtype.kind in "iu" and mine.size:
        if mine.dtype.kind == "b":
            return "should return indices, and returns True and False; np.flatnonzero gives the indices"
        if mine.dtype.kind == "f":
            return f"should return whole numbers, and returns {mine.dtype}"
    if mine.shape != expected.shape and not (expected.dtype.kind in "iu" and mine.ndim == expected.ndim == 1):
        return f"should return {wanted}, and returns {describe(got)}"
    if expected.dtype.kind == "f" and np.isnan(mine[~np.isnan(expected)]).any():
        return "returns NaN, the result of 0 / 0 or of another operation without a value"
    if mine.shape == expected.shape and np.allclose(mine, expected, RELATIVE, ABSOLUTE, equal_nan=True):
        return None
    return _difference(mine, expected)


def _difference(mine: np.ndarray, expected: np.ndarray) -> str:
    """Both values if they are short, else the first place in which they differ."""
    if expected.size <= 16:
        return f"should return {in_words(expected)}, and returns {in_words(mine)}"
    place = tuple(int(i) for i in np.argwhere(~np.isclose(mine, expected, RELATIVE, ABSOLUTE))[0])
    at = ", ".join(map(str, place))
    return f"should return {in_words(expected[place])} at [{at}], and returns {in_words(mine[place])}"


def note(got: Any, case: tuple[Any, ...]) -> str:
    """A remark about the precision of a right answer: it should be that of the arguments."""
    given = {str(a.dtype) for a in case if isinstance(a, np.ndarray) and a.dtype.kind == "f"}
    if (
        isinstance(got, np.ndarray)
        and got.dtype.kind == "f"
        and len(given) == 1
        and str(got.dtype) not in given
    ):
        return f" Note that it returns {got.dtype} for {given.pop()} arguments."
    return ""
