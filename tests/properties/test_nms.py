"""Non-maximum suppression: the editions agree, and the boxes kept are those its definition names."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn import kernels
from minimaskrcnn.testing import assert_kernels_agree
from minimaskrcnn.testing import strategies as s

pytestmark = pytest.mark.operators

thresholds = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
THIRD = np.array([[0, 0, 2, 1], [1, 0, 3, 1]], np.float64)  # two boxes of IoU 1/3


def nms(boxes, scores, threshold):
    return kernels.active().nms(boxes, scores, threshold)


def iou(a, b):
    """Intersection over union, by the book; NaN for two empty boxes."""
    sides = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None)
    union = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - np.prod(sides)
    return np.prod(sides) / union if union else np.nan


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(scored=s.scored_boxes(), threshold=thresholds)
def test_nms_parity(dtype, scored, threshold):
    boxes, scores = (x.astype(dtype) for x in scored)
    assert_kernels_agree("nms", boxes, scores, threshold)


@given(scored=s.scored_boxes(), threshold=thresholds)
def test_nms_keeps_a_box_exactly_if_no_better_kept_box_overlaps_it(scored, threshold):
    boxes, scores = scored
    keep = nms(boxes, scores, threshold)
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    kept = []
    for i in order:
        if not any(iou(boxes[j], boxes[i]) > threshold for j in kept):
            kept.append(i)
    assert keep.tolist() == kept


@given(scored=s.scored_boxes(), threshold=thresholds)
def test_nms_a_second_time_removes_nothing(scored, threshold):
    boxes, scores = scored
    keep = nms(boxes, scores, threshold)
    assert nms(boxes[keep], scores[keep], threshold).tolist() == list(range(len(keep)))


@given(scored=s.scored_boxes(), threshold=thresholds)
def test_nms_does_not_see_where_the_picture_begins_or_its_scale(scored, threshold):
    boxes, scores = scored
    expected = nms(boxes, scores, threshold).tolist()
    assert nms(4 * boxes - 64, scores, threshold).tolist() == expected


@given(scored=s.scored_boxes(), threshold=thresholds)
def test_nms_contract(scored, threshold):
    boxes, scores = scored
    before = boxes.copy(), scores.copy()
    expected = nms(boxes, scores, threshold)
    assert expected.dtype == np.int64
    np.testing.assert_array_equal(boxes, before[0])
    np.testing.assert_array_equal(scores, before[1])
    for x in (boxes, scores):
        x.flags.writeable = False
    assert nms(boxes, scores, threshold).tolist() == expected.tolist()
    strided = nms(np.asfortranarray(boxes), np.repeat(scores, 2)[::2], threshold)
    assert strided.tolist() == expected.tolist()


def test_nms_of_nothing_is_nothing():
    keep = nms(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.5)
    assert (keep.shape, keep.dtype) == ((0,), np.int64)


def test_nms_answers_best_first():
    boxes = np.arange(3.0)[:, None] * 10 + np.array([0.0, 0.0, 1.0, 1.0])
    assert nms(boxes, np.array([0.1, 0.9, 0.5]), 0.5).tolist() == [1, 2, 0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nms_keeps_index_order_among_equal_scores(dtype, rng):
    boxes = (np.arange(200)[:, None] * 10 + np.array([0, 0, 1, 1])).astype(dtype)  # none overlap
    scores = rng.integers(0, 3, 200).astype(dtype)
    expected = [i for score in (2, 1, 0) for i in np.flatnonzero(scores == score)]
    assert nms(boxes, scores, 0.5).tolist() == expected


def test_nms_suppresses_above_the_threshold_and_not_at_it():
    scores = np.array([0.9, 0.8])
    assert nms(THIRD, scores, 1 / 3).tolist() == [0, 1]
    assert nms(THIRD, scores, np.nextafter(1 / 3, 0)).tolist() == [0]


def test_nms_areas_have_no_plus_one():
    assert nms(THIRD, np.array([0.9, 0.8]), 0.4).tolist() == [0, 1]  # with +1 the IoU would be 1/2


def test_nms_of_two_empty_boxes_keeps_both():
    assert nms(np.zeros((2, 4)), np.array([0.9, 0.8]), 0.0).tolist() == [0, 1]


def test_nms_a_suppressed_box_suppresses_nobody():
    chain = np.array([[0, 0, 4, 1], [2, 0, 6, 1], [4, 0, 8, 1]], np.float64)  # each overlaps the next
    assert nms(chain, np.array([0.9, 0.8, 0.7]), 0.25).tolist() == [0, 2]
