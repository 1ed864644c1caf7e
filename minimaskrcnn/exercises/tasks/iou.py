"""Intersection over union of two boxes: the common area, divided by the area that either covers."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.exercises.drawing import draw_box, draw_grid
from minimaskrcnn.exercises.exercise import Exercise
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.exercises.worlds import pairs_of_boxes
from minimaskrcnn.viz.style import BLUE, ORANGE

SIDE = 3  # of the grid, in pixels


def reference(a: np.ndarray, b: np.ndarray) -> float:
    """The package's function for all pairs, asked for one."""
    return float(box_iou(a[None], b[None])[0, 0])


def draw(ax: Axes, value: Any, a: np.ndarray, b: np.ndarray) -> str:
    """Both boxes; the value is in the words."""
    draw_grid(ax, SIDE)
    draw_box(ax, a, ORANGE, "a")
    draw_box(ax, b, BLUE, "b", dashed=True)
    return f"IoU {in_words(value)}"


def common_area(a: np.ndarray, b: np.ndarray, least: float = 0, more: float = 0) -> float:
    """Area of the part that both boxes cover; `more` is added to every side."""
    width = min(a[2], b[2]) - max(a[0], b[0]) + more
    height = min(a[3], b[3]) - max(a[1], b[1]) + more
    return max(width, least) * max(height, least)


def area(box: np.ndarray, more: float = 0) -> float:
    """Width times height."""
    return (box[2] - box[0] + more) * (box[3] - box[1] + more)


def sides_not_clamped(a: np.ndarray, b: np.ndarray) -> float:
    """Two negative sides make a positive area."""
    common = common_area(a, b, least=-np.inf)
    return common / (area(a) + area(b) - common)


def last_pixel_included(a: np.ndarray, b: np.ndarray) -> float:
    """The old convention, in which a box ends at the index of its last pixel."""
    common = common_area(a, b, more=1)
    return common / (area(a, 1) + area(b, 1) - common)


def sum_for_union(a: np.ndarray, b: np.ndarray) -> float:
    """The common part is counted twice."""
    return common_area(a, b) / (area(a) + area(b))


def over_the_smaller(a: np.ndarray, b: np.ndarray) -> float:
    """The share of the smaller box that is covered."""
    return common_area(a, b) / min(area(a), area(b))


EXERCISE = Exercise(
    name="iou",
    task="Write my_iou(a, b): the intersection over union of two boxes. a and b are float arrays (4,), "
    "x1 y1 x2 y2, and have an area; return one number in [0, 1].",
    reference=reference,
    world=lambda: pairs_of_boxes(list(range(SIDE + 1))),
    draw=draw,
    hints=(
        "The common part is a box too. Its left edge is the larger one of the two left edges.",
        "Where the boxes do not meet, its width or its height is negative. Which area should count then?",
        "The union is area(a) + area(b) - common, because the sum counts the common part twice.",
    ),
    wrong={
        "sides are not clamped at 0": sides_not_clamped,
        "the last pixel is included": last_pixel_included,
        "the sum for the union": sum_for_union,
        "divided by the smaller area": over_the_smaller,
    },
)
