"""Average precision: the mean of the precision at 101 recalls, after it has been made to fall."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.evaluation.curves import RECALLS, sample_curve
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.viz.style import BLUE, VERMILLION


def reference(right: np.ndarray, objects: int) -> float:
    """The package's curve, at one IoU threshold."""
    return float(sample_curve(right[None], ~right[None], objects)[0].mean())


def world() -> Iterator[Case]:
    """One to four detections, right or wrong in every pattern, and up to three objects."""
    for count in (1, 2, 3, 4):
        for pattern in itertools.product((True, False), repeat=count):
            for objects in range(max(1, sum(pattern)), max(4, sum(pattern) + 1)):
                yield np.array(pattern), objects


def draw(ax: Axes, value: Any, right: np.ndarray, objects: int) -> str:
    """Precision against recall after each detection, and the falling curve that is read."""
    precision, recall = curve(right, objects)
    ax.step(RECALLS, sample_curve(right[None], ~right[None], objects)[0][0], where="post", color=BLUE)
    ax.plot(recall, precision, "o", color=VERMILLION, clip_on=False)
    for place, (x, y) in enumerate(zip(recall, precision, strict=True), start=1):
        ax.annotate(str(place), (x, y), (5, 4), textcoords="offset points", fontsize=8)
    ax.set_xlim(-0.05, 1.1)
    ax.set_ylim(-0.05, 1.15)
    ax.tick_params(direction="in", pad=-14, labelsize=7)
    pattern = "".join("RW"[not hit] for hit in right)
    return f"AP {in_words(value)} for {pattern} (R: right), {objects} objects; line: precision as it is read"


def curve(right: np.ndarray, objects: int) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall after each detection."""
    hits = right.cumsum()
    return hits / np.arange(1, len(right) + 1), hits / objects


def read(precision: np.ndarray, recall: np.ndarray, recalls: np.ndarray) -> np.ndarray:
    """The precision where recall first reaches each of `recalls`; 0 where it never does."""
    places = np.searchsorted(recall, recalls)
    return np.append(precision, 0.0)[places]


def falling(precision: np.ndarray) -> np.ndarray:
    """The best precision at this place or later."""
    return np.maximum.accumulate(precision[::-1])[::-1]


def not_made_to_fall(right: np.ndarray, objects: int) -> float:
    """The zigzag itself is read."""
    precision, recall = curve(right, objects)
    return read(precision, recall, RECALLS).mean()


def unreached_recalls_left_out(right: np.ndarray, objects: int) -> float:
    """The mean over the recalls that are reached: an object that nobody found costs nothing."""
    precision, recall = curve(right, objects)
    return read(falling(precision), recall, RECALLS[recall[-1] >= RECALLS]).mean()


def eleven_recalls(right: np.ndarray, objects: int) -> float:
    """The older rule of PASCAL VOC."""
    precision, recall = curve(right, objects)
    return read(falling(precision), recall, np.linspace(0, 1, 11)).mean()


def mean_over_the_detections(right: np.ndarray, objects: int) -> float:
    """The mean of the precision after each right detection."""
    precision, _ = curve(right, objects)
    return float(precision[right].sum() / objects)


def recall_of_the_right_only(right: np.ndarray, objects: int) -> float:
    """Recall is measured in detections, not in objects."""
    return reference(right, max(1, int(right.sum())))


EXERCISE = Exercise(
    name="average_precision",
    task="Write my_average_precision(right, objects): right is a bool array (D,), whether each "
    "detection is right, best score first; objects is the number of true objects. Return COCO's "
    "average precision: after each detection compute precision and recall, replace each precision "
    "by the best one at the same or a later place, and return the mean of the precision at the "
    "recalls np.linspace(0, 1, 101). It is 0 at a recall that is never reached.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "right.cumsum() counts the right ones so far. Divide by np.arange(1, D + 1), and by objects.",
        "np.maximum.accumulate runs forwards. Turn the array round before and after it.",
        "np.searchsorted(recall, r) is the first place where recall reaches r; it is D where none does.",
    ),
    wrong={
        "the precision is not made to fall": not_made_to_fall,
        "recalls that are not reached are left out": unreached_recalls_left_out,
        "eleven recalls": eleven_recalls,
        "the mean over right detections": mean_over_the_detections,
        "objects that were not found do not count": recall_of_the_right_only,
    },
)
