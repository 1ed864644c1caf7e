"""Which object each anchor stands for: two thresholds, and the best anchor of each object in any case."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.matcher import Matcher
from minimaskrcnn.exercises.drawing import draw_matrix
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words

HIGH, LOW = 0.75, 0.5
OVERLAPS = (0.0, 0.25, 0.5, 0.75, 1.0)
BACKGROUND, NEITHER = -1, -2


def reference(iou: np.ndarray, high: float, low: float) -> np.ndarray:
    """The package's matcher, with low-quality matches."""
    return Matcher(high, low, allow_low_quality_matches=True)(iou)


def world() -> Iterator[Case]:
    """All tables of one object with one to three anchors, and of two objects with one or two."""
    for shape in ((1, 1), (1, 2), (2, 1), (2, 2), (1, 3)):
        for values in itertools.product(OVERLAPS, repeat=shape[0] * shape[1]):
            yield np.reshape(values, shape), HIGH, LOW


def draw(ax: Axes, value: Any, iou: np.ndarray, high: float, low: float) -> str:
    """The table of overlaps, with a frame around each match."""
    matches = [(int(row), column) for column, row in enumerate(value) if row >= 0]
    draw_matrix(ax, iou, "object", "anchor", matches)
    return f"{in_words(value)}; matches are framed, -1 is background, -2 neither; thresholds {high} and {low}"


def by_thresholds(iou: np.ndarray, high: float, low: float) -> np.ndarray:
    """The first half of the rule: the best object of each anchor, if it overlaps enough."""
    best, matched = iou.max(axis=0), iou.argmax(axis=0)
    return np.where(best >= high, matched, np.where(best >= low, NEITHER, BACKGROUND))


def with_best_anchors(matched: np.ndarray, iou: np.ndarray, least: float = 0.25) -> np.ndarray:
    """The second half: an anchor that is the best of some object gets the object that it overlaps most."""
    of_object = iou.max(axis=1, keepdims=True)  # (M, 1)
    tied = ((iou == of_object) & (iou >= least)).any(axis=0)
    return np.where(tied, iou.argmax(axis=0), matched)


def thresholds_alone(iou: np.ndarray, high: float, low: float) -> np.ndarray:
    """An object that no anchor covers well is never learnt."""
    return by_thresholds(iou, high, low)


def untouched_object_takes_all(iou: np.ndarray, high: float, low: float) -> np.ndarray:
    """An object with IoU 0 everywhere has its best in every anchor (the fault of many libraries)."""
    return with_best_anchors(by_thresholds(iou, high, low), iou, least=0)


def between_is_background(iou: np.ndarray, high: float, low: float) -> np.ndarray:
    """Anchors that cover half of an object are taught to say "nothing here"."""
    return with_best_anchors(np.where(iou.max(axis=0) >= high, iou.argmax(axis=0), BACKGROUND), iou)


def above_the_threshold_only(iou: np.ndarray, high: float, low: float) -> np.ndarray:
    """`>` where the rule says "at least"."""
    best, matched = iou.max(axis=0), iou.argmax(axis=0)
    strict = np.where(best > high, matched, np.where(best > low, NEITHER, BACKGROUND))
    return with_best_anchors(strict, iou)


def first_best_anchor_only(iou: np.ndarray, high: float, low: float) -> np.ndarray:
    """`argmax` names one anchor; equally good ones are forgotten."""
    matched = by_thresholds(iou, high, low)
    for row in iou:
        if row.max() > 0:
            matched[row.argmax()] = iou[:, row.argmax()].argmax()
    return matched


def best_anchor_gets_that_object(iou: np.ndarray, high: float, low: float) -> np.ndarray:
    """The anchor is given to the object whose best it is, although it overlaps another one more."""
    matched = by_thresholds(iou, high, low)
    for row, overlaps in enumerate(iou):
        matched = np.where((overlaps == overlaps.max()) & (overlaps > 0), row, matched)
    return matched


EXERCISE = Exercise(
    name="match_anchors",
    task="Write my_match_anchors(iou, high, low): iou (M, N) of M objects and N anchors. Return for each "
    "anchor (N,) the index of the object that it overlaps most if that IoU is at least high, -1 "
    "(background) if it is below low, else -2 (neither). Then, for each object with any IoU above 0: "
    "all anchors that reach its best IoU are matched too, each with the object that it overlaps most "
    "itself.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "iou.max(axis=0) and iou.argmax(axis=0) give the best object of each anchor; axis=1 the best of each"
        " object.",
        "An object that no anchor meets has its best IoU, 0, in every anchor. It must match none of them.",
        "tied = ((iou == iou.max(axis=1, keepdims=True)) & (iou > 0)).any(axis=0) are the anchors of the "
        "second rule.",
    ),
    wrong={
        "the thresholds alone": thresholds_alone,
        "an object that no anchor meets takes all": untouched_object_takes_all,
        "between the thresholds is background": between_is_background,
        "only above the thresholds": above_the_threshold_only,
        "only the first of equal anchors": first_best_anchor_only,
        "the best anchor gets that object": best_anchor_gets_that_object,
    },
)
