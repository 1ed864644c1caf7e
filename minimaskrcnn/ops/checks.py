"""What the ops ask of their arguments. A message names the op, what came, what was expected, and the fix.

Flags and single numbers are checked by `minimaskrcnn.checks`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minimaskrcnn.autograd import Tensor
from minimaskrcnn.checks import MOST_CELLS, as_index, describe
from minimaskrcnn.errors import InputError


def check_tensor(op: str, x: Any, name: str = "x") -> None:
    """Refuse what is not a Tensor."""
    if not isinstance(x, Tensor):
        raise InputError(f"{op}: {name} must be a Tensor; got {describe(x)}. Wrap it: Tensor({name}).")


def check_feature_map(op: str, x: Any, name: str = "x") -> None:
    """A Tensor (N, C, H, W)."""
    check_tensor(op, x, name)
    if x.ndim != 4:
        fix = f"Add a batch axis: {name}[None]" if x.ndim == 3 else "Give it four axes"
        raise InputError(f"{op}: {name} must be (N, C, H, W); got {x.shape}. {fix}.")


def check_vector(op: str, x: Any, length: int, name: str, per: str) -> None:
    """A Tensor or an array of floats (length,), one value for each `per`."""
    if not isinstance(x, Tensor | np.ndarray) or x.shape != (length,) or x.dtype.kind != "f":
        raise InputError(f"{op}: {name} must be ({length},), one value for each {per}; got {describe(x)}.")


def check_array(op: str, x: Any, name: str) -> None:
    """A plain array, not a Tensor: no gradient flows into it."""
    if isinstance(x, Tensor):
        raise InputError(f"{op}: {name} must be a plain array, no gradient flows into it. Pass {name}.data.")
    if not isinstance(x, np.ndarray):
        raise InputError(f"{op}: {name} must be an array; got {describe(x)}.")


def check_same_dtype(op: str, x: Tensor, **others: Any) -> None:
    """Arrays that enter the arithmetic as constants have x's dtype, as Tensors must."""
    for name, other in others.items():
        if other is not None and other.dtype != x.dtype:
            raise InputError(
                f"{op}: x is {x.dtype} and {name} is {other.dtype}; they do not mix. "
                f"Convert one: {name}.astype(np.{x.dtype})."
            )


def check_broadcast(op: str, *shapes: tuple[int, ...]) -> None:
    """Refuse shapes that do not broadcast."""
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        text = " and ".join(map(str, shapes))
        raise InputError(
            f"{op}: shapes {text} do not broadcast: from the right, sides must be equal or one of them 1."
        ) from None


def check_axis(op: str, axis: Any, ndim: int, name: str = "axis") -> int:
    """The axis as an int in [0, ndim)."""
    try:
        index = as_index(axis)
    except TypeError:
        raise InputError(f"{op}: {name} must be an int; got {describe(axis)}.") from None
    if not -ndim <= index < ndim:
        raise InputError(f"{op}: {name}={index} is out of range for {ndim} axes. Use {-ndim} to {ndim - 1}.")
    return index % ndim


def pair(op: str, value: Any, name: str, least: int) -> tuple[int, int]:
    """An int for both directions, or a pair (y, x), each at least `least`."""
    values = value if isinstance(value, tuple | list) else (value, value)
    try:
        y, x = (as_index(v) for v in values)
    except (TypeError, ValueError):
        raise InputError(
            f"{op}: {name} must be an int or a pair (y, x) of ints; got {describe(value)}."
        ) from None
    if min(y, x) < least:
        raise InputError(f"{op}: {name} must be at least {least}; got {describe(value)}.")
    if max(y, x) > MOST_CELLS:
        raise InputError(f"{op}: {name} must be at most {MOST_CELLS:,} cells; got {describe(value)}.")
    return y, x
