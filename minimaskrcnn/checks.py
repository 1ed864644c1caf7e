"""What public functions ask of single values: a flag, a whole number, a number in a range, a size.

Each check returns the value as a plain Python number, or raises an `InputError` that names the function, the
argument, what came and what was expected. Arrays are checked in `detection.checks` and `ops.checks`.
"""

import math
import operator
from typing import Any

import numpy as np

from minimaskrcnn.errors import InputError

LARGEST = float(np.finfo(np.float32).max)
"""A number must fit into float32, the precision that everything is computed in."""

MOST_CELLS = 2**24
"""A map, a window or a padding has at most this many cells along one side."""

MOST_PIXELS = 2**30
"""A picture or a mask has at most this many pixels."""


def describe(x: Any) -> str:
    """What came, short enough for a sentence: "a float64 array (3, 4)", "a float32 Tensor (2,)", "int 7"."""
    if not isinstance(x, np.generic) and hasattr(x, "dtype") and hasattr(x, "shape"):
        kind = "array" if isinstance(x, np.ndarray) else type(x).__name__
        article = "an" if str(x.dtype)[0] in "io" else "a"
        return f"{article} {x.dtype} {kind} {x.shape}"
    text = repr(x)
    return f"{type(x).__name__} {text[:60]}{'...' if len(text) > 60 else ''}"


def check_flag(where: str, value: Any, name: str) -> bool:
    """A bool; 0 and 1 count as such.

    Examples
    --------
    >>> check_flag("sum", "yes", "keepdims")
    Traceback (most recent call last):
    minimaskrcnn.errors.InputError: sum: keepdims must be True or False; got str 'yes'.
    """
    if isinstance(value, bool | np.bool_) or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    raise InputError(f"{where}: {name} must be True or False; got {describe(value)}.")


def as_index(value: Any) -> int:
    """``operator.index``, which takes True; NumPy's own bool is refused, as in later versions of NumPy."""
    if isinstance(value, np.bool_):
        raise TypeError("a NumPy bool is no index")
    return int(operator.index(value))


def check_whole(where: str, value: Any, name: str, least: int | None = None, most: int | None = None) -> int:
    """A whole number of any integer type, from `least` to `most`.

    Examples
    --------
    >>> check_whole("Loader", 0, "batch_size", least=1)
    Traceback (most recent call last):
    minimaskrcnn.errors.InputError: Loader: batch_size must be a whole number from 1 on; got int 0.
    """
    try:
        number = as_index(value)
    except TypeError:
        number = None
    if (
        number is None
        or number < (number if least is None else least)
        or number > (number if most is None else most)
    ):
        raise InputError(
            f"{where}: {name} must be a whole number{_range(least, most)}; got {describe(value)}."
        )
    return number


def check_number(
    where: str,
    value: Any,
    name: str,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
) -> float:
    """A finite number from `least` (or beyond `above`) to `most`, small enough for float32.

    Examples
    --------
    >>> check_number("nms", float("nan"), "iou_threshold")
    Traceback (most recent call last):
    minimaskrcnn.errors.InputError: nms: iou_threshold must be a finite number; got float nan.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    number = float(value) if _is_real(value) else math.nan
    low = -LARGEST if least is None else least
    high = LARGEST if most is None else most
    if not low <= number <= high or (above is not None and not number > above):
        limits = _range(least, most) if above is None else f" > {above:g}{_range(None, most)}"
        raise InputError(f"{where}: {name} must be a finite number{limits}; got {describe(value)}.")
    return number


def check_pair_of_sides(where: str, size: Any, name: str = "size", least: int = 1) -> tuple[int, int]:
    """A size (height, width) in whole pixels or cells."""
    if isinstance(size, np.ndarray):
        size = size.tolist()
    if not isinstance(size, tuple | list) or len(size) != 2:
        raise InputError(f"{where}: {name} must be (height, width); got {describe(size)}.")
    height, width = (check_whole(where, side, f"each side of {name}", least, MOST_CELLS) for side in size)
    if height * width > MOST_PIXELS:
        raise InputError(f"{where}: {name} is {height} x {width}; expected at most {MOST_PIXELS:,} pixels.")
    return height, width


def check_choice(where: str, value: Any, name: str, choices: tuple[str, ...]) -> str:
    """One of a few words."""
    if not isinstance(value, str) or value not in choices:
        words = [repr(word) for word in choices]
        raise InputError(
            f"{where}: {name} must be {', '.join(words[:-1])} or {words[-1]}; got {value!r:.60}."
        )
    return value


def _is_real(value: Any) -> bool:
    """A Python or NumPy number that float() does not overflow on."""
    if isinstance(value, int):
        return abs(value) < 2**1000
    return isinstance(value, float | np.integer | np.floating)


def _range(least: float | None, most: float | None) -> str:
    """The limits as words: " from 1 on", " from 0 to 1"."""
    if least is None and most is None:
        return ""
    low, high = (limit if isinstance(limit, int | None) else f"{limit:g}" for limit in (least, most))
    if most is None:
        return f" from {low} on"
    return f" of at most {high}" if least is None else f" from {low} to {high}"
