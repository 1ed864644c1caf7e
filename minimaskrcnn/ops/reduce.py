"""Ops that look along an axis: sum, mean, max, softmax, log_softmax.

Backward of a sum hands every term the whole gradient; it is a broadcast view, nothing is copied.
"""

from __future__ import annotations

import math

import numpy as np

from minimaskrcnn.autograd import Context, Function, Tensor
from minimaskrcnn.checks import check_flag
from minimaskrcnn.errors import InputError
from minimaskrcnn.ops.checks import check_axis, check_tensor

Axis = int | tuple[int, ...] | None


def _axes(op: str, axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes as a tuple of distinct ints in [0, ndim)."""
    if axis is None:
        return tuple(range(ndim))
    axes = tuple(check_axis(op, a, ndim) for a in (axis if isinstance(axis, tuple | list) else (axis,)))
    if len(set(axes)) < len(axes):
        raise InputError(f"{op}: axis {axis} names an axis twice.")
    return axes


def _stretch(grad: np.ndarray, shape: tuple[int, ...], axes: tuple[int, ...]) -> np.ndarray:
    """A read-only view of grad in which the reduced axes are back, each element repeated along them."""
    kept = tuple(1 if i in axes else side for i, side in enumerate(shape))
    return np.broadcast_to(grad.reshape(kept), shape)


class Sum(Function):
    """The op of `sum`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray, axes: tuple[int, ...], keepdims: bool) -> np.ndarray:
        """``out = sum of x``; over the axes."""
        ctx.save(shape=x.shape, axes=axes)
        return x.sum(axis=axes, keepdims=keepdims)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dx = g``; stretched over the axes again."""
        return _stretch(grad, ctx.shape, ctx.axes)


class Mean(Function):
    """The op of `mean`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray, axes: tuple[int, ...], keepdims: bool) -> np.ndarray:
        """``out = sum of x / n``; over the axes, which have n elements."""
        ctx.save(shape=x.shape, axes=axes)
        return x.mean(axis=axes, keepdims=keepdims)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dx = g / n``; stretched over the axes again."""
        terms = math.prod(ctx.shape[a] for a in ctx.axes)
        return _stretch(grad / terms, ctx.shape, ctx.axes)


class Max(Function):
    """The op of `max`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray, axis: int, keepdims: bool) -> np.ndarray:
        """Keep the largest element along the axis; of equals, the first."""
        winner = np.expand_dims(x.argmax(axis), axis)  # the first of equals
        ctx.save(shape=x.shape, axis=axis, winner=winner)
        out = np.take_along_axis(x, winner, axis)
        return out if keepdims else out.squeeze(axis)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """Give each gradient to the element that was the largest."""
        dx = np.zeros(ctx.shape, grad.dtype)
        np.put_along_axis(dx, ctx.winner, grad.reshape(ctx.winner.shape), ctx.axis)
        return dx


class Softmax(Function):
    """The op of `softmax`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray, axis: int) -> np.ndarray:
        """``y = e^x / sum of e^x``; along the axis."""
        out = np.exp(
            x - x.max(axis, keepdims=True, initial=-np.inf)
        )  # the largest exponent is 0: no overflow
        out /= out.sum(axis, keepdims=True)
        ctx.save(out=out, axis=axis)
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dx_i = y_i (g_i - sum_j g_j y_j)``."""
        # dx_i = y_i (g_i - sum_j g_j y_j)
        return ctx.out * (grad - (grad * ctx.out).sum(ctx.axis, keepdims=True))


class LogSoftmax(Function):
    """The op of `log_softmax`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray, axis: int) -> np.ndarray:
        """``out = x - ln(sum of e^x)``; along the axis."""
        out = log_softmax_of(x, axis)
        ctx.save(out=out, axis=axis)
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dx_i = g_i - softmax_i sum_j g_j``."""
        # dx_i = g_i - softmax_i sum_j g_j
        return grad - np.exp(ctx.out) * grad.sum(ctx.axis, keepdims=True)


def log_softmax_of(x: np.ndarray, axis: int) -> np.ndarray:
    """``x - log(sum(e^x))`` along axis, of an array; shifted by the maximum so that nothing overflows."""
    if not x.size:
        return x.copy()  # the logarithm of no terms would be that of 0
    shifted = x - x.max(axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))


def sum(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Sum over one axis, several, or all."""
    check_tensor("sum", x)
    return Sum.apply(x, _axes("sum", axis, x.ndim), check_flag("sum", keepdims, "keepdims"))


def mean(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Mean over one axis, several, or all.

    Raises
    ------
    InputError
        If there is nothing to average.
    """
    check_tensor("mean", x)
    axes = _axes("mean", axis, x.ndim)
    if not math.prod(x.shape[a] for a in axes):
        raise InputError(
            f"mean: x {x.shape} has no elements along axis {axis}; the mean of nothing is undefined."
        )
    return Mean.apply(x, axes, check_flag("mean", keepdims, "keepdims"))


def max(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The largest element along one axis, or of all; of equal ones the first gets the gradient.

    Examples
    --------
    >>> max(Tensor([[1.0, 3.0, 2.0], [5.0, 5.0, 4.0]]), axis=1)
    Tensor([3., 5.])
    """
    check_tensor("max", x)
    keepdims = check_flag("max", keepdims, "keepdims")
    axis = None if axis is None else check_axis("max", axis, x.ndim)
    if not (x.size if axis is None else x.shape[axis]):
        along = "" if axis is None else f" along axis {axis}"
        raise InputError(f"max: x {x.shape} has no elements{along}; the largest of nothing is undefined.")
    if axis is None:
        flat = Max.apply(x.reshape(-1), 0, False)
        return flat.reshape((1,) * x.ndim) if keepdims else flat
    return Max.apply(x, axis, keepdims)


def softmax(x: Tensor, dim: int = -1) -> Tensor:
    """e^x / sum(e^x) along dim.

    Examples
    --------
    >>> softmax(Tensor([[0.0, 0.0]]))
    Tensor([[0.5, 0.5]])
    """
    check_tensor("softmax", x)
    return Softmax.apply(x, check_axis("softmax", dim, x.ndim, "dim"))


def log_softmax(x: Tensor, dim: int = -1) -> Tensor:
    """log(softmax(x)) along dim, without the loss of digits of computing it in two steps."""
    check_tensor("log_softmax", x)
    return LogSoftmax.apply(x, check_axis("log_softmax", dim, x.ndim, "dim"))
