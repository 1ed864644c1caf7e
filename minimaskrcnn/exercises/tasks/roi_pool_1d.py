"""RoIPool along one axis: round both ends, divide into bins of whole cells, keep the largest cell of each."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn import kernels
from minimaskrcnn.exercises.drawing import draw_values
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.viz.style import VERMILLION

VALUES = np.array([3.0, 1, 4, 1.5, 5, 9])
ENDS = (0.0, 0.5, 1.0, 1.75, 2.5, 3.0, 4.25, 5.0, 6.5)


def reference(values: np.ndarray, start: float, end: float, bins: int) -> np.ndarray:
    """The package's kernel, on a map of one row."""
    roi = np.array([[0, start, 0, end, 0]], values.dtype)  # (1, 5): picture, x1 y1 x2 y2
    return kernels.active().roi_pool(values[None, None, None], roi, (1, bins), 1.0)[0][0, 0, 0]


def world() -> Iterator[Case]:
    """All pairs of ends, with one to three bins."""
    for bins in (1, 2, 3):
        for start, end in itertools.combinations_with_replacement(ENDS, 2):
            yield VALUES, start, end, bins


def draw(ax: Axes, value: Any, values: np.ndarray, start: float, end: float, bins: int) -> str:
    """The row of cells, and the box as a line below it."""
    draw_values(ax, values)
    ax.plot([start, end], [0.62, 0.62], color=VERMILLION, linewidth=3, clip_on=False)
    ax.plot([start, end], [0.62, 0.62], "|", color=VERMILLION, markersize=12, clip_on=False)
    return f"bins {in_words(value)}; the red line is the box, before rounding"


def nearest(coordinate: float) -> int:
    """The nearest whole number, halves upwards."""
    return math.floor(coordinate + 0.5)


def pooled(
    values: np.ndarray, first: int, cells: int, bins: int, reduce: Any = np.max, end: Any = math.ceil
) -> np.ndarray:
    """The largest of each of `bins` bins over `cells` cells from `first`; 0 for a bin off the map."""
    out = np.zeros(bins, values.dtype)
    for b in range(bins):
        low, high = first + math.floor(b * cells / bins), first + end((b + 1) * cells / bins)
        inside = values[max(low, 0) : max(high, 0)]
        out[b] = reduce(inside) if len(inside) else 0
    return out


def end_cell_is_left_out(values: np.ndarray, start: float, end: float, bins: int) -> np.ndarray:
    """The box ends before its last cell."""
    return pooled(values, nearest(start), max(nearest(end) - nearest(start), 1), bins)


def not_rounded_but_cut(values: np.ndarray, start: float, end: float, bins: int) -> np.ndarray:
    """`int` cuts off the fraction."""
    return pooled(values, int(start), int(end) - int(start) + 1, bins)


def halves_to_the_even(values: np.ndarray, start: float, end: float, bins: int) -> np.ndarray:
    """Python's `round(2.5)` is 2, and `round(0.5)` is 0."""
    return pooled(values, round(start), round(end) - round(start) + 1, bins)


def bins_do_not_overlap(values: np.ndarray, start: float, end: float, bins: int) -> np.ndarray:
    """Both ends of a bin are rounded down: a bin may be empty."""
    return pooled(values, nearest(start), nearest(end) - nearest(start) + 1, bins, end=math.floor)


def mean_for_maximum(values: np.ndarray, start: float, end: float, bins: int) -> np.ndarray:
    """The mean of the cells."""
    return pooled(values, nearest(start), nearest(end) - nearest(start) + 1, bins, reduce=np.mean)


def off_the_map(values: np.ndarray, start: float, end: float, bins: int) -> np.ndarray:
    """The largest of no cells is an error."""
    first, cells = nearest(start), nearest(end) - nearest(start) + 1
    edges = [
        (first + math.floor(b * cells / bins), first + math.ceil((b + 1) * cells / bins)) for b in range(bins)
    ]
    return np.array([values[low:high].max() for low, high in edges])


EXERCISE = Exercise(
    name="roi_pool_1d",
    task="Write my_roi_pool_1d(values, start, end, bins): values (W,) are cells, start and end the two "
    "coordinates of a box, in cells. Round both to the nearest cell, halves upwards; the box has n = "
    "end - start + 1 cells. Bin b reads the cells from floor(b n / bins) up to, but not including, "
    "ceil((b + 1) n / bins), counted from the start. Return the largest of each, (bins,), and 0 for a "
    "bin that lies off the map.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "Python's round goes to the even number at halves. np.floor(x + 0.5) goes upwards.",
        "With 5 cells and 3 bins the bins are cells 0-1, 1-3 and 3-4: they overlap, because floor and ceil "
        "differ.",
        "A slice beyond the end is empty, and max of nothing raises: write 0 there.",
    ),
    wrong={
        "the end cell is left out": end_cell_is_left_out,
        "the fraction is cut off": not_rounded_but_cut,
        "halves go to the even number": halves_to_the_even,
        "bins do not overlap": bins_do_not_overlap,
        "the mean for the maximum": mean_for_maximum,
        "a bin off the map": off_the_map,
    },
    panel=(3.1, 1.6),
)
