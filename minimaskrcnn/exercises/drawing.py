"""Draw a counterexample: what is expected on the left, what the answer returned on the right."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from minimaskrcnn.exercises.exercise import Exercise
from minimaskrcnn.exercises.result import Counterexample
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.viz.style import BLUE, GREY, MAP, ORANGE, halo, headline, panels, show_message

COLOURS = (ORANGE, BLUE, "#009E73", "#CC79A7")


def draw_counterexample(exercise: Exercise, found: Counterexample) -> Figure:
    """Two panels in the same frame, so that the difference is what one sees."""
    figure, (left, right) = panels(1, 2, *exercise.panel)
    headline(left, exercise.titles[0], exercise.draw_expected(left, found.expected, found.case))
    try:
        see = exercise.draw_got(right, _like(found.got, found.expected), found.case)
    except Exception:  # what a wrong answer returned may be anything, and need not have a picture
        right.cla()
        right.set_xticks([])
        right.set_yticks([])
        show_message(right, "no picture")
        see = found.fault
    headline(right, exercise.titles[1], see)
    return figure


def _like(got: Any, expected: Any) -> Any:
    """`got` as an array where the expected value is one; raises if it cannot be."""
    if got is None:
        raise ValueError("there is no value")
    if isinstance(expected, tuple):
        return tuple(map(_like, got, expected))
    if isinstance(expected, str):
        return got
    array = np.asarray(got)
    if array.ndim != np.ndim(expected):
        raise ValueError("another shape")
    return array if isinstance(expected, np.ndarray) else array.item()


def draw_grid(ax: Axes, size: int | tuple[int, int]) -> None:
    """A frame for boxes on a grid of (height, width) pixels, y downwards."""
    height, width = (size, size) if isinstance(size, int) else size
    ax.set_xlim(-0.15, width + 0.15)
    ax.set_ylim(height + 0.15, -0.15)
    ax.set_xticks(range(width + 1))
    ax.set_yticks(range(height + 1))
    ax.tick_params(labelsize=7, length=0, pad=-9 if width > 12 else -8, colors=GREY)
    ax.grid(color="#DDDDDD", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.set_aspect("equal")


def draw_box(
    ax: Axes, box: Any, colour: str, name: str = "", filled: float = 0.15, dashed: bool = False
) -> None:
    """One box (x1, y1, x2, y2); its name stands at the upper left, or at the lower right if it is dashed."""
    x1, y1, x2, y2 = (float(c) for c in box)
    ax.fill([x1, x2, x2, x1], [y1, y1, y2, y2], color=colour, alpha=filled, linewidth=0)
    ax.plot([x1, x2, x2, x1, x1], [y1, y1, y2, y2, y1], "--" if dashed else "-", color=colour, linewidth=2)
    at, by, ha, va = ((x2, y2), (-4, 4), "right", "bottom") if dashed else ((x1, y1), (4, -4), "left", "top")
    ax.annotate(name, at, by, textcoords="offset points", ha=ha, va=va, color=colour, weight="bold")


def draw_values(ax: Axes, values: np.ndarray, low: float | None = None, high: float | None = None) -> None:
    """A small array (H, W), or (W,) as one row, as cells with their numbers in them."""
    cells = np.atleast_2d(np.asarray(values, float))
    image = ax.imshow(cells, cmap=MAP, vmin=low, vmax=high, interpolation="nearest", aspect="equal")
    middle = sum(image.get_clim()) / 2
    size = max(5.0, min(11.0, 40 / max(cells.shape)))
    for (row, column), value in np.ndenumerate(cells):
        ink = "black" if value > middle else "white"
        ax.text(column, row, in_words(float(value)), ha="center", va="center", color=ink, fontsize=size)
    ax.set_xticks([])
    ax.set_yticks([])


def colours(count: int) -> Sequence[str]:
    """As many colours as there are boxes, in a fixed order."""
    return [COLOURS[index % len(COLOURS)] for index in range(count)]


def draw_matrix(
    ax: Axes, values: np.ndarray, row_name: str, column_name: str, framed: Sequence[tuple[int, int]] = ()
) -> None:
    """A small matrix with named rows and columns, and a frame around some of its cells."""
    draw_values(ax, values)
    for row, column in framed:
        frame = Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, fill=False, edgecolor=ORANGE, linewidth=3)
        ax.add_patch(frame)
    quiet: dict[str, Any] = {"fontsize": 7, "color": "white", "path_effects": halo(2)}
    for row in range(values.shape[0]):
        ax.text(-0.44, row - 0.42, f"{row_name} {row}", va="top", **quiet)
    for column in range(values.shape[1]):
        place = (column + 0.44, values.shape[0] - 0.56)
        ax.text(*place, f"{column_name} {column}", ha="right", va="bottom", **quiet)
