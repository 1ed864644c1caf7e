"""Generalised IoU: the IoU less the share of the enclosing box that neither box covers."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.boxes import generalized_box_iou
from minimaskrcnn.exercises.drawing import draw_box
from minimaskrcnn.exercises.exercise import Exercise
from minimaskrcnn.exercises.tasks import iou
from minimaskrcnn.exercises.tasks.iou import SIDE, area, common_area
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.exercises.worlds import pairs_of_boxes
from minimaskrcnn.viz.style import GREY


def reference(a: np.ndarray, b: np.ndarray) -> float:
    """The package's function for all pairs, asked for one."""
    return float(generalized_box_iou(a[None], b[None])[0, 0])


def draw(ax: Axes, value: Any, a: np.ndarray, b: np.ndarray) -> str:
    """Both boxes, and in grey the box around them."""
    iou.draw(ax, value, a, b)
    draw_box(ax, enclosing(a, b), GREY, filled=0.1)
    return f"GIoU {in_words(value)}; IoU {in_words(iou.reference(a, b))}; grey: the box around both"


def enclosing(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The smallest box around both."""
    return np.concatenate([np.minimum(a[:2], b[:2]), np.maximum(a[2:], b[2:])])


def parts(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float]:
    """Areas of the common part, the union and the enclosing box."""
    common = common_area(a, b)
    return common, area(a) + area(b) - common, area(enclosing(a, b))


def only_the_iou(a: np.ndarray, b: np.ndarray) -> float:
    """The enclosing box is not used."""
    common, union, _ = parts(a, b)
    return common / union


def over_the_enclosing_box(a: np.ndarray, b: np.ndarray) -> float:
    """The common part as a share of the enclosing box."""
    common, _, outer = parts(a, b)
    return common / outer


def penalty_added(a: np.ndarray, b: np.ndarray) -> float:
    """The empty part makes it larger."""
    common, union, outer = parts(a, b)
    return common / union + (outer - union) / outer


def penalty_over_the_union(a: np.ndarray, b: np.ndarray) -> float:
    """The empty part is divided by the union, and the value can fall below -1."""
    common, union, outer = parts(a, b)
    return common / union - (outer - union) / union


EXERCISE = Exercise(
    name="giou",
    task="Write my_giou(a, b): the generalised IoU of two boxes, (4,) arrays x1 y1 x2 y2 with an area. "
    "It is IoU - (E - U) / E, where U is the area of the union and E that of the smallest box around both.",
    reference=reference,
    world=lambda: pairs_of_boxes(list(range(SIDE + 1))),
    draw=draw,
    hints=(
        "The box around both begins at the smaller one of the two left edges. You may call your my_iou.",
        "You need the area of the union itself, not only the IoU: area(a) + area(b) - common.",
        "Two unit boxes with one empty unit between them: IoU 0, U = 2, E = 3, so the value is -1/3.",
    ),
    wrong={
        "only the IoU": only_the_iou,
        "the common part over the enclosing box": over_the_enclosing_box,
        "the empty part is added": penalty_added,
        "the empty part over the union": penalty_over_the_union,
    },
)
