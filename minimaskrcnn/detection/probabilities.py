"""Probabilities from logits: SciPy's functions, imported when the first probability is asked for.

``scipy.special`` takes longer to import than this whole package.
"""

import numpy as np

from minimaskrcnn.checks import check_whole, describe
from minimaskrcnn.detection.checks import as_real
from minimaskrcnn.errors import InputError


def expit(logits: np.ndarray) -> np.ndarray:
    """The sigmoid 1 / (1 + e^-x): a probability for each logit alone.

    >>> expit(np.array([0.0]))
    array([0.5])
    """
    from scipy import special

    return special.expit(as_real("expit", logits, "logits"))


def softmax(logits: np.ndarray, axis: int) -> np.ndarray:
    """e^x / sum of e^x along the axis: probabilities of classes that exclude each other.

    >>> softmax(np.zeros((1, 4)), axis=1)
    array([[0.25, 0.25, 0.25, 0.25]])
    """
    from scipy import special

    logits = as_real("softmax", logits, "logits")
    axis = check_whole("softmax", axis, "axis", -logits.ndim, logits.ndim - 1)
    if not logits.ndim or not logits.shape[axis]:
        raise InputError(f"softmax: logits must have classes along axis {axis}; got {describe(logits)}.")
    with np.errstate(invalid="ignore"):
        return special.softmax(logits, axis=axis)
