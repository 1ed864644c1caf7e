"""The walk back: from one Tensor to every leaf it depends on, newest op first.

Ops are numbered as they run. An op's consumers always have larger numbers, so taking pending ops from a
heap, largest number first, guarantees that a gradient is complete before it is used:

    dL/dx = sum over the consumers c of x of (dc/dx)^T dL/dc

There is no recursion (a chain of 20,000 ops is fine), and a node holds its inputs but never its output,
so no reference cycle keeps arrays alive.
"""

from __future__ import annotations

import heapq
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from minimaskrcnn.autograd.hooks import Event, emit
from minimaskrcnn.autograd.modes import AnomalyError, Modes, current
from minimaskrcnn.errors import InputError

if TYPE_CHECKING:
    from minimaskrcnn.autograd.function import Context, Function
    from minimaskrcnn.autograd.tensor import Tensor

_numbers = count()


class Node:
    """One op that ran.

    Attributes
    ----------
    function : the Function subclass
    context : what its forward saved; None once backward has used it
    inputs : for each positional input: a leaf Tensor, a pair (Node, output index), or None if no gradient
        flows there
    outputs : (shape, dtype) of each output
    order : running number, larger than that of every input
    scope : "a/b" of the enclosing scopes
    stack : where forward was called, as text, if `detect_anomaly()` was on
    version : the versions of its leaf inputs, added up; they only grow, so a later sum tells of a change
    """

    __slots__ = (
        "__weakref__",
        "context",
        "function",
        "inputs",
        "order",
        "outputs",
        "scope",
        "stack",
        "version",
    )

    def __init__(
        self,
        function: type[Function],
        context: Context,
        inputs: tuple[Tensor | tuple[Node, int] | None, ...],
        outputs: tuple[tuple[tuple[int, ...], np.dtype], ...],
        scope: str,
        stack: str | None,
    ) -> None:
        self.function = function
        self.context: Context | None = context
        self.inputs = inputs
        self.outputs = outputs
        self.order = next(_numbers)
        self.scope = scope
        self.stack = stack
        self.version = self.version_now()

    def version_now(self) -> int:
        """The sum of the versions that the leaf inputs have now."""
        return sum(
            [0 if place is None or isinstance(place, tuple) else place.version for place in self.inputs]
        )

    @property
    def name(self) -> str:
        """Class name of the op, after its scopes."""
        op = self.function.__name__
        return f"{self.scope}/{op}" if self.scope else op


class Sum:
    """The gradients that reach one place, added up.

    The first array is borrowed (an op may hand the same array to two inputs, or hand on its own);
    a sum of two is ours alone, so that further terms are added in place.
    """

    __slots__ = ("owned", "value")

    def __init__(self, value: np.ndarray) -> None:
        self.value = value
        self.owned = False

    def add(self, term: np.ndarray) -> None:
        """Add another gradient that reaches the same place."""
        if self.owned:
            self.value += term
        else:
            self.value = np.asarray(self.value + term)
            self.owned = True


def run(root: Tensor, grad: np.ndarray, retain_graph: bool) -> None:
    """Add d(sum(root * grad))/d(leaf) to ``leaf.grad`` for every leaf below root.

    If an op fails on the way, no leaf has changed.
    """
    leaves: dict[Tensor, Sum] = {}
    pending: dict[Node, list[Sum | None]] = {}
    heap: list[tuple[int, Node]] = []

    def deliver(place: Tensor | tuple[Node, int], grad: np.ndarray) -> None:
        if not isinstance(place, tuple):
            slot = leaves.get(place)
            if slot is None:
                leaves[place] = Sum(grad)
            else:
                slot.add(grad)
            return
        node, index = place
        sums = pending.get(node)
        if sums is None:
            sums = pending[node] = [None] * len(node.outputs)
            heapq.heappush(heap, (-node.order, node))
        slot = sums[index]
        if slot is None:
            sums[index] = Sum(grad)
        else:
            slot.add(grad)

    modes = current()
    deliver(root if root.node is None else (root.node, root.output_index), grad)
    while heap:
        node = heapq.heappop(heap)[1]
        grads = tuple(None if s is None else s.value for s in pending.pop(node))
        input_grads = _backward(node, grads, modes)
        if not retain_graph:
            node.context = None
        for place, input_grad in zip(node.inputs, input_grads, strict=False):
            if place is not None and input_grad is not None:
                deliver(place, input_grad)
    for leaf, total in leaves.items():
        _store(leaf, total)


