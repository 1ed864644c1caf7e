"""The box of a mask: its outer edges, so that the box of one pixel has an area of 1."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.boxes import boxes_from_masks
from minimaskrcnn.exercises.drawing import colours, draw_box, draw_grid
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words

HEIGHT, WIDTH = 3, 4


def reference(masks: np.ndarray) -> np.ndarray:
    """The package's function."""
    return boxes_from_masks(masks)


def world() -> Iterator[Case]:
    """All masks of one or two pixels, then pairs of masks, then an empty one."""
    pixels = list(np.ndindex(HEIGHT, WIDTH))
    singles = [mask_of(*chosen) for count in (1, 2) for chosen in itertools.combinations(pixels, count)]
    yield from ((mask[None],) for mask in singles)
    yield from ((np.stack(pair),) for pair in itertools.pairwise(singles))
    yield (np.zeros((1, HEIGHT, WIDTH), bool),)


def mask_of(*pixels: tuple[int, int]) -> np.ndarray:
    """A mask in which these (y, x) are set."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    for pixel in pixels:
        mask[pixel] = True
    return mask


def draw(ax: Axes, value: Any, masks: np.ndarray) -> str:
    """The pixels of all masks as squares, and the boxes around them."""
    draw_grid(ax, (HEIGHT, WIDTH))
    for mask, box, colour in zip(masks, value, colours(len(masks)), strict=True):
        for y, x in np.argwhere(mask):
            ax.fill([x, x + 1, x + 1, x], [y, y, y + 1, y + 1], color=colour, alpha=0.35, linewidth=0)
        draw_box(ax, box, colour, filled=0)
    return f"box {' and '.join(in_words(np.asarray(box)) for box in value)} around the filled pixels"


def extent(mask: np.ndarray, beyond: int = 1) -> tuple[float, float, float, float]:
    """First and last column and row of a mask; `beyond` is added to the last."""
    if not mask.any():
        return 0, 0, 0, 0
    y, x = np.nonzero(mask)
    return x.min(), y.min(), x.max() + beyond, y.max() + beyond


def ends_at_the_last_index(masks: np.ndarray) -> np.ndarray:
    """The convention of torchvision: one pixel has an area of 0."""
    return np.array([extent(mask, beyond=0) for mask in masks], float)


def rows_for_x(masks: np.ndarray) -> np.ndarray:
    """`x, y = np.nonzero(mask)`, but rows come first."""
    return np.array([extent(mask) for mask in masks], float)[:, [1, 0, 3, 2]]


def width_and_height(masks: np.ndarray) -> np.ndarray:
    """COCO's `[x, y, width, height]`."""
    boxes = np.array([extent(mask) for mask in masks], float)
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def one_box_around_all(masks: np.ndarray) -> np.ndarray:
    """The masks are not told apart."""
    union = np.logical_or.reduce(masks)
    return np.array([extent(union)] * len(masks), float)


def fails_without_pixels(masks: np.ndarray) -> np.ndarray:
    """The minimum of nothing does not exist."""
    y, x = zip(*(np.nonzero(mask) for mask in masks), strict=True)
    return np.array([[i.min(), j.min(), i.max() + 1, j.max() + 1] for i, j in zip(x, y, strict=True)], float)


EXERCISE = Exercise(
    name="boxes_from_masks",
    task="Write my_boxes_from_masks(masks): masks is a bool array (N, H, W); return floats (N, 4), the "
    "smallest box x1 y1 x2 y2 around the pixels of each mask, and 0 0 0 0 for a mask without pixels. "
    "Pixel (y, x) covers the square from x to x + 1 and from y to y + 1.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "For one mask, np.nonzero(mask) returns two arrays: the rows of its pixels, then their columns.",
        "A box ends at the outer edge of its last pixel. Which number is that, if the last column is 4?",
        "The minimum of an empty array raises an error. Ask mask.any() before.",
    ),
    wrong={
        "the box ends at the last index": ends_at_the_last_index,
        "x and y are swapped": rows_for_x,
        "width and height": width_and_height,
        "one box around all": one_box_around_all,
        "an empty mask raises": fails_without_pixels,
    },
)
