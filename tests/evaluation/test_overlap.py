"""Overlap of boxes and of masks: cutting to boxes loses nothing, crowds divide by the detection alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.evaluation import overlap


@given(
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    found=st.integers(0, 4),
    true=st.integers(0, 4),
    seed=st.integers(0, 99),
)
def test_masks_in_their_boxes_count_like_whole_ones(height, width, found, true, seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.random((n, height, width)) < 0.1 for n in (found, true))
    common = (a[:, None] & b[None]).sum((2, 3))  # (found, true)
    np.testing.assert_array_equal(overlap.mask_intersections(BoxMasks.of(a), BoxMasks.of(b)), common)


def test_boxes_intersect_without_plus_one():
    found = np.array([[0, 0, 4, 4]], np.float32)
    true = np.array([[2, 2, 6, 6], [4, 0, 8, 4], [1, 1, 2, 3], [9, 9, 10, 10]], np.float32)
    common = overlap.box_intersections(found, true)
    assert common.tolist() == [[4, 0, 2, 0]]
    assert common.dtype == np.float64


def test_iou_of_a_crowd_divides_by_the_detection_and_nothing_divides_by_zero():
    iou = overlap.iou_matrix(
        np.array([[2.0, 2.0], [0.0, 0.0]]),
        np.array([4.0, 0.0]),
        np.array([8.0, 0.0]),
        np.array([False, True]),
    )
    np.testing.assert_array_equal(iou, [[0.2, 0.5], [0, 0]])
