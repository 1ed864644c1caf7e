"""Switches that hold inside a `with` block: no_grad, detect_anomaly, scope.

All of them are one immutable record in a context variable, so that threads do not disturb each other
and an op looks up its surroundings once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple


class AnomalyError(ArithmeticError):
    """A value or a gradient stopped being finite while `detect_anomaly()` was on."""


class Modes(NamedTuple):
    """What surrounds an op while it runs."""

    grad: bool = True
    anomaly: bool = False
    scope: str = ""
    hooks: tuple[Callable[[Any], object], ...] = ()


_current: ContextVar[Modes] = ContextVar("modes", default=Modes())  # noqa: B039 (a NamedTuple is immutable)

current = _current.get


@contextmanager
def changed(**settings: Any) -> Iterator[None]:
    """Run the block with some of the modes replaced."""
    token = _current.set(_current.get()._replace(**settings))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def no_grad() -> Iterator[None]:
    """Record no graph: results of ops have ``requires_grad=False`` and hold nothing. Also a decorator.

    Examples
    --------
    >>> from minimaskrcnn.autograd import Tensor
    >>> with no_grad():
    ...     print((Tensor([1.0], requires_grad=True) * 2).requires_grad)
    False
    """
    with changed(grad=False):
        yield


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Stop at the first op whose output, or whose gradient, is not finite.

    The `AnomalyError` names the op and its scope; when it is raised in ``backward`` it also carries the
    stack of the forward call that made the node. Slow: every array is read once more.
    """
    with changed(anomaly=True):
        yield


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Name the ops of this block; scopes nest to "roi_heads/mask_head".

    Hooks, anomaly messages and the graph printers use the name.
    """
    outer = current().scope
    with changed(scope=f"{outer}/{name}" if outer else name):
        yield
