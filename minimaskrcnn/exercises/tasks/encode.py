"""Encode a box as four deltas of its anchor: the shift of the centre, and the log of the growth."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.exercises.drawing import draw_box, draw_grid
from minimaskrcnn.exercises.exercise import Exercise
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.exercises.worlds import pairs_of_boxes
from minimaskrcnn.viz.style import BLUE, ORANGE

EDGES = [0.0, 1.0, 2.0, 4.0]


def reference(box: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """The package's coder with weights of 1, for one box."""
    return BoxCoder((1.0, 1.0, 1.0, 1.0)).encode(box[None], anchor[None])[0]


def draw(ax: Axes, value: Any, box: np.ndarray, anchor: np.ndarray) -> str:
    """Both boxes; the deltas are in the words."""
    draw_grid(ax, int(max(EDGES)))
    draw_box(ax, box, ORANGE, "box")
    draw_box(ax, anchor, BLUE, "anchor", dashed=True)
    return f"deltas {in_words(value)}"


def centre(box: np.ndarray) -> np.ndarray:
    """(x, y) of the middle."""
    return (box[:2] + box[2:]) / 2


def sides(box: np.ndarray) -> np.ndarray:
    """(w, h)."""
    return box[2:] - box[:2]


def corner_for_centre(box: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """The upper left corners are compared."""
    return np.concatenate([(box[:2] - anchor[:2]) / sides(anchor), np.log(sides(box) / sides(anchor))])


def not_divided(box: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """The shift stays in pixels: a large object would need large deltas."""
    return np.concatenate([centre(box) - centre(anchor), np.log(sides(box) / sides(anchor))])


def divided_by_the_box(box: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """The shift is measured in sides of the box, which the decoder does not know yet."""
    return np.concatenate([(centre(box) - centre(anchor)) / sides(box), np.log(sides(box) / sides(anchor))])


def no_logarithm(box: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """The ratio itself, which is 1 where nothing changes."""
    return np.concatenate([(centre(box) - centre(anchor)) / sides(anchor), sides(box) / sides(anchor)])


def roles_exchanged(box: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """From the box to the anchor."""
    return reference(anchor, box)


def last_pixel_included(box: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """Sides of x2 - x1 + 1, as the first detectors had them."""
    more = np.array([0, 0, 1, 1])
    return reference(box + more, anchor + more)


EXERCISE = Exercise(
    name="encode",
    task="Write my_encode(box, anchor): both (4,) x1 y1 x2 y2, with an area. Return (4,) dx dy dw dh: how "
    "far the centre of the box lies from that of the anchor, in sides of the anchor, and the natural "
    "logarithm of the ratio of their sides.",
    reference=reference,
    world=lambda: pairs_of_boxes(EDGES),
    draw=draw,
    hints=(
        "Bring both boxes into the form centre and sides first.",
        "dx = (centre of the box - centre of the anchor) / width of the anchor, and dy likewise with the "
        "heights.",
        "dw = np.log(width of the box / width of the anchor). It is 0 if the widths are equal.",
    ),
    wrong={
        "the corner for the centre": corner_for_centre,
        "not divided by the anchor": not_divided,
        "divided by the box": divided_by_the_box,
        "no logarithm": no_logarithm,
        "the roles are exchanged": roles_exchanged,
        "the last pixel is included": last_pixel_included,
    },
)
