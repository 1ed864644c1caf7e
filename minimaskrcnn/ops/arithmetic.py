"""Ops of two operands, element by element, with broadcasting.

If an operand was stretched to the shape of the result, each of its elements was used several times, and its
gradient is the sum over the uses (`unbroadcast`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minimaskrcnn.autograd import Context, Function, Tensor
from minimaskrcnn.checks import LARGEST, check_flag, describe
from minimaskrcnn.errors import InputError
from minimaskrcnn.ops.checks import check_array, check_broadcast


def unbroadcast(grad: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sum grad over the axes along which `shape` was stretched, to give it that shape."""
    if grad.shape == shape:
        return grad
    extra = grad.ndim - len(shape)
    stretched = tuple(i for i, side in enumerate(shape, extra) if side == 1 and grad.shape[i] != 1)
    return grad.sum(axis=(*range(extra), *stretched), keepdims=True).reshape(shape)


def _operands(op: str, a: Any, b: Any) -> tuple[Any, Any]:
    """Two Tensors, or a Tensor and a Python number, whose shapes broadcast."""
    if not isinstance(a, Tensor) and not isinstance(b, Tensor):
        raise InputError(f"{op}: one operand must be a Tensor; got {describe(a)} and {describe(b)}.")
    a, b = operand(op, a), operand(op, b)
    if isinstance(a, Tensor) and isinstance(b, Tensor) and a.shape != b.shape:
        check_broadcast(op, a.shape, b.shape)
    return a, b


def operand(op: str, x: Any) -> Any:
    """A Tensor as it is, a number as a Python one, which takes the dtype of the other operand."""
    if isinstance(x, Tensor):
        return x
    if isinstance(x, np.floating):
        return float(x)  # np.float64 is a float, but not a weak one
    if isinstance(x, np.integer | np.bool_):
        return x.item()
    if isinstance(x, float) or (isinstance(x, int) and abs(x) <= LARGEST):
        return x
    if isinstance(x, np.ndarray):
        raise InputError(
            f"{op}: a Tensor and {describe(x)} do not mix: is the array a constant, or was a gradient lost? "
            "For a constant write Tensor(array); to leave the graph write tensor.data."
        )
    raise InputError(f"{op}: operands must be Tensors or numbers; got {describe(x)}.")


def gated(grad: np.ndarray, is_open: np.ndarray) -> np.ndarray:
    """The gradient where the gate is open, else exactly 0: ``np.where(is_open, grad, 0)``.

    A product would make NaN of 0 * inf. Instead the bits of each number meet a mask of ones or of zeros, -1
    or 0 as a whole number; a choice element by element takes six times as long.
    """
    bits = np.dtype(f"i{grad.itemsize}")
    mask = np.asarray(np.negative(np.asarray(is_open).view(np.int8), dtype=bits))
    out = mask if mask.shape == grad.shape else None
    return np.asarray(np.bitwise_and(mask, grad.view(bits), out=out)).view(grad.dtype)


def memory_of(ctx: Context, x: Any) -> np.ndarray | None:
    """The array x, to be overwritten by the result, unless a gradient is recorded or x is read-only."""
    usable = isinstance(x, np.ndarray) and x.flags.writeable and not any(ctx.needs_grad)
    return x if usable else None


class Add(Function):
    """The op of `add`."""

    @staticmethod
    def forward(ctx: Context, a: Any, b: Any, inplace: bool) -> np.ndarray:
        """``out = a + b``; in the memory of a if that is allowed."""
        ctx.save(a_shape=np.shape(a), b_shape=np.shape(b))
        if inplace and np.broadcast_shapes(np.shape(a), np.shape(b)) == np.shape(a):
            return np.add(a, b, out=memory_of(ctx, a))
        return a + b

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """``da = g, db = g``; each summed over the axes that were stretched."""
        need_a, need_b = ctx.needs_grad[:2]
        return (
            unbroadcast(grad, ctx.a_shape) if need_a else None,
            unbroadcast(grad, ctx.b_shape) if need_b else None,
        )


class Subtract(Function):
    """The op of `subtract`."""

    @staticmethod
    def forward(ctx: Context, a: Any, b: Any) -> np.ndarray:
        """``out = a - b``."""
        ctx.save(a_shape=np.shape(a), b_shape=np.shape(b))
        return a - b

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """``da = g, db = -g``; each summed over the axes that were stretched."""
        need_a, need_b = ctx.needs_grad
        return (
            unbroadcast(grad, ctx.a_shape) if need_a else None,
            -unbroadcast(grad, ctx.b_shape) if need_b else None,
        )


class Multiply(Function):
    """The op of `multiply`."""

    @staticmethod
    def forward(ctx: Context, a: Any, b: Any) -> np.ndarray:
        """``out = a b``."""
        ctx.save(a=a, b=b)
        return a * b

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """``da = g b, db = g a``; each summed over the axes that were stretched."""
        need_a, need_b = ctx.needs_grad
        return (
            unbroadcast(grad * ctx.b, ctx.a.shape) if need_a else None,
            unbroadcast(grad * ctx.a, ctx.b.shape) if need_b else None,
        )


