"""Who pushed whom out: checked against NMS by hand, one pair at a time."""

import numpy as np
import pytest

from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.fates import Fate, suppressors
from minimaskrcnn.detection.nms import batched_nms


def test_every_fate_has_a_code_and_a_sentence():
    assert [fate.value for fate in Fate] == list(range(7))
    assert all(isinstance(fate, int) and fate.sentence for fate in Fate)
    assert Fate(np.int64(4)) is Fate.SUPPRESSED


def test_the_first_box_that_overlaps_enough_is_named():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [1, 0, 10, 10], [40, 0, 50, 10.0]])
    by, iou = suppressors(boxes, np.array([0.5, 0.9, 0.8, 0.7]), np.array([1, 3]), 0.5)
    assert by.tolist() == [1, -1, 1, -1]
    np.testing.assert_allclose(iou, [0.9, 0, 81 / 99, 0])


def test_a_box_of_another_group_never_suppresses():
    boxes = np.tile([0, 0, 10, 10.0], (3, 1))
    by, _ = suppressors(boxes, np.array([0.9, 0.8, 0.7]), np.array([0, 1]), 0.5, np.array([1, 2, 2]))
    assert by.tolist() == [-1, -1, 1]


def test_of_equal_scores_the_lower_index_suppresses():
    boxes = np.array([[0, 0, 10, 10], [2, 0, 12, 10], [1, 0, 11, 10.0]])
    by, _ = suppressors(boxes, np.array([0.5, 0.5, 0.4]), np.array([0, 1]), 0.7)
    assert by.tolist() == [-1, -1, 0]


def test_no_boxes():
    by, iou = suppressors(np.zeros((0, 4), np.float32), np.zeros(0), np.zeros(0, np.int64), 0.5)
    assert by.shape == iou.shape == (0,)
    assert iou.dtype == np.float32


@pytest.mark.parametrize("seed", range(20))
def test_every_box_nms_dropped_has_a_better_suppressor(seed):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 40, (60, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(5, 25, (60, 2))], 1).astype(np.float32)
    scores = rng.integers(0, 12, 60).astype(np.float32)  # many ties
    idxs = rng.integers(0, 3, 60)
    threshold = 0.4
    keep = batched_nms(boxes, scores, idxs, threshold)
    by, iou = suppressors(boxes, scores, keep, threshold, idxs)
    assert set(np.flatnonzero(by < 0)) == set(keep)
    for box in np.flatnonzero(by >= 0):
        judge = by[box]
        assert judge in keep
        assert idxs[judge] == idxs[box]
        assert (scores[judge], -judge) > (scores[box], -box)
        assert iou[box] == box_iou(boxes[[box]], boxes[[judge]])[0, 0] > threshold
