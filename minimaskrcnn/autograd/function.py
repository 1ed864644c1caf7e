"""An op is a class with a static forward and a static backward: arrays in, arrays out.

>>> class Square(Function):
...     @staticmethod
...     def forward(ctx, x):
...         ctx.save(x=x)
...         return x * x
...
...     @staticmethod
...     def backward(ctx, grad):
...         return grad * 2 * ctx.x
>>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> Square.apply(x).backward(np.ones(3, np.float32))
>>> x.grad
array([2., 4., 6.], dtype=float32)
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from time import perf_counter
from typing import Any, ClassVar, Protocol, overload

import numpy as np

from minimaskrcnn.autograd.engine import Node, not_finite
from minimaskrcnn.autograd.hooks import Event, emit
from minimaskrcnn.autograd.modes import AnomalyError, Modes, current
from minimaskrcnn.autograd.tensor import Tensor
from minimaskrcnn.errors import InputError


class Context:
    """What forward leaves for backward.

    Attributes
    ----------
    needs_grad : tuple of bool, one for each positional input: is its gradient wanted?
    """

    __slots__ = ("_saved", "needs_grad")

    def __init__(self, needs_grad: tuple[bool, ...]) -> None:
        self.needs_grad = needs_grad
        self._saved: dict[str, Any] = {}

    def save(self, **values: Any) -> None:
        """Keep values by name: ``ctx.save(x=x)``, then ``ctx.x`` in backward."""
        self._saved.update(values)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._saved[name]
        except KeyError:
            saved = ", ".join(self._saved) or "nothing"
            raise AttributeError(f"ctx.{name} was not saved in forward; saved: {saved}") from None


class OneOutput(Protocol):
    """A function whose `apply` returns a Tensor, since its forward returns an array."""

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> np.ndarray:
        """Compute one array."""
        ...


class SeveralOutputs(Protocol):
    """A function whose `apply` returns Tensors, since its forward returns a tuple of arrays."""

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> tuple[np.ndarray, ...]:
        """Compute several arrays."""
        ...


class Function:
    """Base of every op. Subclass it, define two static methods, call `apply`.

    ``forward(ctx, *inputs)``
        The output array, or a tuple of them, from arrays and plain values.
    ``backward(ctx, *grads)``
        The gradient of each input, from that of each output (None: the loss does not use that output).
        One array or a tuple; None, or leaving out the last ones, where no gradient flows. A gradient
        that is handed in must not be changed, because other ops may hold the same array.
    """

    forward: ClassVar[Callable[..., Any]]
    backward: ClassVar[Callable[..., Any]]

    @overload
    @classmethod
    def apply(cls: type[OneOutput], *inputs: Any) -> Tensor: ...
    @overload
    @classmethod
    def apply(cls: type[SeveralOutputs], *inputs: Any) -> tuple[Tensor, ...]: ...
    @classmethod
    def apply(cls: type[Any], *inputs: Any) -> Tensor | tuple[Tensor, ...]:
        """Run forward on the arrays of the Tensors given, and record the op if a gradient may be wanted.

        Raises
        ------
        InputError
            If two Tensors differ in dtype.
        """
        modes = current()
        arrays, needs = _unpack(cls, inputs)
        ctx = Context(tuple(needs) if modes.grad else (False,) * len(needs))
        start = perf_counter() if modes.hooks else 0.0
        try:
            with np.errstate(all="ignore"):  # NaN and infinity pass in silence; detect_anomaly finds them
                result = cls.forward(ctx, *arrays)
        except MemoryError:
            raise InputError(
                f"{cls.__name__}: there is not enough memory for its result. "
                "Use a smaller batch, map, window or padding."
            ) from None
        several = isinstance(result, tuple)
        outputs = tuple(
            [x if isinstance(x, np.ndarray) else np.asarray(x) for x in (result if several else (result,))]
        )
        if modes.hooks:
            seconds = perf_counter() - start
            emit(Event("forward", cls.__name__, modes.scope, tuple(arrays), outputs, seconds), modes.hooks)
        if modes.anomaly:
            _check_finite(cls, modes, outputs)
        node = _record(cls, ctx, inputs, outputs, modes) if True in ctx.needs_grad else None
        tensors = tuple([Tensor.made(x, node, i) for i, x in enumerate(outputs)])
        return tensors if several else tensors[0]


def _unpack(cls: type[Function], inputs: tuple[Any, ...]) -> tuple[list[Any], list[bool]]:
    """Arrays in place of Tensors, and which inputs ask for a gradient."""
    arrays, needs, dtype = [], [], None
    for x in inputs:
        if isinstance(x, Tensor):
            data = x.data
            if dtype is None:
                dtype = data.dtype
            elif data.dtype != dtype:
                raise InputError(
                    f"{cls.__name__}: a {dtype} Tensor and a {data.dtype} Tensor do not mix. "
                    f"Make both {dtype}: Tensor(array.astype(np.{dtype}))."
                )
            arrays.append(data)
            needs.append(x.requires_grad)
        else:
            arrays.append(x)
            needs.append(False)
    return arrays, needs


def _record(
    cls: type[Function], ctx: Context, inputs: tuple[Any, ...], outputs: tuple[np.ndarray, ...], modes: Modes
) -> Node:
    places = tuple([
        None if not needed else x if x.node is None else (x.node, x.output_index)
        for x, needed in zip(inputs, ctx.needs_grad, strict=True)
    ])  # fmt: skip
    stack = "".join(traceback.format_stack()[:-2]) if modes.anomaly else None
    return Node(cls, ctx, places, tuple([(x.shape, x.dtype) for x in outputs]), modes.scope, stack)


def _check_finite(cls: type[Function], modes: Modes, outputs: tuple[np.ndarray, ...]) -> None:
    for index, x in enumerate(outputs):
        if not np.isfinite(x).all():
            name = f"{modes.scope}/{cls.__name__}" if modes.scope else cls.__name__
            raise AnomalyError(f"{name}.forward: {not_finite(x)} in output {index}.")