def _store(leaf: Tensor, total: Sum) -> None:
    """leaf.grad becomes an array of its own: no other gradient, and nothing the user holds, shares it."""
    if leaf.grad is not None:
        leaf.grad = np.asarray(leaf.grad + total.value)
    else:
        leaf.grad = total.value if total.owned else total.value.copy("K")


def _backward(node: Node, grads: tuple[np.ndarray | None, ...], modes: Modes) -> tuple[Any, ...]:
    """Gradients of the node's inputs, as arrays of the inputs' shapes and dtypes, or None."""
    if node.context is None:
        raise InputError(
            f"backward: {node.name} has been used by an earlier backward(), which freed its saved arrays. "
            "Run the forward again, or pass retain_graph=True to the earlier call. "
            "(Gradients are plain arrays: a gradient of a gradient is not available.)"
        )
    if node.version != node.version_now():
        raise InputError(
            f"backward: an optimiser has changed the weights of {node.name} since its forward pass, so its "
            "gradient would mix old and new ones. Run the forward again, or step after the last backward()."
        )
    start = perf_counter()
    with np.errstate(all="ignore"):  # as in `Function.apply`
        result = node.function.backward(node.context, *grads)
    seconds = perf_counter() - start
    if not isinstance(result, tuple):
        result = (result,)
    if len(result) > len(node.inputs):
        raise InputError(
            f"{node.name}.backward: returned {len(result)} gradients for {len(node.inputs)} inputs. "
            "Return one for each positional input of forward."
        )
    result = tuple(
        None if place is None or g is None else _checked(node, i, place, g)
        for i, (place, g) in enumerate(zip(node.inputs, result, strict=False))
    )
    if modes.anomaly:
        _check_finite(node, result)
    if modes.hooks:
        emit(Event("backward", node.function.__name__, node.scope, grads, result, seconds), modes.hooks)
    return result


def _checked(node: Node, position: int, place: Tensor | tuple[Node, int], grad: Any) -> np.ndarray:
    """The gradient as an ndarray of the shape and dtype of the input it belongs to."""
    if isinstance(place, tuple):
        shape, dtype = place[0].outputs[place[1]]
    else:
        shape, dtype = place.data.shape, place.data.dtype
    if not isinstance(grad, np.ndarray):
        grad = np.asarray(grad)
    if grad.shape != shape or grad.dtype != dtype:
        raise InputError(
            f"{node.name}.backward: the gradient of input {position} is {grad.dtype} {grad.shape}, "
            f"but the input is {dtype} {shape}. A gradient has its input's shape and dtype."
        )
    return grad


def _check_finite(node: Node, grads: tuple[np.ndarray | None, ...]) -> None:
    for position, grad in enumerate(grads):
        if grad is not None and not np.isfinite(grad).all():
            raise AnomalyError(
                f"{node.name}.backward: {not_finite(grad)} in the gradient of input {position}. "
                + (f"The forward call was:\n{node.stack}" if node.stack else
                   "Put the forward pass inside detect_anomaly() too, to see where it was called.")
            )  # fmt: skip


def not_finite(x: np.ndarray) -> str:
    """How many values are lost and where: "2 of 12 values not finite, first nan at (0, 2),"."""
    bad = ~np.isfinite(x)
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    return f"{bad.sum()} of {x.size} values not finite, first {x[first]} at {first},"
