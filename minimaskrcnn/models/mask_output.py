"""What the last layer of the mask branch means: how the classes share it, what it costs, what it predicts.

sigmoid         a mask for each class, which do not compete     L = BCE(z_k, t)
softmax         the classes compete for each pixel              L = -t log p_k - (1 - t) log p_background
class_agnostic  one mask, whatever the class is                 L = BCE(z, t)

Here z are the logits, t is the true mask, k the class of the object, and p the softmax of z over the classes.
Source: He et al. 2017, "Mask R-CNN", section 4.2, "Multinomial vs. Independent Masks", table 2b, and
"Class-Specific vs. Class-Agnostic Masks".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.probabilities import expit, softmax


@dataclass(frozen=True)
class MaskRule:
    """One meaning of the logits (K, channels, M, M) of K RoIs with the labels (K,).

    Attributes
    ----------
    channels : callable, number of classes -> number of channels
    loss : callable, (logits Tensor, labels, true masks (K, M, M)) -> scalar Tensor
    probabilities : callable, (logits array, labels) -> (K, M, M)
    """

    channels: Callable[[int], int]
    loss: Callable[[Tensor, np.ndarray, np.ndarray], Tensor]
    probabilities: Callable[[np.ndarray, np.ndarray], np.ndarray]


def sigmoid_loss(logits: Tensor, labels: np.ndarray, truth: np.ndarray) -> Tensor:
    """Return the mean binary cross-entropy of the true class's mask; the others have no loss."""
    own = logits[np.arange(len(labels)), labels]  # (K, M, M)
    return ops.binary_cross_entropy_with_logits(own, truth)


def sigmoid_probabilities(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the sigmoid of the mask of each RoI's class, (K, M, M)."""
    return expit(logits[np.arange(len(logits)), labels])


def softmax_loss(logits: Tensor, labels: np.ndarray, truth: np.ndarray) -> Tensor:
    """Return the mean cross-entropy of each pixel, which is of the true class or of the background.

    A pixel that the object covers in part, t, belongs to both in that proportion.
    """
    log_p = ops.log_softmax(logits, 1)
    own, background = log_p[np.arange(len(labels)), labels], log_p[:, 0]  # (K, M, M) each
    return -(own * Tensor(truth) + background * Tensor(1 - truth)).mean()


def softmax_probabilities(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the probability of each RoI's class in each pixel, (K, M, M)."""
    return softmax(logits, axis=1)[np.arange(len(logits)), labels]


def agnostic_loss(logits: Tensor, labels: np.ndarray, truth: np.ndarray) -> Tensor:
    """Return the mean binary cross-entropy of the only mask, whatever the labels are."""
    return ops.binary_cross_entropy_with_logits(logits[:, 0], truth)


def agnostic_probabilities(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the sigmoid of the only mask, (K, M, M)."""
    return expit(logits[:, 0])


SIGMOID = MaskRule(lambda classes: classes, sigmoid_loss, sigmoid_probabilities)
SOFTMAX = MaskRule(lambda classes: classes, softmax_loss, softmax_probabilities)
CLASS_AGNOSTIC = MaskRule(lambda classes: 1, agnostic_loss, agnostic_probabilities)

MASK_RULES: dict[str, MaskRule] = {
    "sigmoid": SIGMOID,
    "softmax": SOFTMAX,
    "class_agnostic": CLASS_AGNOSTIC,
}
