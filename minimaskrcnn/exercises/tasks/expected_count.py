"""How many nuclei there are, with an uncertainty, if each score is the probability of being right."""

import itertools
from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.viz.style import BLUE, VERMILLION

SCORES = (0.0, 0.25, 0.5, 1.0)


def reference(scores: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of a sum of independent events: variances add."""
    variance = scores * (1 - scores)
    return float(scores.sum()), float(np.sqrt(variance.sum()))


def world() -> Iterator[Case]:
    """All scores of one to four detections, and none at all."""
    for count in (1, 2, 3, 4):
        for scores in itertools.product(SCORES, repeat=count):
            yield (np.array(scores),)
    yield (np.zeros(0),)


def draw(ax: Axes, value: tuple[float, float], scores: np.ndarray) -> str:
    """The scores as bars, and the count with its uncertainty above them."""
    mean, deviation = value
    ax.bar(np.arange(len(scores)) + 1, scores, color=BLUE, width=0.6)
    ax.errorbar(
        [mean], [1.3], xerr=[[abs(deviation)], [abs(deviation)]], fmt="o", color=VERMILLION, capsize=4
    )
    ax.set_xlim(-0.3, 5)
    ax.set_ylim(0, 1.5)
    ax.tick_params(direction="in", pad=-14, labelsize=7)
    return f"{mean:.3g} nuclei, give or take {deviation:.3g} (red); bars: the scores"


def counted_above_a_half(scores: np.ndarray) -> tuple[float, float]:
    """A score of 0.51 counts as much as one of 1."""
    return float((scores > 0.5).sum()), reference(scores)[1]


def root_of_the_count(scores: np.ndarray) -> tuple[float, float]:
    """The rule for rare events; but a sure detection has no uncertainty."""
    return float(scores.sum()), float(np.sqrt(scores.sum()))


def variance_for_deviation(scores: np.ndarray) -> tuple[float, float]:
    """The root is missing."""
    return float(scores.sum()), float((scores * (1 - scores)).sum())


def deviations_added(scores: np.ndarray) -> tuple[float, float]:
    """Independent errors partly cancel: variances add, deviations do not."""
    return float(scores.sum()), float(np.sqrt(scores * (1 - scores)).sum())


EXERCISE = Exercise(
    name="expected_count",
    task="Write my_expected_count(scores): scores (D,) are the probabilities that the detections are "
    "nuclei, independent of one another. Return two numbers: the expected number of nuclei, and "
    "its standard deviation.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "A detection of score p is a nucleus with probability p, so it adds p to the expected count.",
        "The variance of one such event is p * (1 - p). A score of 1 adds no uncertainty.",
        "The variances of independent events add up. The deviation is the root of the sum.",
    ),
    wrong={
        "scores above 0.5 are counted": counted_above_a_half,
        "the root of the count": root_of_the_count,
        "the variance for the deviation": variance_for_deviation,
        "the deviations are added": deviations_added,
    },
)
