"""The backward pass of RoIAlign: each output hands its gradient to the cells that it has read."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn import kernels
from minimaskrcnn.exercises.drawing import draw_values
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.tasks.roi_align import EDGES, SAMPLES, SIDE, draw_bins
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.exercises.worlds import boxes_on

SIZE = (SIDE, SIDE)


def reference(grad: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The package's kernel, for one box of one picture."""
    roi = np.concatenate([[0], box])[None].astype(grad.dtype)  # (1, 5): picture, x1 y1 x2 y2
    shape = (1, len(grad), *size)
    return kernels.active().roi_align_backward(grad[None], roi, shape, 1.0, SAMPLES, True)[0]


def world() -> Iterator[Case]:
    """One bin on all boxes, then two channels of 2 x 2 bins."""
    for grad in (np.full((1, 1, 1), 4.0), np.array([[[1.0, 2], [3, 4]], [[4, 0], [0, 8]]])):
        for box in boxes_on(EDGES):
            yield grad, box, SIZE


def draw(ax: Axes, value: Any, grad: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> str:
    """The gradient of the first channel of the map, with the bins and their samples on it."""
    draw_values(ax, value[0])
    draw_bins(ax, box, grad.shape[1])
    total = in_words(float(value[0].sum()))
    return f"gradient of the map, sum {total}; arriving at the bins: {in_words(grad[0])}; red: the box"


def weights(low: float, high: float, bins: int, side: int) -> np.ndarray:
    """How much each cell of one axis counts in each sample: (bins * S, side)."""
    at = low - 0.5 + (np.arange(bins * SAMPLES) + 0.5) / (bins * SAMPLES) * (high - low)
    return np.maximum(1 - np.abs(at.clip(0, side - 1)[:, None] - np.arange(side)), 0)


def both_axes(box: np.ndarray, bins: int, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The weights along y and along x."""
    x1, y1, x2, y2 = box
    return weights(y1, y2, bins, size[0]), weights(x1, x2, bins, size[1])


def spread(grad: np.ndarray, by: int) -> np.ndarray:
    """Each gradient, divided by `by`, at all samples of its bin."""
    return (grad / by).repeat(SAMPLES, axis=1).repeat(SAMPLES, axis=2)


def not_divided(grad: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mean over four samples gives each of them a quarter."""
    rows, columns = both_axes(box, grad.shape[1], size)
    return rows.T @ spread(grad, by=1) @ columns


def nearest_cell_takes_all(grad: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The bilinear weights are forgotten."""
    rows, columns = (
        (w == w.max(axis=1, keepdims=True)).astype(float) for w in both_axes(box, grad.shape[1], size)
    )
    return rows.T @ spread(grad, by=SAMPLES**2) @ columns


def overwrites(grad: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`=` where it must be `+=`: a cell that was read twice keeps the last gradient only."""
    rows, columns = both_axes(box, grad.shape[1], size)
    share, out = spread(grad, by=SAMPLES**2), np.zeros((len(grad), *size))
    for s, row in enumerate(rows):
        for t, column in enumerate(columns):
            stamp = row[:, None] * column  # (H, W)
            out = np.where(stamp > 0, stamp * share[:, s, t, None, None], out)
    return out


def x_and_y_swapped(grad: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The right numbers in the transposed place."""
    rows, columns = both_axes(box, grad.shape[1], size)
    return columns.T @ spread(grad, by=SAMPLES**2) @ rows


def beyond_the_centres_is_lost(grad: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Samples that were clamped hand on only a part of their gradient."""

    def faded(low: float, high: float, side: int) -> np.ndarray:
        bins = grad.shape[1]
        at = low - 0.5 + (np.arange(bins * SAMPLES) + 0.5) / (bins * SAMPLES) * (high - low)
        return np.maximum(1 - np.abs(at[:, None] - np.arange(side)), 0)

    x1, y1, x2, y2 = box
    return faded(y1, y2, size[0]).T @ spread(grad, by=SAMPLES**2) @ faded(x1, x2, size[1])


EXERCISE = Exercise(
    name="roi_align_backward",
    task="Write my_roi_align_backward(grad, box, size): grad (C, bins, bins) is the gradient of the "
    "output of my_roi_align, size the (H, W) of the map; return the gradient of the map, (C, H, "
    "W). RoIAlign is linear in the map, so this is its transpose: each sample adds its share to "
    "the cells that it has read.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "Each of the 2 x 2 samples of a bin gets a quarter of its gradient: the output was their mean.",
        "A sample adds weight * share to each of its four cells, with the weights with which it read them.",
        "If the forward pass is A_y @ features @ A_x.T, the backward pass is A_y.T @ grad @ A_x.",
    ),
    wrong={
        "not divided by the number of samples": not_divided,
        "the nearest cell takes all": nearest_cell_takes_all,
        "a cell is overwritten": overwrites,
        "x and y are swapped": x_and_y_swapped,
        "gradient is lost beyond the centres": beyond_the_centres_is_lost,
    },
)
