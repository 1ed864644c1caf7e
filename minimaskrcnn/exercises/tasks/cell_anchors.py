"""The anchors of one cell: boxes of a few sizes and shapes around one point."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection import anchors
from minimaskrcnn.exercises.drawing import colours, draw_box
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words

SIZES = (16.0, 20.0, 33.0)
RATIOS = (1.0, 0.5, 2.0, 4.0)


def reference(sizes: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """The package's function."""
    return anchors.cell_anchors(list(sizes), list(ratios)).astype(sizes.dtype)


def world() -> Iterator[Case]:
    """One size and one ratio, then two of either."""
    for count in ((1, 1), (1, 2), (2, 1), (2, 2)):
        for sizes in itertools.permutations(SIZES, count[0]):
            for ratios in itertools.permutations(RATIOS, count[1]):
                yield np.array(sizes), np.array(ratios)


def draw(ax: Axes, value: Any, sizes: np.ndarray, ratios: np.ndarray) -> str:
    """The boxes around the origin."""
    reach = 1.15 * max(sizes) * max(1, *np.sqrt(ratios), *np.sqrt(1 / ratios))
    ax.set_xlim(-reach, reach)
    ax.set_ylim(reach, -reach)
    ax.set_aspect("equal")
    ax.plot(0, 0, "+", color="black", markersize=9)
    ax.set_xticks([])
    ax.set_yticks([])
    for number, (box, colour) in enumerate(zip(value, colours(len(value)), strict=True)):
        draw_box(ax, box, colour, str(number), filled=0.08)
    return f"{in_words(value)}; the cross is the cell"


def boxes_of(widths: Any, heights: Any) -> np.ndarray:
    """Boxes of these sides around the origin, rounded to whole pixels: (A, 4)."""
    w, h = np.ravel(widths), np.ravel(heights)
    return np.round(np.stack([-w, -h, w, h], axis=1) / 2)


def width_over_height(sizes: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """The ratio is taken as w / h."""
    root = np.sqrt(ratios)[:, None]  # (R, 1)
    return boxes_of(sizes * root, sizes / root)


def area_changes(sizes: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """The width is the size, and only the height follows the ratio."""
    return boxes_of(sizes + 0 * ratios[:, None], sizes * ratios[:, None])


def no_root(sizes: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """Both sides take the whole ratio: h / w is its square."""
    return boxes_of(sizes / ratios[:, None], sizes * ratios[:, None])


def size_by_size(sizes: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """All shapes of the first size come first; a trained model expects another order."""
    root = np.sqrt(ratios)  # (R,)
    return boxes_of(sizes[:, None] / root, sizes[:, None] * root)


def from_the_corner(sizes: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """The boxes begin at the origin."""
    centred = reference(sizes, ratios)
    return centred - centred[:, [0, 1, 0, 1]]


def not_rounded(sizes: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """The corners keep their fractions."""
    root = np.sqrt(ratios)[:, None]  # (R, 1)
    w, h = (sizes / root).ravel(), (sizes * root).ravel()  # (R * S,)
    return np.stack([-w, -h, w, h], axis=1) / 2


EXERCISE = Exercise(
    name="cell_anchors",
    task="Write my_cell_anchors(sizes, ratios): sizes (S,) in pixels, ratios (R,), each height / width. "
    "Return the boxes (R * S, 4) x1 y1 x2 y2 around the origin, all sizes of the first ratio first. An "
    "anchor has the area size * size, whatever its ratio. Round the corners with np.round.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "From w * h = s * s and h / w = r follows h = s * sqrt(r). And w?",
        "w = s / sqrt(r). The corners are (-w/2, -h/2) and (w/2, h/2).",
        "With root = np.sqrt(ratios)[:, None], sizes / root has the shape (R, S), and .ravel() the right "
        "order.",
    ),
    wrong={
        "the ratio is width over height": width_over_height,
        "the area changes": area_changes,
        "the root is forgotten": no_root,
        "size by size": size_by_size,
        "from the corner": from_the_corner,
        "not rounded": not_rounded,
    },
)
