"""Box arithmetic: continuous coordinates without a +1, no guard against 0/0, clipping to the right edge."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn.detection.boxes import (
    box_area,
    box_iou,
    boxes_from_masks,
    clip_boxes_to_image,
    generalized_box_iou,
    remove_small_boxes,
)

UNIT = np.array([[0.0, 0.0, 1.0, 1.0]])
POINT = np.array([[2.0, 2.0, 2.0, 2.0]])


def test_width_is_x2_minus_x1_without_a_plus_one():
    assert box_area(np.array([[0.0, 0.0, 2.0, 3.0]])).tolist() == [6]


def test_a_box_reversed_both_ways_has_a_positive_area_but_no_intersection():
    reversed_box = np.array([[1.0, 1.0, 0.0, 0.0]])
    assert box_area(reversed_box).tolist() == [1]
    assert box_iou(reversed_box, UNIT).tolist() == [[0]]


def test_iou_of_known_pairs():
    others = np.array(
        [[0.0, 0.0, 1.0, 1.0], [0.5, 0.0, 1.5, 1.0], [0.25, 0.25, 0.75, 0.75], [1.0, 0.0, 2.0, 1.0]]
    )
    np.testing.assert_allclose(box_iou(UNIT, others), [[1, 1 / 3, 1 / 4, 0]])


def test_iou_of_two_points_is_nan_without_a_guard():
    assert np.isnan(box_iou(POINT, POINT)).all()
    assert np.isnan(generalized_box_iou(POINT, POINT)).all()
    assert box_iou(POINT, UNIT).tolist() == [[0]]


def test_giou_is_iou_where_one_box_encloses_both_and_falls_to_minus_one_with_distance():
    inner, far = np.array([[0.25, 0.25, 0.75, 0.75]]), np.array([[1e6, 0.0, 1e6 + 1, 1.0]])
    assert generalized_box_iou(UNIT, inner).item() == 0.25
    assert generalized_box_iou(UNIT, far).item() == pytest.approx(-1, abs=1e-5)


boxes_on_a_grid = st.lists(st.tuples(*[st.integers(0, 8)] * 2, *[st.integers(1, 5)] * 2), max_size=5).map(
    lambda rows: np.array([(x, y, x + w, y + h) for x, y, w, h in rows], np.float64).reshape(-1, 4)
)


@given(boxes_on_a_grid, boxes_on_a_grid)
def test_iou_counts_pixels(a, b):
    """On whole coordinates the IoU is that of the sets of pixels."""

    def pixels(box):
        x1, y1, x2, y2 = box.astype(int)
        return {(y, x) for y in range(y1, y2) for x in range(x1, x2)}

    expected = [[len(pixels(p) & pixels(q)) / len(pixels(p) | pixels(q)) for q in b] for p in a]
    np.testing.assert_allclose(box_iou(a, b), np.reshape(expected, (len(a), len(b))))


@pytest.mark.parametrize("function", [box_iou, generalized_box_iou])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_overlaps_keep_the_precision_and_take_empty_lists(function, dtype):
    none = np.zeros((0, 4), dtype)
    assert function(none, UNIT.astype(dtype)).shape == (0, 1)
    assert function(UNIT.astype(dtype), none).shape == (1, 0)
    assert function(UNIT.astype(dtype), UNIT.astype(dtype)).dtype == dtype


def test_clipping_is_to_width_and_height_not_to_the_last_pixel():
    box = np.array([[-5, -6, 500, 600]], np.float32)
    clipped = clip_boxes_to_image(box, (40, 50))
    assert clipped.tolist() == [[0, 0, 50, 40]]
    assert clipped.dtype == np.float32
    assert box[0, 0] == -5  # the input stays as it was


def test_clipping_takes_boxes_of_every_class_at_once():
    assert clip_boxes_to_image(np.full((2, 3, 4), 99.0), (4, 5))[1, 2].tolist() == [5, 4, 5, 4]


def test_a_box_of_exactly_the_minimum_is_kept():
    boxes = np.array([[0, 0, 1, 2], [0, 0, 2, 1], [0, 0, 1, 1], [0, 0, 0.99, 9], [5, 5, 4, 4]])
    assert remove_small_boxes(boxes, 1.0).tolist() == [0, 1, 2]


def test_the_box_of_a_mask_covers_its_last_pixel():
    masks = np.zeros((4, 6, 7), bool)
    masks[0, 2, 3] = True  # one pixel: side 1
    masks[1] = True
    masks[2, 1, 5] = masks[2, 4, 0] = True
    expected = [[3, 2, 4, 3], [0, 0, 7, 6], [0, 1, 6, 5], [0, 0, 0, 0]]
    assert boxes_from_masks(masks).tolist() == expected
    assert boxes_from_masks(masks).dtype == np.float32
    assert boxes_from_masks(masks[:0]).shape == (0, 4)
