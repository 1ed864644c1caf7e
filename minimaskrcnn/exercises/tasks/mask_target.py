"""What the mask head should answer: the mask of the RoI's own object, cut out by the RoI with RoIAlign."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.masks import mask_targets
from minimaskrcnn.exercises.drawing import draw_values
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.worlds import boxes_on

SIDE = 4
SIZE = 2
EDGES = [0.0, 1.0, 1.5, 2.5, 4.0]
STEPS = np.add.outer(np.arange(SIDE), np.arange(SIDE))
MASKS = np.stack([np.tri(SIDE, dtype=bool), STEPS > 4])  # (G, y, x): a triangle, and a corner


def reference(masks: np.ndarray, box: np.ndarray, matched: int, size: int) -> np.ndarray:
    """The package's function, for one RoI."""
    return mask_targets(masks, box[None], np.array([matched]), size)[0]


def world() -> Iterator[Case]:
    """All boxes on a few edges, for either of two objects."""
    for box in boxes_on(EDGES):
        for matched in (0, 1):
            yield MASKS, box, matched, SIZE


def draw(ax: Axes, value: Any, masks: np.ndarray, box: np.ndarray, matched: int, size: int) -> str:
    """The target, between 0 and 1."""
    draw_values(ax, value, low=0, high=1)
    shape = "a triangle" if matched == 0 else "a corner"
    x1, y1, x2, y2 = (f"{edge:g}" for edge in box)
    return f"target of the RoI [{x1} {y1} {x2} {y2}] for object {matched}, {shape} in a picture of 4 x 4"


def of_object_0(masks: np.ndarray, box: np.ndarray, matched: int, size: int) -> np.ndarray:
    """The RoI's own object is not asked for."""
    return reference(masks, box, 0, size)


def of_all_objects(masks: np.ndarray, box: np.ndarray, matched: int, size: int) -> np.ndarray:
    """Whatever lies under the RoI counts, its neighbour too."""
    return reference(np.logical_or.reduce(masks)[None], box, 0, size)


def whole_picture(masks: np.ndarray, box: np.ndarray, matched: int, size: int) -> np.ndarray:
    """The mask is made smaller, but not cut out."""
    height, width = masks.shape[1:]
    return reference(masks, np.array([0, 0, width, height], box.dtype), matched, size)


def hard(masks: np.ndarray, box: np.ndarray, matched: int, size: int) -> np.ndarray:
    """The outline loses the shares of its bins."""
    return (reference(masks, box, matched, size) >= 0.5).astype(box.dtype)


def box_is_rounded(masks: np.ndarray, box: np.ndarray, matched: int, size: int) -> np.ndarray:
    """A crop of whole pixels."""
    return reference(masks, np.floor(box + 0.5), matched, size)


def x_and_y_swapped(masks: np.ndarray, box: np.ndarray, matched: int, size: int) -> np.ndarray:
    """The box is taken as y1 x1 y2 x2."""
    return reference(masks, box[[1, 0, 3, 2]], matched, size)


EXERCISE = Exercise(
    name="mask_target",
    task="Write my_mask_target(masks, box, matched, size): masks (G, H, W) bool are the true objects "
    "of a picture, box (4,) is an RoI in pixels and matched the index of its object; return the "
    "target (size, size) in [0, 1]. It is RoIAlign of the object's mask, with sampling_ratio=-1 "
    "and aligned=False. You may call ops.roi_align(Tensor (1, 1, H, W), [boxes (1, 4)], (size, "
    "size), 1.0, -1, False).",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "A mask is a feature map with one channel: masks[matched][None, None], as floats of the box's dtype.",
        "The spatial scale is 1, because the RoI is in pixels of the picture, as the mask is.",
        "ops.roi_align returns a Tensor (1, 1, size, size). Its array is .data[0, 0], and it stays soft.",
    ),
    wrong={
        "the mask of object 0": of_object_0,
        "the masks of all objects": of_all_objects,
        "the whole picture": whole_picture,
        "rounded to 0 and 1": hard,
        "the box is rounded": box_is_rounded,
        "x and y are swapped": x_and_y_swapped,
    },
)
