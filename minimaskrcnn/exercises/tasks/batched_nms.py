"""NMS within each class: boxes of different classes never drop each other."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.nms import batched_nms, nms
from minimaskrcnn.exercises.drawing import draw_box, draw_grid
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.viz.style import class_style

WIDTH = 4
BOXES = [np.array([x, 0.0, x + 3.0, 3.0]) for x in (0, 1)]  # their IoU is 1/2
SCORES = np.array([0.9, 0.8, 0.7])
THRESHOLD = 0.25


def reference(boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, iou_threshold: float) -> np.ndarray:
    """The package's function."""
    return batched_nms(boxes, scores, labels, iou_threshold)


def world() -> Iterator[Case]:
    """One to three boxes that all overlap, with every order of their scores and every choice of classes."""
    for count in (1, 2, 3):
        for chosen in itertools.product(BOXES, repeat=count):
            for order in itertools.permutations(range(count)):
                for labels in itertools.product((1, 2), repeat=count):
                    yield np.stack(chosen), SCORES[list(order)], np.array(labels), THRESHOLD


def draw(
    ax: Axes, value: Any, boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, iou_threshold: float
) -> str:
    """The boxes below one another, a colour for each class; those that are kept are filled.

    All reach from y = 0 to y = 3, and are drawn flat.
    """
    draw_grid(ax, (2 * len(boxes), WIDTH))
    ax.set_yticks([])
    kept = [int(index) for index in value]
    for index, (box, score, label) in enumerate(zip(boxes, scores, labels, strict=True)):
        row = box[0], 2 * index + 0.5, box[2], 2 * index + 1.5
        stays = index in kept
        name = f"{index}: {score:.1f}, class {label}"
        draw_box(ax, row, class_style(label).colour, name, filled=0.3 if stays else 0, dashed=not stays)
    return f"keeps {in_words(value)}, drops the dashed; threshold {iou_threshold}"


def classes_are_ignored(
    boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, iou_threshold: float
) -> np.ndarray:
    """One NMS over all boxes."""
    return nms(boxes, scores, iou_threshold)


def each_class(
    boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, iou_threshold: float
) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each class the indices of its boxes, and which of them NMS keeps."""
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return [(member, nms(boxes[member], scores[member], iou_threshold)) for member in members]


def class_after_class(
    boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, iou_threshold: float
) -> np.ndarray:
    """The right boxes, but the best one need not come first."""
    found = each_class(boxes, scores, labels, iou_threshold)
    return np.concatenate([member[kept] for member, kept in found])


def indices_within_the_class(
    boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, iou_threshold: float
) -> np.ndarray:
    """`kept` counts within the class, not within all boxes."""
    return np.concatenate([kept for _, kept in each_class(boxes, scores, labels, iou_threshold)])


def labels_as_an_offset_of_one(
    boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, iou_threshold: float
) -> np.ndarray:
    """The trick of moving each class away, but not far enough: by one pixel."""
    return nms(boxes + labels[:, None].astype(boxes.dtype), scores, iou_threshold)


EXERCISE = Exercise(
    name="batched_nms",
    task="Write my_batched_nms(boxes, scores, labels, iou_threshold): NMS within each class. boxes (N, 4), "
    "scores (N,), labels (N,) int; return the indices of all boxes that are kept, best score first. You may "
    "call nms or your my_nms.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "np.flatnonzero(labels == label) gives the indices of the boxes of one class.",
        "NMS of boxes[member] returns places in member. member[kept] turns them into places in boxes.",
        "When all classes are done, sort the indices by falling score: np.argsort(-scores[keep]).",
    ),
    wrong={
        "classes are ignored": classes_are_ignored,
        "class after class": class_after_class,
        "indices within the class": indices_within_the_class,
        "classes moved by one pixel": labels_as_an_offset_of_one,
    },
)
