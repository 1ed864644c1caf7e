"""The editions of one kernel, written in different ways, must give one answer.

`assert_kernels_agree` asks one kernel one question. `assert_editions_agree` runs an op forward and backward,
notes every question it asks of the kernels, and puts each of them to all editions.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from minimaskrcnn import kernels
from minimaskrcnn.kernels import KERNELS, fast, plain, reference
from minimaskrcnn.kernels.registry import using
from minimaskrcnn.testing.case import Case, Op, run
from minimaskrcnn.testing.compare import difference

Answer = list[np.ndarray | None]
_WHO = "assert_kernels_agree"


def assert_kernels_agree(name: str, *arguments: Any) -> None:
    """Compare a kernel of the edition in use with that of every built-in edition.

    Integers, as an argmax or the boxes kept, must be equal; floats to the last digits of their precision.

    Parameters
    ----------
    name : such as "roi_align"
    *arguments : what the kernel takes, in order

    Raises
    ------
    AssertionError
        If the answers differ, or a kernel changed an argument.

    Examples
    --------
    >>> boxes = np.array([[0, 0, 4, 4], [0, 0, 4, 3], [5, 5, 6, 6]], np.float32)
    >>> assert_kernels_agree("nms", boxes, np.array([0.9, 0.8, 0.7], np.float32), 0.5)
    """
    mine = getattr(kernels.active(), name)
    ours = _ask(name, mine, arguments)
    for edition in (reference, plain, fast):
        other = getattr(edition, name)
        if other is not mine:
            _assert_same(name, mine, ours, other, _ask(name, other, arguments), arguments)


def _assert_same(
    name: str, mine: Callable, ours: Answer, other: Callable, theirs: Answer, arguments: tuple[Any, ...]
) -> None:
    """The answers of two kernels are equal in number and in each result."""
    if len(ours) != len(theirs):
        raise AssertionError(
            f"{_WHO}: {name} gives {len(ours)} results, that of {other.__module__} {len(theirs)}."
        )
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if text := _difference(a, b):
            raise AssertionError(
                f"{_WHO}: {name} of {mine.__module__} and {other.__module__} differ in result {i}: {text}. "
                f"Called with {Case(**{f'a{n}': v for n, v in enumerate(arguments)})!r}."
            )


def _difference(a: np.ndarray | None, b: np.ndarray | None) -> str | None:
    """As `difference`, for results that may be missing."""
    if a is None or b is None:
        return None if a is b else "one of them is None"
    return difference(a, b)


def _ask(name: str, kernel: Callable, arguments: tuple[Any, ...]) -> Answer:
    """The kernel's results as a list; it must leave its arguments alone."""
    before = [x.copy() if isinstance(x, np.ndarray) else x for x in arguments]
    answer = kernel(*arguments)
    for i, (x, y) in enumerate(zip(before, arguments, strict=True)):
        if isinstance(x, np.ndarray) and not np.array_equal(x, y, equal_nan=True):
            raise AssertionError(f"{_WHO}: {name} of {kernel.__module__} changed argument {i} in place.")
    return list(answer) if isinstance(answer, tuple) else [answer]


@contextmanager
def recorded() -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
    """Note each call of a kernel of the edition in use: its name and copies of its arguments."""
    calls: list[tuple[str, tuple[Any, ...]]] = []

    def noting(name: str, kernel: Callable) -> Callable:
        @functools.wraps(kernel)
        def call(*args: Any, **named: Any) -> Any:
            arguments = inspect.signature(kernel).bind(*args, **named).args
            calls.append((name, tuple(x.copy("K") if isinstance(x, np.ndarray) else x for x in arguments)))
            return kernel(*args, **named)

        return call

    edition = kernels.active()
    with using(SimpleNamespace(**{name: noting(name, getattr(edition, name)) for name in KERNELS})):
        yield calls


def assert_editions_agree(fn: Op, case: Case) -> None:
    """Put every question that the op asks of the kernels, forward and backward, to all editions.

    In float32 and float64; an op that asks none passes.
    """
    for dtype in (np.float32, np.float64):
        with recorded() as calls:
            run(fn, case.astype(dtype))
        for name, arguments in calls:
            assert_kernels_agree(name, *arguments)
