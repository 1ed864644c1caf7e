"""Non-maximum suppression: keep the best box, drop what overlaps it too much, repeat with the rest."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.nms import nms
from minimaskrcnn.exercises.drawing import colours, draw_box, draw_grid
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words

WIDTH = 6
BOXES = [np.array([x, 0.0, x + width, 1.0]) for width in (2, 3, 4) for x in (0, 1, 2)]
SCORES = np.array([0.9, 0.8, 0.7])
THRESHOLDS = (0.5, 0.25)  # 1/2 and 1/4 are the IoU of some pairs, in either precision


def reference(boxes: np.ndarray, scores: np.ndarray, iou_threshold: float) -> np.ndarray:
    """The package's function."""
    return nms(boxes, scores, iou_threshold)


def world() -> Iterator[Case]:
    """One to three boxes in a row, with every order of their scores."""
    for count in (1, 2, 3):
        for chosen in itertools.combinations_with_replacement(BOXES, count):
            for order in itertools.permutations(range(count)):
                for threshold in THRESHOLDS:
                    yield np.stack(chosen), SCORES[list(order)], threshold


def draw(ax: Axes, value: Any, boxes: np.ndarray, scores: np.ndarray, iou_threshold: float) -> str:
    """The boxes below one another; those that are kept are filled, the others dashed."""
    draw_grid(ax, (2 * len(boxes), WIDTH))
    ax.set_yticks([])
    kept = [int(index) for index in value]
    for index, (box, score, colour) in enumerate(zip(boxes, scores, colours(len(boxes)), strict=True)):
        row = box + np.array([0, 1, 0, 1]) * (2 * index + 0.5)
        name = f"{index}: {score:.1f}"
        draw_box(ax, row, colour, name, filled=0.3 if index in kept else 0, dashed=index not in kept)
    overlaps = box_iou(boxes, boxes)[np.triu_indices(len(boxes), 1)]
    return f"keeps {in_words(value)}, drops the dashed; threshold {iou_threshold}, IoU {in_words(overlaps)}"


def greedy(
    boxes: np.ndarray, scores: np.ndarray, drops: Callable[[float], bool], order: np.ndarray
) -> np.ndarray:
    """Visit the boxes in an order; each that is still there drops later ones that overlap it."""
    overlap, waiting, kept = box_iou(boxes, boxes), [int(index) for index in order], []
    while waiting:
        best = waiting.pop(0)
        kept.append(best)
        waiting = [index for index in waiting if not drops(overlap[best, index])]
    return np.array(kept)


def by_score(scores: np.ndarray) -> np.ndarray:
    """Indices, best score first."""
    return np.argsort(-scores, kind="stable")


def equal_overlap_drops(boxes: np.ndarray, scores: np.ndarray, iou_threshold: float) -> np.ndarray:
    """`>=` where the definition has `>`."""
    return greedy(boxes, scores, lambda overlap: overlap >= iou_threshold, by_score(scores))


def not_sorted(boxes: np.ndarray, scores: np.ndarray, iou_threshold: float) -> np.ndarray:
    """The scores are never looked at."""
    return greedy(boxes, scores, lambda overlap: overlap > iou_threshold, np.arange(len(boxes)))


def worst_first(boxes: np.ndarray, scores: np.ndarray, iou_threshold: float) -> np.ndarray:
    """`np.argsort` sorts upwards."""
    return greedy(boxes, scores, lambda overlap: overlap > iou_threshold, np.argsort(scores))


def dropped_boxes_drop_others(boxes: np.ndarray, scores: np.ndarray, iou_threshold: float) -> np.ndarray:
    """Each box is compared with all better ones, not with those that are kept."""
    overlap, order = box_iou(boxes, boxes), by_score(scores)
    kept = [
        index for place, index in enumerate(order) if (overlap[index, order[:place]] <= iou_threshold).all()
    ]
    return np.array(kept)


def in_the_order_of_indices(boxes: np.ndarray, scores: np.ndarray, iou_threshold: float) -> np.ndarray:
    """The right boxes, but no longer the best one first."""
    return np.sort(nms(boxes, scores, iou_threshold))


def as_kernel(answer: Callable[..., Any]) -> Callable[..., Any]:
    """The detector wants an array of int64, even if nothing is kept."""

    def kernel(boxes: np.ndarray, scores: np.ndarray, iou_threshold: float) -> np.ndarray:
        return np.asarray(answer(boxes, scores, iou_threshold), np.int64)

    return kernel


EXERCISE = Exercise(
    name="nms",
    task="Write my_nms(boxes, scores, iou_threshold): boxes (N, 4), scores (N,); return the indices of the "
    "boxes that are kept, best score first. A box is dropped if its IoU with a box that is kept is greater "
    "than the threshold. You may use box_iou(boxes, boxes), an array (N, N).",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "Sort the indices once: np.argsort(-scores). Then take the first that is left, until none is.",
        "After you have kept a box, only those stay that overlap it by at most the threshold: `<=`.",
        "A dropped box drops nothing. Compare with the boxes that are kept, not with all that score higher.",
    ),
    wrong={
        "an overlap equal to the threshold drops": equal_overlap_drops,
        "the boxes are not sorted": not_sorted,
        "the worst score comes first": worst_first,
        "dropped boxes drop others": dropped_boxes_drop_others,
        "kept boxes in the order of their indices": in_the_order_of_indices,
    },
    kernel=as_kernel,
)
