"""Bilinear interpolation: the value between four cells, each weighed by how near it is."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn import kernels
from minimaskrcnn.exercises.drawing import draw_values
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.viz.style import VERMILLION, halo

MAPS = (
    np.array([[1.0, 3.0]]),
    np.array([[1.0], [3.0]]),
    np.array([[0.0, 4.0], [8.0, 20.0]]),
    np.array([[3.0, 1, 4], [1, 5, 9], [2, 6, 5]]),
)
STEP = 0.25


def reference(values: np.ndarray, y: float, x: float) -> float:
    """The package's RoIAlign with one bin of one sample, around the point."""
    roi = np.array([[0, x - 0.5, y - 0.5, x + 0.5, y + 0.5]], values.dtype)  # (1, 5): picture, x1 y1 x2 y2
    return float(kernels.active().roi_align(values[None, None], roi, (1, 1), 1.0, 1, False)[0, 0, 0, 0])


def world() -> Iterator[Case]:
    """Every quarter of a cell on four small maps."""
    for values in MAPS:
        height, width = values.shape
        for y, x in itertools.product(
            np.arange(0, height - 1 + STEP, STEP), np.arange(0, width - 1 + STEP, STEP)
        ):
            if y <= height - 1 and x <= width - 1:
                yield values, float(y), float(x)


def draw(ax: Axes, value: Any, values: np.ndarray, y: float, x: float) -> str:
    """The map, and the point on it."""
    draw_values(ax, values)
    ax.plot(x, y, "o", color=VERMILLION, markersize=8, path_effects=halo(1.5))
    return f"{in_words(value)} at the red point, y {y:g}, x {x:g}"


def corners(values: np.ndarray, y: float, x: float) -> tuple[np.ndarray, float, float]:
    """The four cells around a point (2, 2), and how far the point lies below and right of the first."""
    top, left = int(y), int(x)
    rows = values.take([top, top + 1], axis=0, mode="clip")
    return rows.take([left, left + 1], axis=1, mode="clip"), y - top, x - left


def x_and_y_swapped(values: np.ndarray, y: float, x: float) -> float:
    """`values[x, y]`."""
    cells, below, right = corners(values, x, y)
    return np.array([1 - below, below]) @ cells @ np.array([1 - right, right])


def weights_exchanged(values: np.ndarray, y: float, x: float) -> float:
    """The near cell gets the weight of the far one."""
    cells, below, right = corners(values, y, x)
    return np.array([below, 1 - below]) @ cells @ np.array([right, 1 - right])


def nearest(values: np.ndarray, y: float, x: float) -> float:
    """The nearest cell alone."""
    return values[int(y + 0.5), int(x + 0.5)]


def beyond_the_last_cell(values: np.ndarray, y: float, x: float) -> float:
    """On the last row there is no next one."""
    top, left = int(y), int(x)
    below, right = y - top, x - left
    upper = (1 - right) * values[top, left] + right * values[top, left + 1]
    lower = (1 - right) * values[top + 1, left] + right * values[top + 1, left + 1]
    return (1 - below) * upper + below * lower


def plain_mean(values: np.ndarray, y: float, x: float) -> float:
    """The mean of the four cells, wherever the point lies between them."""
    return corners(values, y, x)[0].mean()


def half_a_cell_off(values: np.ndarray, y: float, x: float) -> float:
    """As if the values stood at i + 1/2; here cell i stands at i."""
    height, width = values.shape
    return reference(values, min(max(y - 0.5, 0), height - 1), min(max(x - 0.5, 0), width - 1))


EXERCISE = Exercise(
    name="bilinear",
    task="Write my_bilinear(values, y, x): values (H, W), where cell (i, j) stands at y = i, x = j; 0 <= y "
    "<= H - 1 and 0 <= x <= W - 1. Return the value at (y, x), one number: linear between neighbouring "
    "cells, along both axes.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "int(y) is the row above, int(x) the column to the left. How far is the point from them?",
        "With a = y - int(y) the rows count (1 - a) and a. The columns likewise; multiply the two weights.",
        "At y = H - 1 the row below does not exist, and counts 0: min(int(y) + 1, H - 1) keeps the index "
        "inside.",
    ),
    wrong={
        "x and y are swapped": x_and_y_swapped,
        "the weights are exchanged": weights_exchanged,
        "the nearest cell": nearest,
        "beyond the last cell": beyond_the_last_cell,
        "the mean of four": plain_mean,
        "half a cell off": half_a_cell_off,
    },
)
