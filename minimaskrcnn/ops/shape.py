"""Ops that move elements without changing them. Backward moves gradients to where elements came from.

Where NumPy can it answers with a view: the result of `reshape`, `permute` or a slice may share memory with x.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minimaskrcnn.autograd import Context, Function, Tensor
from minimaskrcnn.checks import MOST_CELLS, as_index, check_number, describe
from minimaskrcnn.errors import InputError
from minimaskrcnn.ops.checks import check_axis, check_tensor


class Reshape(Function):
    """The op of `reshape`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Lay the elements out in another shape."""
        ctx.save(shape=x.shape)
        return x.reshape(shape)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """Give the gradient its old shape again."""
        return grad.reshape(ctx.shape)


class Permute(Function):
    """The op of `permute`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray, dims: tuple[int, ...]) -> np.ndarray:
        """Put the axes into another order."""
        ctx.save(dims=dims)
        return x.transpose(dims)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """Put the axes back into the old order."""
        return grad.transpose(np.argsort(ctx.dims))


class Concatenate(Function):
    """The op of `concatenate`."""

    @staticmethod
    def forward(ctx: Context, axis: int, *parts: np.ndarray) -> np.ndarray:
        """Join the parts along an axis."""
        ctx.save(axis=axis, ends=np.cumsum([p.shape[axis] for p in parts]))
        return np.concatenate(parts, axis)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """Cut the gradient where the parts were joined."""
        return None, *np.split(grad, ctx.ends[:-1], ctx.axis)


class Stack(Function):
    """The op of `stack`."""

    @staticmethod
    def forward(ctx: Context, axis: int, *parts: np.ndarray) -> np.ndarray:
        """Lay the parts on each other along a new axis."""
        ctx.save(axis=axis)
        return np.stack(parts, axis)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """Take the gradient apart along that axis."""
        return None, *np.moveaxis(grad, ctx.axis, 0)


class Pad(Function):
    """The op of `pad`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray, widths: tuple[tuple[int, int], ...], value: float) -> np.ndarray:
        """Put x into a larger array of one value."""
        inside = tuple(
            slice(before, before + side) for (before, _), side in zip(widths, x.shape, strict=True)
        )
        out = np.full(
            [before + side + after for (before, after), side in zip(widths, x.shape, strict=True)],
            value,
            x.dtype,
        )
        out[inside] = x
        ctx.save(inside=inside)
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """Return the gradient of the inside."""
        return grad[ctx.inside]


class GetItem(Function):
    """The op of `getitem`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray, index: Any) -> np.ndarray:
        """``out = x[index]``."""
        ctx.save(shape=x.shape, index=index)
        return x[index]

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """Put the gradients where the elements were; an element that was taken twice gets the sum."""
        dx = np.zeros(ctx.shape, grad.dtype)
        if _may_repeat(ctx.index):
            np.add.at(dx, ctx.index, grad)  # an element taken twice gets both gradients
        else:
            dx[ctx.index] = grad
        return dx


def _may_repeat(index: Any) -> bool:
    """Could an element be named twice? Slices, ints and masks cannot; integer arrays are looked through.

    It pays: adding element by element (``np.add.at``) takes up to 300 times as long as one assignment.
    """
    items = index if isinstance(index, tuple) else (index,)
    parts = [np.asarray(p) for p in items if isinstance(p, list | np.ndarray)]
    places = [p for p in parts if p.dtype != bool]
    if not places or not all(p.size for p in places):
        return False
    if len(places) < len(parts) or any(p.min() < 0 for p in places):
        return True  # masks beside arrays, or -1 beside n-1: not worth telling apart
    columns = [p.ravel() for p in np.broadcast_arrays(*places)]
    keys = np.ravel_multi_index(columns, [c.max() + 1 for c in columns])
    return len(np.unique(keys)) < len(keys)


def reshape(x: Tensor, shape: int | Sequence[int]) -> Tensor:
    """The same elements in row-major order under another shape; one side may be -1.

    Raises
    ------
    InputError
        If the number of elements differs.
    """
    check_tensor("reshape", x)
    sides = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    try:
        return Reshape.apply(x, sides)
    except (ValueError, TypeError):
        raise InputError(
            f"reshape: x {x.shape} has {x.size} elements, which do not fit the shape {sides}; "
            "the product of the sides must be equal, and at most one side may be -1."
        ) from None


def flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Make one axis of the axes start_dim to end_dim, both included.

    Examples
    --------
    >>> flatten(Tensor(np.zeros((2, 3, 4), np.float32)), 1).shape
    (2, 12)
    """
    check_tensor("flatten", x)
    start, end = (
        check_axis("flatten", d, x.ndim, n) for d, n in ((start_dim, "start_dim"), (end_dim, "end_dim"))
    )
    if start > end:
        raise InputError(f"flatten: start_dim={start_dim} lies after end_dim={end_dim}.")
    merged = int(np.prod(x.shape[start : end + 1]))
    return Reshape.apply(x, (*x.shape[:start], merged, *x.shape[end + 1 :]))


def permute(x: Tensor, dims: Sequence[int]) -> Tensor:
    """Reorder the axes: axis i of the result is axis dims[i] of x."""
    check_tensor("permute", x)
    if not isinstance(dims, tuple | list):
        raise InputError(f"permute: dims must be a tuple of ints; got {describe(dims)}.")
    axes = tuple(check_axis("permute", d, x.ndim, "dim") for d in dims)
    if sorted(axes) != list(range(x.ndim)):
        raise InputError(
            f"permute: dims must name each of the {x.ndim} axes of x once; got {describe(dims)}."
        )
    return Permute.apply(x, axes)


def transpose(x: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swap two axes; for any other reordering use `permute`."""
    check_tensor("transpose", x)
    dims = list(range(x.ndim))
    a, b = check_axis("transpose", dim0, x.ndim, "dim0"), check_axis("transpose", dim1, x.ndim, "dim1")
    dims[a], dims[b] = b, a
    return Permute.apply(x, tuple(dims))


def concatenate(parts: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Join Tensors along an axis they have; their other sides must agree.

    Examples
    --------
    >>> concatenate([Tensor([1.0]), Tensor([2.0, 3.0])])
    Tensor([1., 2., 3.])
    """
    axis = _check_parts("concatenate", parts, lambda first: check_axis("concatenate", axis, first.ndim))
    rest = {p.shape[:axis] + p.shape[axis + 1 :] for p in parts}
    if len(rest) > 1 or len({p.ndim for p in parts}) > 1:
        raise InputError(f"concatenate: shapes {_shapes(parts)} must agree except along axis {axis}.")
    return Concatenate.apply(axis, *parts)


def stack(parts: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Join Tensors of one shape along a new axis."""
    axis = _check_parts("stack", parts, lambda first: check_axis("stack", axis, first.ndim + 1))
    if len({p.shape for p in parts}) > 1:
        raise InputError(f"stack: the shapes must be equal; got {_shapes(parts)}.")
    return Stack.apply(axis, *parts)


def _check_parts(op: str, parts: Any, axis_of: Any) -> int:
    if isinstance(parts, Tensor) or not isinstance(parts, tuple | list) or not parts:
        raise InputError(f"{op}: needs a list of at least one Tensor; got {describe(parts)}.")
    for i, part in enumerate(parts):
        check_tensor(op, part, f"parts[{i}]")
    return axis_of(parts[0])


def _shapes(parts: Sequence[Tensor]) -> str:
    return ", ".join(str(p.shape) for p in parts)


def pad(x: Tensor, pad: Sequence[int], value: float = 0.0) -> Tensor:
    """Surround x with a constant.

    Parameters
    ----------
    x : Tensor
    pad : numbers of cells, in torch's order: (before, after) of the last axis, then of the one before it, ...
    value : what to fill with

    Examples
    --------
    >>> pad(Tensor([1.0, 2.0]), (1, 2))
    Tensor([0., 1., 2., 0., 0.])
    """
    check_tensor("pad", x)
    try:
        cells = [as_index(p) for p in pad]
    except TypeError:
        cells = [-1]
    if len(cells) % 2 or len(cells) > 2 * x.ndim or not all(0 <= p <= MOST_CELLS for p in cells):
        raise InputError(
            f"pad: pad must be (before, after) pairs of ints from 0 to {MOST_CELLS:,}, last axis first, "
            f"for at most {x.ndim} axes; got {describe(pad)}."
        )
    pairs = [(cells[i], cells[i + 1]) for i in range(0, len(cells), 2)]
    widths = [(0, 0)] * (x.ndim - len(pairs)) + pairs[::-1]
    return Pad.apply(x, tuple(widths), check_number("pad", value, "value"))


def getitem(x: Tensor, index: Any) -> Tensor:
    """x[index] with NumPy's rules: ints, slices, None, integer arrays, bool masks.

    An element taken several times gets the sum of the gradients.

    Examples
    --------
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> x[np.array([0, 0, 1])].sum().backward()
    >>> x.grad
    array([2., 1.], dtype=float32)
    """
    check_tensor("getitem", x)
    if any(isinstance(part, Tensor) for part in (index if isinstance(index, tuple) else (index,))):
        raise InputError(
            "getitem: an index must be a plain array; got a Tensor. Index with its .data, as integers."
        )
    try:
        return GetItem.apply(x, index)
    except (IndexError, TypeError, ValueError, OverflowError):
        raise InputError(
            f"getitem: the index does not fit x {x.shape}: got {describe(index)}. Use whole numbers within "
            "each axis, slices, None, or arrays of whole numbers or of bools."
        ) from None
