"""Which detection found which object: the best score chooses first, and takes the best object still free."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.evaluation.matching import match
from minimaskrcnn.exercises.drawing import draw_matrix
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words

VALUES = (0.0, 0.25, 0.5, 0.75)
THRESHOLD = 0.5


def reference(iou: np.ndarray, threshold: float) -> np.ndarray:
    """The package's function, for one threshold and no object that is ignored."""
    objects = iou.shape[1]
    counts = np.zeros((1, objects), bool)
    return match(iou.astype(float), counts, counts[0], np.array([threshold]))[0][0, 0]


def world() -> Iterator[Case]:
    """One to three detections and one or two objects; no detection overlaps two objects equally well."""
    for detections, objects in ((1, 1), (2, 1), (1, 2), (2, 2), (3, 1)):
        for values in itertools.product(VALUES, repeat=detections * objects):
            iou = np.reshape(values, (detections, objects))
            if all(len(set(row)) == objects for row in iou):
                yield iou, THRESHOLD


def draw(ax: Axes, value: Any, iou: np.ndarray, threshold: float) -> str:
    """The overlaps, a row for each detection; a frame around what each detection takes."""
    chosen = [(row, int(column)) for row, column in enumerate(value) if column >= 0]
    draw_matrix(ax, iou, "detection", "object", chosen)
    return f"takes {in_words(value)}, framed; IoU, best detection above; threshold {in_words(threshold)}"


def found_twice(iou: np.ndarray, threshold: float) -> np.ndarray:
    """An object that was found stays free."""
    best = iou.argmax(axis=1)
    return np.where(iou.max(axis=1) >= threshold, best, -1)


def choose(
    iou: np.ndarray, threshold: float, least_inclusive: bool = True, best_only: bool = False
) -> np.ndarray:
    """The right rule, with two of its details as arguments."""
    free, takes = np.ones(iou.shape[1], bool), []
    for row in iou:
        wishes = row if best_only else np.where(free, row, -1)
        best = int(wishes.argmax())
        enough = wishes[best] >= threshold if least_inclusive else wishes[best] > threshold
        takes.append(best if enough and free[best] else -1)
        free[best] &= takes[-1] < 0
    return np.array(takes)


def strictly_above(iou: np.ndarray, threshold: float) -> np.ndarray:
    """`>` where COCO has `>=`."""
    return choose(iou, threshold, least_inclusive=False)


def only_the_best_object(iou: np.ndarray, threshold: float) -> np.ndarray:
    """If the best object is taken, the second best is not tried: the rule of PASCAL VOC."""
    return choose(iou, threshold, best_only=True)


def objects_choose(iou: np.ndarray, threshold: float) -> np.ndarray:
    """Each object takes its best detection."""
    takes = np.full(len(iou), -1)
    for column in range(iou.shape[1]):
        best = int(iou[:, column].argmax())
        if iou[best, column] >= threshold:
            takes[best] = column
    return takes


EXERCISE = Exercise(
    name="match_detections",
    task="Write my_match_detections(iou, threshold): iou is (D, G), a row for each detection, best "
    "score first, and a column for each true object. In that order each detection takes, of the "
    "objects that are still free and overlap it by at least the threshold, the one that overlaps "
    "it most. Return (D,) ints: the object that each detection takes, or -1.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "Keep an array free = np.ones(G, bool), and go through the rows once.",
        "Of the objects that are taken, none can be chosen again: np.where(free, row, -1).",
        "An overlap that is equal to the threshold is enough, and a taken first choice leaves a second one.",
    ),
    wrong={
        "an object is found twice": found_twice,
        "an overlap equal to the threshold is not enough": strictly_above,
        "only the best object is tried": only_the_best_object,
        "the objects choose": objects_choose,
    },
)
