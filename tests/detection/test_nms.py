"""Suppression class by class: exact, where torchvision's shift is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn import kernels
from minimaskrcnn.detection.nms import batched_nms, nms
from minimaskrcnn.errors import InputError

TWICE = np.array([[0.0, 0.0, 4.0, 4.0]] * 2)


@pytest.fixture(params=["fast", "plain", "reference"], autouse=True)
def _edition(request):
    with kernels.use(request.param):
        yield


def test_duplicates_of_one_class_are_suppressed_and_of_two_are_not():
    scores = np.array([0.8, 0.9])
    assert nms(TWICE, scores, 0.5).tolist() == [1]
    assert batched_nms(TWICE, scores, np.array([3, 3]), 0.5).tolist() == [1]
    assert batched_nms(TWICE, scores, np.array([3, 4]), 0.5).tolist() == [1, 0]


def test_ties_between_classes_come_in_index_order():
    apart = np.array([[10.0 * i, 0, 10 * i + 1, 1] for i in range(6)])
    keep = batched_nms(apart, np.array([0.5, 0.9, 0.5, 0.5, 0.9, 0.5]), np.array([2, 1, 0, 2, 0, 1]), 0.5)
    assert keep.tolist() == [1, 4, 0, 2, 3, 5]


def test_negative_coordinates_do_not_mix_the_classes():
    """The shift that torchvision parts classes by, class * (largest coordinate + 1), is too small here."""
    boxes, idxs = np.array([[-20.0, -20.0, 0.0, 0.0], [-21.0, -21.0, -1.0, -1.0]]), np.array([0, 1])
    shifted = boxes + (idxs * (boxes.max() + 1))[:, None]
    assert nms(shifted, np.array([0.9, 0.8]), 0.5).tolist() == [0]
    assert batched_nms(boxes, np.array([0.9, 0.8]), idxs, 0.5).tolist() == [0, 1]


@given(
    st.lists(
        st.tuples(*[st.integers(0, 9)] * 2, *[st.integers(1, 9)] * 2, st.integers(0, 2), st.integers(0, 9))
    )
)
def test_equals_suppression_in_each_class_alone(rows):
    x, y, w, h, idxs, tenths = np.array(rows, np.int64).reshape(-1, 6).T
    boxes, scores = (
        np.stack([x, y, x + w, y + h], axis=1).astype(np.float32),
        (tenths / 10).astype(np.float32),
    )
    keep = batched_nms(boxes, scores, idxs, 0.5)
    alone = [np.flatnonzero(idxs == c)[nms(boxes[idxs == c], scores[idxs == c], 0.5)] for c in range(3)]
    assert keep.tolist() == sorted(np.concatenate(alone).tolist(), key=lambda i: (-scores[i], i))
    assert keep.dtype == np.int64


def test_shapes_that_do_not_go_together_are_refused():
    with pytest.raises(InputError, match=r"scores must be \(2,\).*got a .*\(3,\)"):
        nms(TWICE, np.zeros(3), 0.5)
    with pytest.raises(InputError, match=r"idxs must be \(2,\); got an int64 array \(1,\)"):
        batched_nms(TWICE, np.zeros(2), np.zeros(1, int), 0.5)
