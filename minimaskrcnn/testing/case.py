"""One call of an op, written down: the arrays it differentiates, and everything else by name.

>>> case = Case(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), stride=1)
>>> case
Case(float64 (1, 1, 3, 3), float64 (1, 1, 2, 2), stride=1)
>>> from minimaskrcnn import ops
>>> run(ops.conv2d, case).outputs[0].shape
(1, 1, 2, 2)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minimaskrcnn.autograd import Tensor

Op = Callable[..., Any]


class Case:
    """The call ``fn(*tensors, **arguments)``.

    Parameters
    ----------
    *tensors : float64 arrays, handed to the op as Tensors that require a gradient
    **arguments : the rest, handed over as it is: boxes, targets, strides
    """

    def __init__(self, *tensors: np.ndarray, **arguments: Any) -> None:
        self.tensors = tuple(map(np.asarray, tensors))
        self.arguments = arguments

    def map(self, change: Callable[[np.ndarray], np.ndarray]) -> Case:
        """Apply `change` to every array, Tensors and arguments alike."""
        arguments = {k: change(v) if isinstance(v, np.ndarray) else v for k, v in self.arguments.items()}
        return Case(*map(change, self.tensors), **arguments)

    def astype(self, dtype: type[np.floating]) -> Case:
        """The same call in another precision; integer and bool arrays stay as they are."""
        return self.map(lambda x: x.astype(dtype) if x.dtype.kind == "f" else x)

    def arrays(self) -> dict[str, np.ndarray]:
        """Every array of the call, by the name it has in messages."""
        named = {f"input {i}": x for i, x in enumerate(self.tensors)}
        return named | {k: v for k, v in self.arguments.items() if isinstance(v, np.ndarray)}

    def __repr__(self) -> str:
        tensors = [_short(x) for x in self.tensors]
        return f"Case({', '.join(tensors + [f'{k}={_short(v)}' for k, v in self.arguments.items()])})"


def _short(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return repr(value)
    return repr(value) if value.ndim < 3 and value.size <= 12 else f"{value.dtype} {value.shape}"


class Result(NamedTuple):
    """What came of a call and of its backward pass."""

    outputs: list[np.ndarray]
    grads: list[np.ndarray]  # of each tensor; zeros where none arrived
    cotangents: list[np.ndarray]  # handed to backward, one for each output


def random_like(y: np.ndarray) -> np.ndarray:
    """Cotangent for an output: normal numbers, the same for every array of one shape."""
    return np.random.default_rng(7).standard_normal(y.shape).astype(y.dtype)


def run(fn: Op, case: Case, cotangent: Callable[[np.ndarray], np.ndarray] = random_like) -> Result:
    """Forward, then backward from `cotangent(output)` for each output."""
    tensors = [Tensor(x, requires_grad=True) for x in case.tensors]
    result = fn(*tensors, **case.arguments)
    outputs = result if isinstance(result, tuple) else (result,)
    cotangents = [cotangent(y.data) for y in outputs]
    for y, v in zip(outputs, cotangents, strict=True):
        if y.requires_grad:
            y.backward(v, retain_graph=True)
    grads = [np.zeros_like(t.data) if t.grad is None else t.grad for t in tensors]
    return Result([y.data for y in outputs], grads, cotangents)
