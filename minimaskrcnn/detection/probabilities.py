"""Probabilities from logits: SciPy's functions, imported when the first probability is asked for.

``scipy.special`` takes longer to import than this whole package.
"""

import numpy as np


def expit(logits: np.ndarray) -> np.ndarray:
    """The sigmoid 1 / (1 + e^-x): a probability for each logit alone.

    >>> expit(np.array([0.0]))
    array([0.5])
    """
    from scipy import special

    return special.expit(logits)


def softmax(logits: np.ndarray, axis: int) -> np.ndarray:
    """e^x / sum of e^x along the axis: probabilities of classes that exclude each other.

    >>> softmax(np.zeros((1, 4)), axis=1)
    array([[0.25, 0.25, 0.25, 0.25]])
    """
    from scipy import special

    return special.softmax(logits, axis=axis)
