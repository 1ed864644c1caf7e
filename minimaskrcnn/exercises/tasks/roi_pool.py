"""RoIPool of one box: the rule of one axis along both, and the largest cell of each bin."""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn import kernels
from minimaskrcnn.exercises.drawing import draw_values
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.tasks.roi_align import MAP
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.exercises.worlds import intervals
from minimaskrcnn.viz.style import VERMILLION

EDGES = [0.0, 0.5, 1.25, 2.5, 3.0, 4.75]
BINS = (1, 2)
Axis = Callable[[float, float, int], list[tuple[int, int]]]
"""The first cell of each bin along one axis, and the first one after it."""


def reference(features: np.ndarray, box: np.ndarray, bins: int) -> np.ndarray:
    """The package's kernel, for one box of one picture."""
    roi = np.concatenate([[0], box])[None].astype(features.dtype)  # (1, 5): picture, x1 y1 x2 y2
    return kernels.active().roi_pool(features[None], roi, (bins, bins), 1.0)[0][0]


def world() -> Iterator[Case]:
    """Two channels of 4 x 4 cells, and all boxes on a few edges; one bin, then 2 x 2."""
    sides = sorted(intervals(EDGES), key=lambda side: side[1])
    for bins, (y1, y2), (x1, x2) in itertools.product(BINS, sides, sides):
        yield MAP, np.array([x1, y1, x2, y2]), bins


def draw(ax: Axes, value: Any, features: np.ndarray, box: np.ndarray, bins: int) -> str:
    """The first channel with the box on it, in cells: here cell i stands at i."""
    draw_values(ax, features[0])
    x1, y1, x2, y2 = box
    ax.plot([x1, x2, x2, x1, x1], [y1, y1, y2, y2, y1], color=VERMILLION, linewidth=2)
    outputs = " and ".join(in_words(channel) for channel in value)
    return f"output {outputs}; red: the box in the first channel, before rounding"


def both_ends(low: float, high: float, bins: int) -> list[tuple[int, int]]:
    """The right rule: both ends rounded, the end cell included, bins that may overlap."""
    first, last = math.floor(low + 0.5), math.floor(high + 0.5)
    cells = last - first + 1
    return [(first + b * cells // bins, first - (-(b + 1) * cells // bins)) for b in range(bins)]


def end_cell_left_out(low: float, high: float, bins: int) -> list[tuple[int, int]]:
    """The box ends before its last cell."""
    return both_ends(low, max(high - 1, low), bins)


def pool(
    features: np.ndarray, box: np.ndarray, bins: int, axis: Axis = both_ends, reduce: Any = np.max
) -> np.ndarray:
    """The largest cell of each bin, or 0 for a bin off the map."""
    x1, y1, x2, y2 = (float(c) for c in box)
    out = np.zeros((len(features), bins, bins), features.dtype)
    for i, (top, bottom) in enumerate(axis(y1, y2, bins)):
        for j, (left, right) in enumerate(axis(x1, x2, bins)):
            cells = features[:, max(top, 0) : bottom, max(left, 0) : right]
            out[:, i, j] = reduce(cells, axis=(1, 2)) if cells.size else 0
    return out


def without_the_end_cell(features: np.ndarray, box: np.ndarray, bins: int) -> np.ndarray:
    """One row and one column are missing."""
    return pool(features, box, bins, axis=end_cell_left_out)


def x_and_y_swapped(features: np.ndarray, box: np.ndarray, bins: int) -> np.ndarray:
    """`features[:, x, y]`."""
    return pool(features, box[[1, 0, 3, 2]], bins)


def output_transposed(features: np.ndarray, box: np.ndarray, bins: int) -> np.ndarray:
    """The right numbers, with rows and columns of the bins exchanged."""
    return pool(features, box, bins).swapaxes(1, 2)


def mean_for_maximum(features: np.ndarray, box: np.ndarray, bins: int) -> np.ndarray:
    """The mean of the cells."""
    return pool(features, box, bins, reduce=np.mean)


def one_maximum_for_all_channels(features: np.ndarray, box: np.ndarray, bins: int) -> np.ndarray:
    """The largest cell over the channels too."""
    return np.repeat(pool(features, box, bins).max(axis=0, keepdims=True), len(features), axis=0)


def off_the_map(features: np.ndarray, box: np.ndarray, bins: int) -> np.ndarray:
    """The largest of no cells is an error."""
    x1, y1, x2, y2 = (float(c) for c in box)
    rows, columns = both_ends(y1, y2, bins), both_ends(x1, x2, bins)
    grid = [[features[:, t:b, left:r].max(axis=(1, 2)) for left, r in columns] for t, b in rows]
    return np.moveaxis(np.array(grid), 2, 0)


EXERCISE = Exercise(
    name="roi_pool",
    task="Write my_roi_pool(features, box, bins): features (C, H, W), box (4,) x1 y1 x2 y2 in cells; return "
    "(C, bins, bins). Along y and along x the rule is that of my_roi_pool_1d, and an output is the "
    "largest cell of its bin in its own channel; 0 for a bin that lies off the map.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "Write a helper that returns the (first, after the last) cell of each bin along one axis. Use it "
        "twice.",
        "features[:, top:bottom, left:right].max(axis=(1, 2)) is one output of all channels: (C,).",
        "The slice is empty where a bin lies off the map. Begin with an output of zeros, and skip such bins.",
    ),
    wrong={
        "without the end cell": without_the_end_cell,
        "x and y are swapped": x_and_y_swapped,
        "the output is transposed": output_transposed,
        "the mean for the maximum": mean_for_maximum,
        "one maximum for all channels": one_maximum_for_all_channels,
        "a bin off the map": off_the_map,
    },
)
