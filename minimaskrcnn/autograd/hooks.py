"""Observers: `hook(fn)` calls fn(event) after every op, forward and backward. Three are built in.

An event holds plain arrays, so that an observer cannot disturb the graph.

>>> from minimaskrcnn import ops
>>> from minimaskrcnn.autograd import Tensor
>>> with hook(ShapeTrace()) as trace:
...     _ = ops.relu(Tensor(np.ones((2, 3), np.float32)))
>>> print(trace)
forward  ReLU  (2, 3) -> (2, 3)
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TextIO, TypeVar

import numpy as np

from minimaskrcnn.autograd.modes import changed, current


class Event(NamedTuple):
    """One op that has just run.

    Attributes
    ----------
    phase : "forward" or "backward"
    op : class name of the Function
    scope : "a/b" of the enclosing scopes ("" outside any); in backward that of the forward call
    inputs : forward: the arguments, arrays where Tensors were given; backward: gradient of each output
    outputs : forward: the outputs; backward: gradient of each input, None where there is none
    seconds : wall-clock time of the op's own forward or backward
    """

    phase: str
    op: str
    scope: str
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    seconds: float


Hook = TypeVar("Hook", bound=Callable[[Event], object])


@contextmanager
def hook(fn: Hook) -> Iterator[Hook]:
    """Call ``fn(event)`` after every op inside the block, and hand fn to ``as``."""
    with changed(hooks=(*current().hooks, fn)):
        yield fn


def emit(event: Event, hooks: tuple[Callable[[Event], object], ...]) -> None:
    """Show the event to every hook; ops that a hook runs itself are not observed."""
    with changed(hooks=()):
        for fn in hooks:
            fn(event)


class Timer:
    """Time and calls for each (phase, op); ``str(timer)`` is a table, slowest first."""

    def __init__(self) -> None:
        self.seconds: dict[tuple[str, str], float] = defaultdict(float)
        self.calls: dict[tuple[str, str], int] = defaultdict(int)

    def __call__(self, event: Event) -> None:
        """Add one op to the sums."""
        key = event.phase, event.op
        self.seconds[key] += event.seconds
        self.calls[key] += 1

    def __str__(self) -> str:
        rows = sorted(self.seconds.items(), key=lambda item: -item[1])
        lines = [f"{'phase':<9}{'op':<28}{'calls':>7}{'ms':>11}"]
        lines += [f"{p:<9}{op:<28}{self.calls[p, op]:>7}{1e3 * s:>11.3f}" for (p, op), s in rows]
        return "\n".join(lines)


class ShapeTrace:
    """Which op ran, on which shapes, in order; ``str(trace)`` is one line per op."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, event: Event) -> None:
        """Note one op."""
        self.lines.append(describe(event))

    def __str__(self) -> str:
        return "\n".join(self.lines)


class Printer:
    """Write one line per op as it happens: shapes, the range of the output, and NaNs if there are any."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream

    def __call__(self, event: Event) -> None:
        """Write the line of one op."""
        ranges = " ".join(_range(x) for x in event.outputs if isinstance(x, np.ndarray))
        print(f"{describe(event)}  {ranges}", file=self.stream or sys.stderr)


def describe(event: Event) -> str:
    """One line: phase, scope/op, input shapes -> output shapes."""
    name = f"{event.scope}/{event.op}" if event.scope else event.op
    return f"{event.phase:<8} {name}  {_shapes(event.inputs)} -> {_shapes(event.outputs)}"


def _shapes(values: tuple[Any, ...]) -> str:
    return " ".join(str(x.shape) for x in values if isinstance(x, np.ndarray))


def _range(x: np.ndarray) -> str:
    finite = x[np.isfinite(x)]
    text = f"[{finite.min():.4g}, {finite.max():.4g}]" if finite.size else "[]"
    lost = x.size - finite.size
    return f"{text} and {lost} not finite" if lost else text
