"""The editions of one kernel, written in different ways, must give one answer.

`assert_kernels_agree` asks one kernel one question. `assert_editions_agree` runs an op forward and backward,
notes every question it asks of the kernels, and puts each of them to all editions; then it does so again with
a NaN and an infinity among the numbers.

What is not finite may spread further in one edition than in another, because 0 * NaN is NaN: Winograd's
algorithm mixes the cells of a tile, and a product of matrices multiplies the cells of a map that a RoI does
not read by 0. `SPREADING` names these kernels. A NaN or an infinity of the reference is never lost.
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

SPREADING = frozenset(
    name for name in KERNELS if name.startswith(("conv", "resize_bilinear", "roi_align", "roi_features"))
)
"""Kernels that add products of numbers and weights: where they are not finite is decided by the algorithm."""

Answer = list[np.ndarray | None]
_WHO = "assert_kernels_agree"


def assert_kernels_agree(name: str, *arguments: Any) -> None:
    """Compare a kernel of the edition in use with that of every built-in edition.

    Integers, as an argmax or the boxes kept, must be equal; floats to the last digits of their precision, and
    NaN and infinity in the same places. A kernel in `SPREADING` may give NaN or infinity at more places than
    the reference, never at fewer.

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
            theirs = _ask(name, other, arguments)
            _assert_same(name, mine, ours, other, theirs, arguments)
            if edition is reference and name in SPREADING:
                _assert_none_lost(name, mine, ours, theirs)


def _assert_none_lost(name: str, mine: Callable[..., Any], ours: Answer, truth: Answer) -> None:
    """Where the reference is not finite, the kernel is not either."""
    for i, (a, b) in enumerate(zip(ours, truth, strict=True)):
        if a is not None and b is not None and (lost := np.isfinite(a) & ~np.isfinite(b)).any():
            where = [int(k) for k in np.argwhere(lost)[0]]
            raise AssertionError(
                f"{_WHO}: {name} of {mine.__module__} loses a NaN or an infinity: result {i} at {where} is "
                f"{a[tuple(where)]:.9g}, but the reference gives {b[tuple(where)]}."
            )


def _assert_same(
    name: str,
    mine: Callable[..., Any],
    ours: Answer,
    other: Callable[..., Any],
    theirs: Answer,
    arguments: tuple[Any, ...],
) -> None:
    """The answers of two kernels are equal in number and in each result."""
    if len(ours) != len(theirs):
        raise AssertionError(
            f"{_WHO}: {name} gives {len(ours)} results, that of {other.__module__} {len(theirs)}."
        )
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if text := _difference(a, b, name in SPREADING):
            raise AssertionError(
                f"{_WHO}: {name} of {mine.__module__} and {other.__module__} differ in result {i}: {text}. "
                f"Called with {Case(**{f'a{n}': v for n, v in enumerate(arguments)})!r}."
            )


def _difference(a: np.ndarray | None, b: np.ndarray | None, spreading: bool) -> str | None:
    """As `difference`, for results that may be missing; of a kernel in `SPREADING` where both are finite."""
    if a is None or b is None:
        return None if a is b else "one of them is None"
    if spreading and a.shape == b.shape:
        finite = np.isfinite(a) & np.isfinite(b)
        a, b = (np.where(finite, x, x.dtype.type(0)) for x in (a, b))
    return difference(a, b)


def _ask(name: str, kernel: Callable[..., Any], arguments: tuple[Any, ...]) -> Answer:
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

    def noting(name: str, kernel: Callable[..., Any]) -> Callable[..., Any]:
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

    In float32 and float64, and in float32 with a NaN and an infinity; an op that asks none passes.
    """
    for sample in (case.astype(np.float32), case.astype(np.float64), not_finite(case.astype(np.float32))):
        with recorded() as calls:
            run(fn, sample)
        with np.errstate(all="ignore"):
            for name, arguments in calls:
                assert_kernels_agree(name, *arguments)


def not_finite(case: Case) -> Case:
    """The same call with a NaN and an infinity in the first tensor, at places that its shape decides."""
    first, *others = case.tensors
    spoilt = first.copy("K")
    if spoilt.size:
        rng = np.random.default_rng(spoilt.shape)
        for value in (np.nan, np.inf):
            spoilt.flat[rng.integers(spoilt.size)] = value
    return Case(spoilt, *others, **case.arguments)
