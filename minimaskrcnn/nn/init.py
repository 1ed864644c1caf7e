"""Initial weights: how wide to draw them so that signals neither die nor explode.

Every function takes a shape and one `numpy.random.Generator` and returns float32.
"""

from __future__ import annotations

import math

import numpy as np


def fan_in(shape: tuple[int, ...]) -> int:
    """How many inputs one output of a weight (O, I, ...) sums over."""
    return math.prod(shape[1:])


def kaiming_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Normal with variance 2 / fan_in: keeps the variance of a signal through a ReLU.

    Source: He et al. 2015, "Delving deep into rectifiers", eq. 10.
    """
    return normal(shape, math.sqrt(2.0 / fan_in(shape)), rng)


def lecun_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Normal with variance 1 / fan_in: keeps the variance of a signal that no ReLU follows.

    Source: LeCun et al. 1998, "Efficient backprop", section 4.6.
    """
    return normal(shape, math.sqrt(1.0 / fan_in(shape)), rng)


def normal(shape: tuple[int, ...], std: float, rng: np.random.Generator) -> np.ndarray:
    """Normal with mean 0 and the given standard deviation."""
    return (rng.standard_normal(shape, dtype=np.float32) * np.float32(std)).astype(np.float32)
