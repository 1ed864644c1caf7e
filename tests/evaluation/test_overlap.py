"""Overlap of boxes and of masks: packing loses nothing, crowds divide by the detection alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn.evaluation import overlap


@given(
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    found=st.integers(0, 4),
    true=st.integers(0, 4),
    seed=st.integers(0, 99),
)
def test_packed_masks_count_like_plain_ones(height, width, found, true, seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.random((n, height, width)) < 0.4 for n in (found, true))
    packed = overlap.pack_masks(a), overlap.pack_masks(b)
    np.testing.assert_array_equal(overlap.mask_areas(packed[0]), a.sum((1, 2)))
    common = (a[:, None] & b[None]).sum((2, 3))  # (found, true)
    np.testing.assert_array_equal(overlap.mask_intersections(*packed), common)


def test_masks_that_are_views_pack_as_they_look():
    masks = np.random.default_rng(0).random((9, 7, 3)) < 0.5
    turned = masks.transpose(2, 0, 1)  # (3, 9, 7), not contiguous
    np.testing.assert_array_equal(overlap.pack_masks(turned), overlap.pack_masks(turned.copy()))


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
