"""Matrix products: linear, matmul."""

from __future__ import annotations

import numpy as np

from minimaskrcnn.autograd import Context, Function, Tensor
from minimaskrcnn.errors import InputError
from minimaskrcnn.kernels import blas
from minimaskrcnn.ops.arithmetic import unbroadcast
from minimaskrcnn.ops.checks import check_broadcast, check_tensor, check_vector


class Linear(Function):
    """The op of `linear`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
        """``out = x W^T + b``."""
        ctx.save(x=x, weight=weight)
        out = blas.matmul(x, weight.T)
        if bias is not None:
            out += bias
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """``dx = g W, dW = g^T x, db = sum of g``; each only if it is wanted."""
        need_x, need_weight, need_bias = ctx.needs_grad
        rows = grad.reshape(-1, grad.shape[-1])  # (rows, O)
        return (
            blas.matmul(grad, ctx.weight) if need_x else None,
            # (O, rows) @ (rows, I)
            blas.matmul(rows.T, ctx.x.reshape(-1, ctx.x.shape[-1])) if need_weight else None,
            rows.sum(0) if need_bias else None,
        )


class MatMul(Function):
    """The op of `matmul`."""

    @staticmethod
    def forward(ctx: Context, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """``out = a b``."""
        ctx.save(a=a, b=b)
        return a @ b

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """``da = g b^T, db = a^T g``."""
        need_a, need_b = ctx.needs_grad
        return (
            unbroadcast(grad @ ctx.b.swapaxes(-1, -2), ctx.a.shape) if need_a else None,
            unbroadcast(ctx.a.swapaxes(-1, -2) @ grad, ctx.b.shape) if need_b else None,
        )


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``y = x W^T + b``.

    Parameters
    ----------
    x : Tensor (..., I)
    weight : Tensor (O, I)
    bias : Tensor (O,), optional

    Returns
    -------
    Tensor (..., O)
    """
    check_tensor("linear", x)
    check_tensor("linear", weight, "weight")
    if weight.ndim != 2:
        raise InputError(f"linear: weight must be (out, in); got {weight.shape}.")
    if x.ndim < 1 or x.shape[-1] != weight.shape[1]:
        raise InputError(
            f"linear: x {x.shape} must end in {weight.shape[1]}, the inputs of weight {weight.shape}. "
            "A feature map is flattened first: ops.flatten(x, 1)."
        )
    if bias is not None:
        check_vector("linear", bias, weight.shape[0], "bias", "output")
    return Linear.apply(x, weight, bias)


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """Matrix product over the last two axes; the axes before them broadcast.

    Parameters
    ----------
    a : Tensor (..., I, J)
    b : Tensor (..., J, K)

    Returns
    -------
    Tensor (..., I, K)
    """
    check_tensor("matmul", a, "a")
    check_tensor("matmul", b, "b")
    if a.ndim < 2 or b.ndim < 2:
        raise InputError(
            f"matmul: both operands need two axes or more; got {a.shape} and {b.shape}. "
            "Make a vector a row, v[None], or a column, v[:, None]."
        )
    if a.shape[-1] != b.shape[-2]:
        raise InputError(f"matmul: the last side of a {a.shape} must equal the last but one of b {b.shape}.")
    check_broadcast("matmul", a.shape[:-2], b.shape[:-2])
    return MatMul.apply(a, b)
