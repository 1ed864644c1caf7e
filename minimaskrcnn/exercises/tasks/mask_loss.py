"""The mask loss: binary cross-entropy of the channel of the true class, and of no other."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.exercises.drawing import draw_matrix
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words

CLASSES = 3
LOGITS = (-2.0, 0.0, 1.0)


def reference(logits: np.ndarray, labels: np.ndarray, targets: np.ndarray) -> float:
    """The package's loss, of the channel of each label."""
    own = Tensor(logits[np.arange(len(logits)), labels])  # (R, M, M)
    return float(ops.binary_cross_entropy_with_logits(own, targets).item())


def world() -> Iterator[Case]:
    """One RoI of one pixel, with all logits of three classes; then two RoIs, and masks of 2 x 2."""
    for values in itertools.product(LOGITS, repeat=CLASSES):
        for label in range(CLASSES):
            for target in (0.0, 1.0, 0.5):
                yield np.reshape(values, (1, CLASSES, 1, 1)), np.array([label]), np.full((1, 1, 1), target)
    ramp = np.linspace(-3, 3, 2 * CLASSES * 4).reshape(2, CLASSES, 2, 2)
    for labels in itertools.product(range(CLASSES), repeat=2):
        yield ramp, np.array(labels), (np.abs(ramp[:, 0]) > 2).astype(float)
    yield 300 * ramp, np.array([0, 2]), np.ones((2, 2, 2))


def draw(ax: Axes, value: Any, logits: np.ndarray, labels: np.ndarray, targets: np.ndarray) -> str:
    """The logits of the first pixel of each RoI, a column for each class; a frame around the true class."""
    draw_matrix(
        ax, logits[:, :, 0, 0], "RoI", "class", [(row, int(label)) for row, label in enumerate(labels)]
    )
    return f"loss {in_words(value)}; logits of the first pixel, true class framed; target {in_words(targets)}"


def cross_entropy(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Binary cross-entropy of each logit, without overflow."""
    return np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))


def own_channel(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The logits (R, M, M) of the true classes."""
    return logits[np.arange(len(logits)), labels]


def all_channels(logits: np.ndarray, labels: np.ndarray, targets: np.ndarray) -> float:
    """Other classes learn that there is no object: the masks compete."""
    everywhere = np.zeros_like(logits)
    everywhere[np.arange(len(logits)), labels] = targets
    return cross_entropy(logits, everywhere).mean()


def channel_of_the_largest_logit(logits: np.ndarray, labels: np.ndarray, targets: np.ndarray) -> float:
    """The class that is predicted, not the true one."""
    predicted = logits.mean(axis=(2, 3)).argmax(axis=1)
    return cross_entropy(own_channel(logits, predicted), targets).mean()


def softmax_over_the_classes(logits: np.ndarray, labels: np.ndarray, targets: np.ndarray) -> float:
    """The probability of the true class among all classes, for each pixel."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    share = own_channel(shifted / shifted.sum(axis=1, keepdims=True), labels).clip(1e-12, 1 - 1e-12)
    return -(targets * np.log(share) + (1 - targets) * np.log(1 - share)).mean()


def label_less_one(logits: np.ndarray, labels: np.ndarray, targets: np.ndarray) -> float:
    """As if there were no channel for the background."""
    return cross_entropy(own_channel(logits, labels - 1), targets).mean()


def summed(logits: np.ndarray, labels: np.ndarray, targets: np.ndarray) -> float:
    """The sum over the pixels, which grows with the size of the mask."""
    return cross_entropy(own_channel(logits, labels), targets).sum() / len(logits)


def overflows(logits: np.ndarray, labels: np.ndarray, targets: np.ndarray) -> float:
    """The logarithm of a sigmoid that has become 0."""
    p = 1 / (1 + np.exp(-own_channel(logits, labels)))
    return -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).mean()


EXERCISE = Exercise(
    name="mask_loss",
    task="Write my_mask_loss(logits, labels, targets): logits (R, K, M, M) for R RoIs and K classes, "
    "labels (R,) ints that index K, targets (R, M, M) in [0, 1]. Return one number, the mean "
    "binary cross-entropy with the sigmoid of the channel of each RoI's label. It must not "
    "overflow for logits of 1000.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "logits[np.arange(R), labels] takes one channel for each RoI: (R, M, M).",
        "-t log(s(x)) - (1 - t) log(1 - s(x)) is the same as max(x, 0) - x t + log(1 + exp(-|x|)).",
        "The other channels do not appear at all, so that classes do not compete. Mean over R, M and M.",
    ),
    wrong={
        "all channels": all_channels,
        "the predicted class": channel_of_the_largest_logit,
        "a softmax over the classes": softmax_over_the_classes,
        "the label less one": label_less_one,
        "the sum over the pixels": summed,
        "large logits overflow": overflows,
    },
)
