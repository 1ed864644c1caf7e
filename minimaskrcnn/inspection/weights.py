"""The weights of a model in numbers: where they lie, and which channels are dead.

A channel is dead when every weight that makes it is next to nothing beside those of its layer: it answers
the same whatever the picture holds. A layer all of one value was never trained or loaded.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

NOTHING = 1e-3  # of the layer's median channel: a channel whose weights are smaller is dead


@dataclass(frozen=True)
class WeightStatistics:
    """One parameter in numbers.

    Attributes
    ----------
    name : as in the state dict
    shape : tuple of int
    low, high, mean, spread : least, greatest, mean and standard deviation
    dead : channels along the first axis that are dead; of a vector 0, unless all its values are equal
    flag : "dead?" where every channel is dead or every value the same, "some dead" where a few are, else ""
    """

    name: str
    shape: tuple[int, ...]
    low: float
    high: float
    mean: float
    spread: float
    dead: int
    flag: str


def weight_statistics(model: Any) -> list[WeightStatistics]:
    """Statistics of every parameter of a module, in the order of the state dict."""
    return [_statistics(name, parameter.data) for name, parameter in model.named_parameters()]


def dead_channels(weight: np.ndarray) -> np.ndarray:
    """Which output channels (first axis) of a weight (O, ...) are dead: (O,) bool.

    >>> dead_channels(np.array([[0.5, 1.0], [0.0, 0.0], [-1.0, 0.2]]))
    array([False,  True, False])
    """
    size = np.abs(weight).reshape(len(weight), -1).max(axis=1)  # (O, ...) -> (O,)
    return size <= NOTHING * np.median(size)


def _statistics(name: str, values: np.ndarray) -> WeightStatistics:
    same = bool(values.size) and values.min() == values.max()
    dead = int(dead_channels(values).sum()) if values.ndim > 1 else 0
    # A bias that is still zero and a norm that is still one are all of one value, as they were initialised.
    wholly = same or (values.ndim > 1 and dead == len(values))
    flag = "dead?" if wholly else "some dead" if dead else ""
    numbers = (values.min(), values.max(), values.mean(dtype=np.float64), values.std(dtype=np.float64))
    low, high, mean, spread = map(float, numbers)
    return WeightStatistics(name, values.shape, low, high, mean, spread, dead, flag)
