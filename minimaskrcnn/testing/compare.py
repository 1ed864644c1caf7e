"""Are two arrays the same answer? Shape, dtype, NaNs and integers exactly; floats to a tolerance."""

from __future__ import annotations

import numpy as np

from minimaskrcnn.testing.case import Result

TOLERANCE = {np.dtype(np.float32): 2e-5, np.dtype(np.float64): 1e-11}
"""Allowed difference, relative to the largest value: sums in another order differ in their last digits."""


def difference(a: np.ndarray, b: np.ndarray) -> str | None:
    """What tells a from b, as half a sentence; None if they agree.

    >>> difference(np.array([1, 2]), np.array([1, 3]))
    'at [1]: 2 and 3'
    """
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return f"{a.dtype} {a.shape} and {b.dtype} {b.shape}"
    if not a.size:
        return None
    off = _distance(a, b)
    if off.max() <= TOLERANCE.get(a.dtype, 0) * _largest(b):
        return None
    worst = tuple(int(i) for i in np.unravel_index(off.argmax(), off.shape))
    return f"at {list(worst)}: {a[worst]:.9g} and {b[worst]:.9g}"


def results_differ(got: Result, expected: Result) -> str | None:
    """The first output or gradient that differs, and how; None if none does."""
    for kind, ours, theirs in (
        ("output", got.outputs, expected.outputs),
        ("gradient", got.grads, expected.grads),
    ):
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            if text := difference(a, b):
                return f"{kind} {i} {text}"
    return None


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """|a - b|; 0 where both are the same NaN or infinity, infinite where only one is."""
    with np.errstate(invalid="ignore"):
        off = np.abs(a.astype(np.float64) - b.astype(np.float64))
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(same, 0, np.nan_to_num(off, nan=np.inf, posinf=np.inf))


def _largest(b: np.ndarray) -> float:
    """The largest finite |b|, at least 1."""
    return float(np.abs(b.astype(np.float64)).max(initial=1, where=np.isfinite(b)))
