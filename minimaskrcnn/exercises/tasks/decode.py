"""Decode four deltas into a box: move the centre of the anchor, and stretch its sides up to a limit."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.exercises.drawing import draw_box
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.viz.style import BLUE, ORANGE

LIMIT = math.log(1000 / 16)
ANCHORS = (np.array([0.0, 0.0, 2.0, 2.0]), np.array([1.0, 2.0, 3.0, 6.0]))
SHIFTS = (0.0, 0.5, -1.0)
STRETCHES = (0.0, math.log(2), -math.log(2), 20.0)  # the last is what an untrained network may say


def reference(deltas: np.ndarray, anchor: np.ndarray, limit: float) -> np.ndarray:
    """The package's coder with weights of 1, for one box."""
    return BoxCoder((1.0, 1.0, 1.0, 1.0), limit).decode(deltas[None], anchor[None])[0, 0]


def world() -> Iterator[Case]:
    """All shifts and stretches of two anchors; those that stretch without limit come last."""
    deltas = itertools.product(SHIFTS, SHIFTS, STRETCHES, STRETCHES)
    for values in sorted(deltas, key=lambda d: (max(d[2:]) > 1, np.count_nonzero(d))):
        for anchor in ANCHORS:
            yield np.array(values), anchor, LIMIT


def draw(ax: Axes, value: Any, deltas: np.ndarray, anchor: np.ndarray, limit: float) -> str:
    """The anchor, dashed, and the decoded box."""
    draw_box(ax, value, ORANGE, "box")
    draw_box(ax, anchor, BLUE, "anchor", dashed=True)
    ax.set_xlim(-3, 9)
    ax.set_ylim(9, -3)
    ax.set_aspect("equal")
    ax.set_xticks([])
    ax.set_yticks([])
    return f"box {in_words(value)}; anchor {in_words(anchor)}, dashed"


def decode(
    deltas: np.ndarray, anchor: np.ndarray, origin: float = 0.5, limit: float = math.inf
) -> np.ndarray:
    """The right formula; `origin` is where in the anchor the shift begins, in sides of the anchor."""
    sides = anchor[2:] - anchor[:2]
    centre = anchor[:2] + origin * sides + deltas[:2] * sides
    half = np.exp(np.minimum(deltas[2:], limit)) * sides / 2
    return np.concatenate([centre - half, centre + half])


def no_limit(deltas: np.ndarray, anchor: np.ndarray, limit: float) -> np.ndarray:
    """One wild delta makes a box of a billion pixels."""
    return decode(deltas, anchor)


def corner_for_centre(deltas: np.ndarray, anchor: np.ndarray, limit: float) -> np.ndarray:
    """The upper left corner of the anchor is taken for its centre."""
    return decode(deltas, anchor, origin=0, limit=limit)


def shift_in_pixels(deltas: np.ndarray, anchor: np.ndarray, limit: float) -> np.ndarray:
    """The shift is not multiplied by the sides of the anchor."""
    still = np.concatenate([[0, 0], deltas[2:]])
    return decode(still, anchor, limit=limit) + deltas[[0, 1, 0, 1]]


def centre_and_sides(deltas: np.ndarray, anchor: np.ndarray, limit: float) -> np.ndarray:
    """The answer is x y w h, and the task wants two corners."""
    box = decode(deltas, anchor, limit=limit)
    return np.concatenate([(box[:2] + box[2:]) / 2, box[2:] - box[:2]])


def stretched_by_one_plus(deltas: np.ndarray, anchor: np.ndarray, limit: float) -> np.ndarray:
    """1 + d for the exponential of d, which it is only for small d."""
    grown = np.log(np.maximum(1 + np.minimum(deltas[2:], limit), 1e-3))
    return decode(np.concatenate([deltas[:2], grown]), anchor, limit=limit)


def whole_side_for_half(deltas: np.ndarray, anchor: np.ndarray, limit: float) -> np.ndarray:
    """The box reaches a whole side to either side of its centre."""
    box = decode(deltas, anchor, limit=limit)
    middle, sides = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    return np.concatenate([middle - sides, middle + sides])


EXERCISE = Exercise(
    name="decode",
    task="Write my_decode(deltas, anchor, limit): deltas (4,) dx dy dw dh, anchor (4,) x1 y1 x2 y2. Return "
    "the box (4,) x1 y1 x2 y2 whose centre is that of the anchor, moved by dx of its widths and dy of "
    "its heights, and whose sides are those of the anchor times exp(dw) and exp(dh). No dw or dh counts"
    " for more than limit.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "It is encode backwards: bring the anchor into the form centre and sides, change them, and go back "
        "to corners.",
        "The new centre is centre + d * side. The new side is side * exp(d); half of it lies on either side.",
        "np.minimum(deltas[2:], limit) comes before np.exp. Without it one wild number becomes infinite.",
    ),
    wrong={
        "no limit": no_limit,
        "the corner for the centre": corner_for_centre,
        "the shift is in pixels": shift_in_pixels,
        "centre and sides are returned": centre_and_sides,
        "one plus d for its exponential": stretched_by_one_plus,
        "a whole side for half": whole_side_for_half,
    },
)
