"""From which level of the pyramid a box is read: large boxes from coarse maps, small ones from fine maps."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.levels import LevelMapper
from minimaskrcnn.exercises.drawing import draw_box
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.viz.style import ORANGE

FINEST, COARSEST = 2, 5
SIDES = (14.0, 28.0, 40.0, 56.0, 100.0, 112.0, 120.0, 200.0, 224.0, 300.0, 448.0, 600.0, 1000.0)
CORNERS = ((0.0, 0.0), (32.0, 16.0))


def reference(box: np.ndarray) -> int:
    """The package's mapper, for one box; it counts the levels from the finest."""
    return int(LevelMapper(FINEST, COARSEST)(box[None])[0]) + FINEST


def world() -> Iterator[Case]:
    """Squares and oblongs, at the corner of the picture and away from it."""
    for (x, y), larger in itertools.product(CORNERS, range(len(SIDES))):
        for smaller in range(larger, -1, -1):
            for w, h in {(SIDES[larger], SIDES[smaller]): 0, (SIDES[smaller], SIDES[larger]): 0}:
                yield (np.array([x, y, x + w, y + h]),)


def draw(ax: Axes, value: Any, box: np.ndarray) -> str:
    """The box, with the grid of the cells of the level."""
    reach = float(box[2:].max()) * 1.05
    ax.set_xlim(0, reach)
    ax.set_ylim(reach, 0)
    ax.set_aspect("equal")
    lines = np.arange(0, reach, 2.0 ** int(value))
    ax.set_xticks(lines, [""] * len(lines))
    ax.set_yticks(lines, [""] * len(lines))
    ax.tick_params(length=0)
    ax.grid(color="#CCCCCC", linewidth=0.6)
    draw_box(ax, box, ORANGE)
    sides = box[2:] - box[:2]
    return (
        f"level P{in_words(value)}; {sides[0]:.0f} x {sides[1]:.0f} pixels on its cells of {2 ** int(value)}"
    )


def side_of(box: np.ndarray) -> float:
    """The side of the square of equal area."""
    return math.sqrt((box[2] - box[0]) * (box[3] - box[1]))


def clamped(level: float) -> int:
    """A whole level between the finest and the coarsest."""
    return int(min(max(level, FINEST), COARSEST))


def rounded(box: np.ndarray) -> int:
    """The nearest level, not the one below."""
    return clamped(round(4 + math.log2(side_of(box) / 224)))


def area_for_side(box: np.ndarray) -> int:
    """The root is forgotten: one octave of the side counts as two."""
    return clamped(math.floor(4 + math.log2(side_of(box) ** 2 / 224**2)))


def longer_side(box: np.ndarray) -> int:
    """An oblong counts as the square around it."""
    return clamped(math.floor(4 + math.log2((box[2:] - box[:2]).max() / 224)))


def natural_logarithm(box: np.ndarray) -> int:
    """`np.log` is the natural logarithm."""
    return clamped(math.floor(4 + math.log(side_of(box) / 224)))


def not_clamped(box: np.ndarray) -> int:
    """There is no level 1 and no level 6."""
    return math.floor(4 + math.log2(side_of(box) / 224))


def corner_for_size(box: np.ndarray) -> int:
    """x2 and y2 are taken for the width and the height."""
    return clamped(math.floor(4 + math.log2(math.sqrt(box[2] * box[3]) / 224)))


EXERCISE = Exercise(
    name="level_of",
    task="Write my_level_of(box): box (4,) is x1 y1 x2 y2 in pixels and has an area. Return the number of "
    "the pyramid level that it is read from, an int from 2 to 5: the floor of 4 + log2(sqrt(w h) / "
    "224), clamped.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "w and h are differences of coordinates. The square root of their product is the side of an equal "
        "square.",
        "A box of side 224 is on level 4, one of 112 on level 3, and everything between them on level 3 too.",
        "min(max(level, 2), 5) keeps the number within the levels that there are.",
    ),
    wrong={
        "rounded to the nearest level": rounded,
        "the area for the side": area_for_side,
        "the longer side": longer_side,
        "the natural logarithm": natural_logarithm,
        "not clamped": not_clamped,
        "the corner for the size": corner_for_size,
    },
)
