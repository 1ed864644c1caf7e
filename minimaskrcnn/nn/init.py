"""Initial weights: how wide to draw them so that signals neither die nor explode.

Every function takes a shape and returns float32; those that draw take one `numpy.random.Generator`, by
keyword. (In torch, functions of these names fill a tensor in place.)
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from contextvars import ContextVar

import numpy as np

_describing: ContextVar[bool] = ContextVar("describing", default=False)


@contextlib.contextmanager
def described() -> Iterator[None]:
    """Let the layers that are built inside have shapes, but no memory for their weights.

    >>> with described():
    ...     constant((10**9, 10**6), 1).strides
    (0, 0)
    """
    token = _describing.set(True)
    try:
        yield
    finally:
        _describing.reset(token)


def constant(shape: tuple[int, ...], value: float) -> np.ndarray:
    """The same value everywhere; inside `described` one number that is seen at every place."""
    if _describing.get():
        return np.broadcast_to(np.float32(value), shape)
    # Of zeros, unlike other values, the system gives memory only where it is written to.
    return np.full(shape, value, np.float32) if value else np.zeros(shape, np.float32)


def fan_in(shape: tuple[int, ...]) -> int:
    """How many inputs one output of a weight (O, I, ...) sums over."""
    return math.prod(shape[1:])


def kaiming_normal(shape: tuple[int, ...], *, rng: np.random.Generator) -> np.ndarray:
    """Draw from a normal of variance 2 / fan_in, which keeps the variance of a signal through a ReLU.

    Source: He et al. 2015, "Delving deep into rectifiers", eq. 10.
    """
    return normal(shape, std=math.sqrt(2.0 / fan_in(shape)), rng=rng)


def lecun_normal(shape: tuple[int, ...], *, rng: np.random.Generator) -> np.ndarray:
    """Draw from a normal of variance 1 / fan_in, which keeps the variance of a signal that no ReLU follows.

    Source: LeCun et al. 1998, "Efficient backprop", section 4.6.
    """
    return normal(shape, std=math.sqrt(1.0 / fan_in(shape)), rng=rng)


def normal(shape: tuple[int, ...], *, std: float, rng: np.random.Generator) -> np.ndarray:
    """Draw from a normal with mean 0 and the given standard deviation."""
    return (rng.standard_normal(shape, dtype=np.float32) * np.float32(std)).astype(np.float32)
