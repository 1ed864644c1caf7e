"""Is backward the transpose of forward? For a linear map that is all there is to prove, to the last digits.

If f(x) = A x + c, backward must compute A^T v; so for any x and v

    <f(x) - f(0), v>  =  <x, A^T v>

Two dot products of the same numbers: no step size, no truncation error, only rounding. Convolution, the
mean poolings, RoIAlign, resizing and every op that moves elements are linear in their features.
"""

from __future__ import annotations

import numpy as np

from minimaskrcnn.testing.case import Case, Op, run

RTOL = 1e-12
"""Allowed difference of the two products, relative to the sum of |v| and |A^T v| where that exceeds 1."""


def assert_adjoint(fn: Op, case: Case, wrt: int = 0) -> None:
    """Check backward against forward for an op that is linear in one input, a constant aside.

    Parameters
    ----------
    fn : the op
    case : float64 inputs
    wrt : which tensor of the case; the others are held

    Raises
    ------
    AssertionError
        With both dot products, and the element of the gradient that is furthest off.

    Examples
    --------
    >>> from minimaskrcnn import ops
    >>> assert_adjoint(lambda x: ops.sum(x, axis=0), Case(np.arange(6.0).reshape(2, 3)))
    >>> assert_adjoint(ops.exp, Case(np.array([1.0, 2.0])))
    Traceback (most recent call last):
    AssertionError: assert_adjoint: input 0: <A x, v> = ...
    """
    rng = np.random.default_rng(11)
    claimed = run(fn, case)
    x = rng.standard_normal(case.tensors[wrt].shape)  # not the x of the backward pass: it must not matter
    product = _inner(_linear_part(fn, case, wrt, x), claimed.cotangents)
    transposed = _inner([x], [claimed.grads[wrt]])
    scale = sum(float(np.abs(y).sum()) for y in claimed.cotangents) + float(np.abs(claimed.grads[wrt]).sum())
    if not abs(product - transposed) <= RTOL * max(1.0, scale):
        raise AssertionError(
            f"assert_adjoint: input {wrt}: <A x, v> = {product:.15g} but <x, A^T v> = {transposed:.15g}: "
            f"backward is not the transpose of forward. {_worst(fn, case, wrt, claimed.grads[wrt])}"
        )


def _linear_part(fn: Op, case: Case, wrt: int, x: np.ndarray) -> list[np.ndarray]:
    """f(x) - f(0): A x, for each output."""
    outputs = [_forward(fn, case, wrt, value) for value in (x, np.zeros_like(x))]
    return [y - y0 for y, y0 in zip(*outputs, strict=True)]


def _forward(fn: Op, case: Case, wrt: int, value: np.ndarray) -> list[np.ndarray]:
    tensors = [value if i == wrt else t for i, t in enumerate(case.tensors)]
    return run(fn, Case(*tensors, **case.arguments)).outputs


def _inner(a: list[np.ndarray], b: list[np.ndarray]) -> float:
    return sum(float((x * y).sum()) for x, y in zip(a, b, strict=True))


def _worst(fn: Op, case: Case, wrt: int, grad: np.ndarray) -> str:
    """Column by column, (A^T v)_i = <A e_i, v>: where the claimed gradient is furthest from that."""
    cotangents = run(fn, case).cotangents
    true = np.empty(grad.shape)
    for index in np.ndindex(grad.shape):
        unit = np.zeros(grad.shape)
        unit[index] = 1
        true[index] = _inner(_linear_part(fn, case, wrt, unit), cotangents)
    worst = tuple(int(i) for i in np.unravel_index(np.abs(grad - true).argmax(), grad.shape))
    return f"At {list(worst)} it gives {grad[worst]:.9g}; the transpose gives {true[worst]:.9g}."
