"""Probabilities have an answer for extreme logits, and need classes to choose among."""

import numpy as np
import pytest

from minimaskrcnn.detection.probabilities import expit, softmax
from minimaskrcnn.errors import InputError


def test_extreme_logits_do_not_overflow():
    assert expit(np.array([-1000.0, 1000.0])).tolist() == [0, 1]
    assert softmax(np.array([[-1000.0, 1000.0]]), axis=1).tolist() == [[0, 1]]


def test_no_classes_are_refused():
    with pytest.raises(InputError, match="softmax: logits must have classes along axis 1"):
        softmax(np.zeros((3, 0)), axis=1)
