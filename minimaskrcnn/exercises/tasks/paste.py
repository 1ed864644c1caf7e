"""Paste a predicted mask into the picture: each pixel asks where its centre lies in the mask."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.masks import paste_masks_aligned
from minimaskrcnn.exercises.drawing import draw_values
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.worlds import boxes_on
from minimaskrcnn.viz.style import VERMILLION

SIZE = (4, 4)
EDGES = [0.0, 1.0, 1.5, 3.0, 3.25]
ONE = np.ones((1, 1))
QUARTERS = np.array([[1.0, 0.25], [0.5, 0.0]])


def reference(mask: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The package's function, for one mask."""
    return np.asarray(paste_masks_aligned(mask[None], box[None], size)[0])


def world() -> Iterator[Case]:
    """A mask of one cell in all boxes, then one of 2 x 2 cells."""
    for mask in (ONE, QUARTERS):
        for box in boxes_on(EDGES):
            yield mask, box, SIZE


def draw(ax: Axes, value: Any, mask: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> str:
    """The pasted mask, and the box on it."""
    draw_values(ax, value, low=0, high=1)
    x1, y1, x2, y2 = box - 0.5  # the picture puts the centre of pixel 0 at 0
    ax.plot([x1, x2, x2, x1, x1], [y1, y1, y2, y2, y1], color=VERMILLION, linewidth=2)
    return f"a mask of {len(mask)} x {len(mask)} in the red box; the sum is {value.sum():.3g}"


def paste(
    mask: np.ndarray,
    box: np.ndarray,
    size: tuple[int, int],
    centre: float = 0.5,
    cell: float = 0.5,
    weigh: Callable[[np.ndarray, int], np.ndarray] | None = None,
) -> np.ndarray:
    """The right rule, with its halves and its weights as arguments."""
    M = len(mask)

    def weights(low: float, high: float, side: int) -> np.ndarray:
        position = (np.arange(side) + centre - low) / (high - low) * M - cell  # of each pixel, in cells
        return (weigh or fading)(position, M)

    x1, y1, x2, y2 = box
    return weights(y1, y2, size[0]) @ mask @ weights(x1, x2, size[1]).T


def fading(position: np.ndarray, M: int) -> np.ndarray:
    """Linear weights that end one cell beyond the outermost centre: (pixels, M)."""
    return np.maximum(1 - np.abs(position[:, None] - np.arange(M)), 0)


def corner_of_the_pixel(mask: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A pixel is taken to be at x, not at x + 1/2."""
    return paste(mask, box, size, centre=0)


def corner_of_the_cell(mask: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The value of a cell is taken to stand at its corner."""
    return paste(mask, box, size, cell=0)


def box_is_rounded(mask: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Each edge is moved to a whole pixel first."""
    x1, y1, x2, y2 = np.floor(box + 0.5)
    return paste(mask, np.array([x1, y1, max(x2, x1 + 1), max(y2, y1 + 1)]), size)


def nearest(mask: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The nearest cell, and nothing outside the box."""

    def weigh(position: np.ndarray, M: int) -> np.ndarray:
        return (np.abs(position[:, None] - np.arange(M)) < 0.5).astype(float)

    return paste(mask, box, size, weigh=weigh)


def never_ends(mask: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Positions are clamped to the mask: its border is continued over the whole picture."""
    return paste(mask, box, size, weigh=lambda position, M: fading(position.clip(0, M - 1), M))


def x_and_y_swapped(mask: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The box is taken as y1 x1 y2 x2."""
    return paste(mask, box[[1, 0, 3, 2]], size)


EXERCISE = Exercise(
    name="paste",
    task="Write my_paste(mask, box, size): mask (M, M) holds probabilities, box (4,) x1 y1 x2 y2 is in "
    "pixels, size is the (h, w) of the picture; return (h, w). The centre of pixel x, at x + 1/2, "
    "lies at cell (x + 1/2 - x1) / (x2 - x1) * M - 1/2 of the mask. Between the cells the value "
    "is bilinear, and it fades to 0 within one cell of the outermost.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "Do one axis first: positions of all pixels, in cells, from the formula of the task.",
        "The weight of cell j for a position p is max(1 - |p - j|, 0). It fades to 0 by itself.",
        "With weights of shape (h, M) and (w, M) the picture is weights_y @ mask @ weights_x.T.",
    ),
    wrong={
        "the corner of the pixel": corner_of_the_pixel,
        "the corner of the cell": corner_of_the_cell,
        "the box is rounded": box_is_rounded,
        "the nearest cell": nearest,
        "the border never ends": never_ends,
        "x and y are swapped": x_and_y_swapped,
    },
)
