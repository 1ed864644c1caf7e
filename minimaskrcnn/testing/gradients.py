"""Is the backward pass the derivative of the forward pass? Compare it with finite differences, in float64.

For L(x) = sum(v * f(x)) with a random v, backward claims dL/dx. The claim is tested along single elements of
x, or along random directions d where x is large:

    <dL/dx, d>  =  (L(x + h d) - L(x - h d)) / 2h + O(h^2)

A random v, because sums of outputs hide errors (the input gradient of a batch norm sums to zero). The slopes
to the left and to the right are compared as well: where they differ however small h is, f has a kink, and
the central difference proves nothing (for relu at 0 it is 0.5).

>>> from minimaskrcnn import ops
>>> gradcheck(ops.tanh, [np.array([0.3, -1.2])])
>>> gradcheck(ops.relu, [np.array([1.0, 0.0])])
Traceback (most recent call last):
minimaskrcnn.testing.gradients.NonSmoothPoint: gradcheck: input 0 (2,) at [1]: ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minimaskrcnn.autograd import Tensor, no_grad
from minimaskrcnn.errors import InputError

NOISE = 1e-6
"""Differences between slopes below this are rounding, not kinks."""


class GradientError(AssertionError):
    """The backward pass is not the derivative of the forward pass, or the op changed what it was given."""


class NonSmoothPoint(Exception):  # noqa: N818 (it says where the test stands, not that the op is wrong)
    """The function has a kink or a jump here, so that no derivative can be compared. Move the input."""


def gradcheck(
    fn: Callable[..., Tensor | tuple[Tensor, ...]],
    inputs: Sequence[np.ndarray],
    *,
    rng: np.random.Generator | None = None,
    step: float = 1e-5,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    max_elements: int = 256,
    directions: int = 8,
) -> None:
    """Check the gradient of every input of `fn`.

    Parameters
    ----------
    fn : takes one Tensor for each input, returns a Tensor or a tuple of them; other arguments are bound
        before, ``lambda x, w: ops.conv2d(x, w, padding=1)``
    inputs : float64 arrays
    rng : draws the cotangent and the directions; seed 0 if left out
    step : h above
    rtol, atol : the difference may be atol + rtol * (size of the slope)
    max_elements : inputs up to this size are checked element by element, larger ones along directions
    directions : how many random directions

    Raises
    ------
    GradientError
        With the input, the element and the two values where they differ most; or if fn, or its backward,
        changed an array that it was given.
    NonSmoothPoint
        If the slopes from the left and from the right differ: not a gradient error.
    InputError
        If an input is not float64: in float32 the differences are noise.
    """
    arrays = [np.asarray(x) for x in inputs]
    for i, x in enumerate(arrays):
        if x.dtype != np.float64:
            raise InputError(
                f"gradcheck: input {i} must be float64; got {x.dtype}. "
                "In float32 the differences are noise: x.astype(np.float64)."
            )
    rng = np.random.default_rng(0) if rng is None else rng
    probe, grads = _claim(fn, arrays, rng)
    for which, grad in enumerate(grads):
        check = _Check(probe, which, grad, step, rtol, atol)
        if grad.size <= max_elements:
            check.elements()
        else:
            check.directions(rng.standard_normal((directions, *grad.shape)))


def _claim(
    fn: Callable[..., Any], inputs: list[np.ndarray], rng: np.random.Generator
) -> tuple[_Probe, list[np.ndarray]]:
    """Run fn forward and backward with a random cotangent; the gradients it claims for each input."""
    tensors = [Tensor(x.copy("K"), requires_grad=True) for x in inputs]
    outputs = _as_tuple(fn(*tensors))
    _check_unchanged(inputs, [t.data for t in tensors], "input", "forward")
    cotangents = [rng.standard_normal(y.shape) for y in outputs]
    for y, v in zip(outputs, cotangents, strict=True):
        given = v.copy()
        if y.requires_grad:
            y.backward(given, retain_graph=True)
        _check_unchanged([v], [given], "gradient of output", "backward")
    _check_unchanged(inputs, [t.data for t in tensors], "input", "backward")
    probe = _Probe(fn, inputs, [y.data.copy() for y in outputs], cotangents)
    return probe, [np.zeros_like(t.data) if t.grad is None else t.grad for t in tensors]


def _check_unchanged(before: list[np.ndarray], after: list[np.ndarray], what: str, phase: str) -> None:
    for i, (a, b) in enumerate(zip(before, after, strict=True)):
        if not np.array_equal(a, b, equal_nan=True):
            raise GradientError(
                f"gradcheck: {phase} changed {what} {i} in place; others may hold that array."
            )


@dataclass
class _Probe:
    """L(x) = sum(v * f(x)) around the given inputs."""

    fn: Callable[..., Any]
    inputs: list[np.ndarray]
    values: list[np.ndarray]  # f(x)
    cotangents: list[np.ndarray]  # v

    def slope(self, which: int, direction: np.ndarray, h: float) -> float:
        """(L(x + h d) - L(x)) / h, d in one of the inputs; subtracted before it is summed, for precision."""
        moved = [x + h * direction if i == which else x for i, x in enumerate(self.inputs)]
        with no_grad():
            outputs = _as_tuple(self.fn(*[Tensor(x) for x in moved]))
        pairs = zip(outputs, self.values, self.cotangents, strict=True)
        return sum(float((v * (y.data - y0)).sum()) for y, y0, v in pairs) / h

    def slopes(self, which: int, direction: np.ndarray, h: float) -> tuple[float, float]:
        """Measure the slopes from the left and from the right."""
        return self.slope(which, direction, -h), self.slope(which, direction, h)


@dataclass
class _Check:
    """One input of one function: its claimed gradient against measured slopes."""

    probe: _Probe
    which: int
    grad: np.ndarray
    step: float
    rtol: float
    atol: float

    def elements(self) -> None:
        """Every element alone; raise for the one that is furthest off."""
        off = {
            index: error
            for index in np.ndindex(self.grad.shape)
            if (error := self.error(_unit(self.grad, index)))
        }
        if off:
            worst = max(off, key=lambda index: off[index])
            self.fail(worst, f"{len(off)} of {self.grad.size} elements disagree")

    def directions(self, directions: np.ndarray) -> None:
        """Random directions; one that is off is halved until a single element is left, and that is named."""
        for direction in directions:
            if self.error(direction):
                while np.count_nonzero(direction) > 1:
                    direction = max(_halves(direction), key=self.difference)
                self.fail(tuple(int(i) for i in np.argwhere(direction)[0]), "found along a random direction")

    def error(self, direction: np.ndarray) -> float:
        """How far the claimed slope is from the measured one; 0 within tolerance."""
        difference = self.difference(direction)
        return 0.0 if difference <= self.tolerance(self.claimed(direction)) else difference

    def difference(self, direction: np.ndarray) -> float:
        claimed = self.claimed(direction)
        return abs(self.measured(direction, claimed) - claimed)

    def claimed(self, direction: np.ndarray) -> float:
        return float((self.grad * direction).sum())

    def tolerance(self, slope: float) -> float:
        return self.atol + self.rtol * abs(slope)

    def measured(self, direction: np.ndarray, claimed: float) -> float:
        """Central difference; from closer by where it disagrees or the one-sided slopes do.

        For a smooth function the gap between the one-sided slopes shrinks with h; at a kink it stays.
        """
        left, right = self.probe.slopes(self.which, direction, self.step)
        gap, middle = abs(right - left), (left + right) / 2
        smooth = gap <= NOISE + 1e-3 * max(abs(left), abs(right))
        if smooth and abs(middle - claimed) <= self.tolerance(claimed):
            return middle
        left, right = self.probe.slopes(self.which, direction, self.step / 10)
        if abs(right - left) > max(gap / 4, NOISE):
            at = [int(i) for i in np.argwhere(direction)[0]]
            where = f"at {at}" if np.count_nonzero(direction) == 1 else "along a random direction"
            raise NonSmoothPoint(
                f"gradcheck: input {self.which} {self.grad.shape} {where}: slope {left:.6g} to the left "
                f"and {right:.6g} to the right. That is a kink, not a gradient error: move the input away."
            )
        return (left + right) / 2

    def fail(self, index: tuple[int, ...], extent: str) -> None:
        unit = _unit(self.grad, index)
        claimed = self.claimed(unit)
        measured = self.measured(unit, claimed)
        raise GradientError(
            f"gradcheck: input {self.which} {self.grad.shape} at {list(index)}: backward gives "
            f"{claimed:.9g}, differences give {measured:.9g}. Off by {abs(claimed - measured):.3g}, "
            f"allowed {self.tolerance(claimed):.3g}; {extent}."
        )


def _unit(like: np.ndarray, index: tuple[int, ...]) -> np.ndarray:
    unit = np.zeros_like(like)
    unit[index] = 1
    return unit


def _halves(direction: np.ndarray) -> Iterator[np.ndarray]:
    """The direction restricted to each half of its non-zero elements."""
    places = np.flatnonzero(direction)
    for part in np.array_split(places, 2):
        half = np.zeros(direction.size)
        half[part] = direction.ravel()[part]
        yield half.reshape(direction.shape)


def _as_tuple(outputs: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return outputs if isinstance(outputs, tuple) else (outputs,)
