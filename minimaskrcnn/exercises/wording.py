"""Arguments and values in words, short enough for one line."""

from typing import Any

import numpy as np

MOST_NUMBERS = 16  # of an array that is written out


def in_words(value: Any) -> str:
    """A value with three decimals at most; a large array by its shape.

    >>> in_words(np.array([[0.0, 1.5], [1 / 3, 2]])), in_words(1 / 3), in_words(np.array([True, False]))
    ('[[0 1.5] [0.333 2]]', '0.333', '[1 0]')
    >>> in_words(np.zeros((9, 9))), in_words(("cat", 2))
    ('a map of 9 x 9', '(cat, 2)')
    """
    if isinstance(value, tuple):
        return f"({', '.join(map(in_words, value))})"
    if not isinstance(value, np.ndarray | np.generic | int | float | list):
        return str(value)
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or array.size > MOST_NUMBERS:
        return f"a map of {' x '.join(map(str, array.shape))}" if array.ndim else str(value)
    return _written_out(array)


def _written_out(array: np.ndarray) -> str:
    if array.ndim:
        return f"[{' '.join(map(_written_out, array))}]"
    number = float(array)
    return f"{number:.3f}".rstrip("0").rstrip(".").replace("-0", "0") if number == 0 else _decimals(number)


def _decimals(number: float) -> str:
    text = f"{number:.3f}" if np.isfinite(number) and abs(number) < 1e6 else f"{number:.3g}"
    text = text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
    return f"{number:.1e}" if text in ("0", "-0") else text
