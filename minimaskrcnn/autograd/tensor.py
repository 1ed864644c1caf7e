"""A Tensor is an array that remembers how it was made.

>>> x = Tensor([1.0, 2.0], requires_grad=True)
>>> (x * x).sum().backward()
>>> x.grad
array([2., 4.], dtype=float32)

Some things that a NumPy array does in silence would lose a gradient. A Tensor refuses them, with advice:
mixing it with plain arrays, assigning into it, taking it out of the graph through ``np.asarray``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np

from minimaskrcnn.autograd import engine
from minimaskrcnn.checks import check_flag, describe
from minimaskrcnn.errors import InputError

_operators: dict[str, Callable[..., Tensor]] = {}


def define_operators(**functions: Callable[..., Tensor]) -> None:
    """Say which ops stand behind ``+``, ``*``, ``[...]``, ``.sum()``; `minimaskrcnn.ops` does, on import."""
    _operators.update(functions)


def _operator(name: str) -> Callable[..., Tensor]:
    """The op behind an operator. `minimaskrcnn.ops` defines them all; the first use of one loads it."""
    if name not in _operators:
        import_module("minimaskrcnn.ops")
    return _operators[name]


class Tensor:
    """A float array with, if asked, a gradient.

    Parameters
    ----------
    data : float32 or float64 array, kept without copying; numbers and lists become float32
    requires_grad : bool
        A leaf with True collects its gradient in ``.grad`` when ``backward`` is called on a result.

    Attributes
    ----------
    data : ndarray
    grad : ndarray or None
    node : Node or None, the op that made it (None for a leaf)
    output_index : which output of that op it is
    version : how often an optimiser has changed `data` in place; ops of an older version refuse backward

    Raises
    ------
    InputError
        If data is of another dtype.
    """

    __slots__ = ("__weakref__", "data", "grad", "node", "output_index", "requires_grad", "version")

    __array_ufunc__ = None  # array + tensor asks the Tensor, which refuses with advice

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        if isinstance(data, Tensor):
            raise InputError("Tensor: data is a Tensor already. Use it as it is, or take data.detach().")
        if not isinstance(data, np.ndarray | np.generic):
            data = _from_numbers(data)
        if data.dtype not in (np.float32, np.float64):
            raise InputError(
                f"Tensor: data must be float32 or float64; got {data.dtype} {data.shape}. "
                "Convert it, data.astype(np.float32), or keep indices and masks as plain arrays."
            )
        self.data: np.ndarray = np.asarray(data)
        self.grad: np.ndarray | None = None
        self.requires_grad = check_flag("Tensor", requires_grad, "requires_grad")
        self.node: engine.Node | None = None
        self.output_index = 0
        self.version = 0

    @staticmethod
    def made(data: np.ndarray, node: engine.Node | None, output_index: int) -> Tensor:
        """The output of an op; without a node, a constant."""
        tensor = Tensor.__new__(Tensor)
        tensor.data = data
        tensor.grad = None
        tensor.requires_grad = node is not None
        tensor.node = node
        tensor.output_index = output_index
        tensor.version = 0
        return tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.data.shape

    @property
    def dtype(self) -> np.dtype:
        """float32 or float64."""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.data.size

    def __len__(self) -> int:
        if not self.shape:
            raise InputError("len: this Tensor is a scalar, it has no length. Its value is .item().")
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        values = np.array2string(self.data, separator=", ", prefix="Tensor(", threshold=50)
        dtype = "" if self.dtype == np.float32 else f", {self.dtype}"
        origin = f", from {self.node.name}" if self.node else ", requires_grad" if self.requires_grad else ""
        return f"Tensor({values}{dtype}{origin})"

    # ---- gradients -------------------------------------------------------------------------------------

    def backward(
        self, grad: np.ndarray | None = None, retain_graph: bool = False, create_graph: bool = False
    ) -> None:
        """Add the gradient of ``sum(self * grad)`` to the ``.grad`` of every leaf that requires one.

        Parameters
        ----------
        grad : array of this Tensor's shape and dtype; may be left out for a scalar (then 1)
        retain_graph : keep the saved arrays, so that backward can be called again
        create_graph : refused; it is here to say so

        Raises
        ------
        InputError
            If nothing requires a gradient, grad does not fit, or the graph has been used already.
        """
        if create_graph:
            raise InputError(
                "backward: create_graph=True (a gradient of a gradient) is not supported; "
                "backward computes on plain arrays. Difference the first one numerically."
            )
        if not self.requires_grad:
            raise InputError(
                "backward: no gradient can flow: nothing this Tensor was made from has requires_grad=True, "
                "or it was made inside no_grad()."
            )
        engine.run(self, self._seed(grad), retain_graph)

    def _seed(self, grad: np.ndarray | None) -> np.ndarray:
        if grad is None:
            if self.data.size != 1:
                raise InputError(
                    f"backward: without an argument this needs a scalar; the Tensor is {self.shape}. "
                    "Reduce it, .sum().backward(), or pass an array of its shape."
                )
            return np.ones_like(self.data)
        if isinstance(grad, Tensor):
            raise InputError("backward: grad must be a plain array; got a Tensor. Pass grad.data.")
        if not isinstance(grad, np.ndarray | np.generic):
            raise InputError(
                f"backward: grad must be {self.dtype} {self.shape}, as the Tensor is; got {describe(grad)}."
            )
        if grad.shape != self.shape or grad.dtype != self.dtype:
            raise InputError(
                f"backward: grad must be {self.dtype} {self.shape}, as the Tensor is; "
                f"got {grad.dtype} {grad.shape}."
            )
        return np.asarray(grad)

    def detach(self) -> Tensor:
        """The same data, without the history."""
        return Tensor.made(self.data, None, 0)

    def numpy(self) -> np.ndarray:
        """The data, not copied; what is done to it is not recorded."""
        return self.data

    def item(self) -> float:
        """The value of a Tensor of one element, as a Python float."""
        if self.data.size != 1:
            raise InputError(f"item: needs one element; the Tensor is {self.shape}. Use .numpy().")
        return float(self.data.item())

    __float__ = item

    # ---- NumPy interplay -------------------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise InputError(
            "a Tensor does not turn into an array by itself, its gradient would be lost without a word. "
            "Write .numpy() for the values, or use the function of this name in minimaskrcnn.ops."
        )

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> None:
        raise InputError(
            f"np.{func.__name__} does not take a Tensor, its gradient would be lost without a word. "
            f"Write .numpy() for the values, or look for ops.{func.__name__}."
        )

    def __setitem__(self, index: Any, value: Any) -> None:
        raise InputError(
            "a Tensor cannot be assigned into: backward needs the values that were there. "
            "Build a new one with ops.where or ops.concatenate, or change .data before the forward pass."
        )

    def __bool__(self) -> bool:
        if self.data.size != 1:
            raise InputError(
                f"the truth of a Tensor of shape {self.shape} is ambiguous. Write (t.data > 0).any()."
            )
        return bool(self.data)

    def __eq__(self, other: object) -> np.ndarray:  # type: ignore[override]
        return self.data == _values(other)

    def __ne__(self, other: object) -> np.ndarray:  # type: ignore[override]
        return self.data != _values(other)

    def __lt__(self, other: Any) -> np.ndarray:
        return self.data < _values(other)

    def __le__(self, other: Any) -> np.ndarray:
        return self.data <= _values(other)

    def __gt__(self, other: Any) -> np.ndarray:
        return self.data > _values(other)

    def __ge__(self, other: Any) -> np.ndarray:
        return self.data >= _values(other)

    __hash__ = object.__hash__

    # ---- operators -------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Tensor:
        return _operator("add")(self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Tensor:
        return _operator("subtract")(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return _operator("subtract")(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return _operator("multiply")(self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Tensor:
        return _operator("divide")(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return _operator("divide")(other, self)

    def __pow__(self, exponent: float) -> Tensor:
        return _operator("power")(self, exponent)

    def __matmul__(self, other: Any) -> Tensor:
        return _operator("matmul")(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return _operator("matmul")(other, self)

    def __neg__(self) -> Tensor:
        return _operator("negative")(self)

    def __abs__(self) -> Tensor:
        return _operator("abs")(self)

    def __getitem__(self, index: Any) -> Tensor:
        return _operator("getitem")(self, index)

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """See `minimaskrcnn.ops.sum`."""
        return _operator("sum")(self, axis, keepdims)

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """See `minimaskrcnn.ops.mean`."""
        return _operator("mean")(self, axis, keepdims)

    def max(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """See `minimaskrcnn.ops.max`."""
        return _operator("max")(self, axis, keepdims)

    def reshape(self, *shape: Any) -> Tensor:
        """See `minimaskrcnn.ops.reshape`; ``x.reshape(2, 3)`` and ``x.reshape((2, 3))`` are the same."""
        return _operator("reshape")(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, dim0: int, dim1: int) -> Tensor:
        """See `minimaskrcnn.ops.transpose`."""
        return _operator("transpose")(self, dim0, dim1)

    def permute(self, *dims: Any) -> Tensor:
        """See `minimaskrcnn.ops.permute`; the dims may also come as one tuple."""
        return _operator("permute")(self, dims[0] if len(dims) == 1 else dims)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """See `minimaskrcnn.ops.flatten`."""
        return _operator("flatten")(self, start_dim, end_dim)


def _values(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else x


def _from_numbers(data: Any) -> np.ndarray:
    """Numbers, or nested lists of them, as a float32 array."""
    try:
        wide = np.asarray(data)
    except (ValueError, TypeError, OverflowError):
        wide = np.asarray(None)
    if wide.dtype.kind not in "biuf":
        raise InputError(f"Tensor: data must hold numbers, and rows of equal length; got {describe(data)}.")
    with np.errstate(over="ignore"):
        narrow = wide.astype(np.float32)
    if not np.array_equal(np.isfinite(narrow), np.isfinite(wide)):
        raise InputError(f"Tensor: {describe(data)} does not fit into float32. Pass a float64 array.")
    return narrow