class Divide(Function):
    """The op of `divide`."""

    @staticmethod
    def forward(ctx: Context, a: Any, b: Any) -> np.ndarray:
        """``out = a / b``."""
        out = a / b
        ctx.save(a_shape=np.shape(a), b=b, out=out)
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """``da = g / b, db = -g a / b^2``; each summed over the axes that were stretched."""
        # d(a/b)/da = 1/b,  d(a/b)/db = -(a/b)/b
        need_a, need_b = ctx.needs_grad
        da = grad / ctx.b
        return (
            unbroadcast(da, ctx.a_shape) if need_a else None,
            -unbroadcast(da * ctx.out, ctx.b.shape) if need_b else None,
        )


class Maximum(Function):
    """The op of `maximum`."""

    @staticmethod
    def forward(ctx: Context, a: Any, b: Any) -> np.ndarray:
        """``out = max(a, b)``."""
        ctx.save(a_wins=np.greater_equal(a, b), a_shape=np.shape(a), b_shape=np.shape(b))
        return np.maximum(a, b)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """Give g to the operand that was chosen, and exactly 0 to the other one."""
        need_a, need_b = ctx.needs_grad
        return (
            unbroadcast(gated(grad, ctx.a_wins), ctx.a_shape) if need_a else None,
            unbroadcast(gated(grad, ~ctx.a_wins), ctx.b_shape) if need_b else None,
        )


class Minimum(Maximum):
    """The op of `minimum`: its backward is that of `Maximum`."""

    @staticmethod
    def forward(ctx: Context, a: Any, b: Any) -> np.ndarray:
        """``out = min(a, b)``."""
        ctx.save(a_wins=np.less_equal(a, b), a_shape=np.shape(a), b_shape=np.shape(b))
        return np.minimum(a, b)


class Where(Function):
    """The op of `where`."""

    @staticmethod
    def forward(ctx: Context, a: Any, b: Any, condition: np.ndarray) -> np.ndarray:
        """``out = a where the condition holds, else b``."""
        ctx.save(condition=condition, a_shape=np.shape(a), b_shape=np.shape(b))
        return np.where(condition, a, b)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """Give g to the operand that was chosen, and exactly 0 to the other one."""
        need_a, need_b = ctx.needs_grad[:2]
        return (
            unbroadcast(gated(grad, ctx.condition), ctx.a_shape) if need_a else None,
            unbroadcast(gated(grad, ~ctx.condition), ctx.b_shape) if need_b else None,
        )


def add(a: Tensor | float, b: Tensor | float, inplace: bool = False) -> Tensor:
    """``a + b``, elementwise with broadcasting.

    Parameters
    ----------
    a, b : Tensors or numbers
    inplace : bool
        The sum may take over the memory of a, which nobody else may need any more. Where a gradient is
        recorded it does not.
    """
    return Add.apply(*_operands("add", a, b), check_flag("add", inplace, "inplace"))


def subtract(a: Tensor | float, b: Tensor | float) -> Tensor:
    """``a - b``, elementwise with broadcasting."""
    return Subtract.apply(*_operands("subtract", a, b))


def multiply(a: Tensor | float, b: Tensor | float) -> Tensor:
    """``a * b``, elementwise with broadcasting."""
    return Multiply.apply(*_operands("multiply", a, b))


def divide(a: Tensor | float, b: Tensor | float) -> Tensor:
    """``a / b``, elementwise with broadcasting."""
    return Divide.apply(*_operands("divide", a, b))


def maximum(a: Tensor | float, b: Tensor | float) -> Tensor:
    """The larger of a and b, elementwise with broadcasting; where they are equal a gets the gradient."""
    return Maximum.apply(*_operands("maximum", a, b))


def minimum(a: Tensor | float, b: Tensor | float) -> Tensor:
    """The smaller of a and b, elementwise with broadcasting; where they are equal a gets the gradient."""
    return Minimum.apply(*_operands("minimum", a, b))


def where(condition: np.ndarray, a: Tensor | float, b: Tensor | float) -> Tensor:
    """``a`` where the condition holds, else b.

    The branch not taken gets gradient 0. If that branch itself has an infinite slope there, as log has at 0,
    0 * inf is NaN: keep the bad values out of the branch too, ``where(x > 0, log(where(x > 0, x, 1)), 0)``.

    Parameters
    ----------
    condition : bool array
    a, b : Tensors or numbers; the three shapes broadcast
    """
    check_array("where", condition, "condition")
    if condition.dtype != bool:
        raise InputError(
            f"where: condition must be bool; got {describe(condition)}. Compare: condition != 0."
        )
    operands = _operands("where", a, b)
    tensors = [x for x in operands if isinstance(x, Tensor)]
    check_broadcast("where", condition.shape, *(x.shape for x in tensors))
    typed = [x if isinstance(x, Tensor) else np.asarray(x, tensors[0].dtype) for x in operands]
    return Where.apply(*typed, condition)
