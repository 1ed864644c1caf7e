"""The table of runners: for each op named in a manifest, a function that makes the same call here.

A runner takes a `Case` and answers {"o.NAME": output, "g.NAME": gradient} for everything recorded. It reads
shapes and settings from the case, never from its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from minimaskrcnn.autograd import Tensor

from .golden import Case

Answer = dict[str, np.ndarray]


@dataclass(frozen=True)
class Runner:
    """How to run an op, and whether it goes through the kernels (and so is run on every edition)."""

    run: Callable[[Case], Answer]
    kernels: bool


RUNNERS: dict[str, Runner] = {}


def runner(*ops: str, kernels: bool = True) -> Callable:
    """Enter a function into the table under the names of the ops it runs."""

    def enter(run: Callable[[Case], Answer]) -> Callable[[Case], Answer]:
        RUNNERS.update({op: Runner(run, kernels) for op in ops})
        return run

    return enter


def with_gradients(case: Case, y: Tensor, leaves: Iterable[str], tensors: Iterable[Tensor | None]) -> Answer:
    """The output y, and the gradients of `leaves` for the recorded upstream gradient "up"."""
    y.backward(case.input("up"))
    return {"o.y": y.data, **gradients(leaves, tensors)}


def gradients(names: Iterable[str], tensors: Iterable[Tensor | None]) -> Answer:
    """The gradients that arrived, by name; zeros where none did."""
    return {
        f"g.{name}": np.zeros_like(t.data) if t.grad is None else t.grad
        for name, t in zip(names, tensors, strict=True)
        if t is not None
    }
