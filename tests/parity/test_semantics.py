"""What re-implementations of torchvision's detection ops get wrong, one test for each point: plain arrays.

The points about RoIAlign's samples, RoIPool's rounding and NMS itself are in tests/kernels/test_roi.py and
test_nms.py; docs/parity.md lists all of them. Boxes are written as x1 y1 x2 y2.
"""

import numpy as np
import pytest

from minimaskrcnn import kernels, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.anchors import AnchorGenerator, cell_anchors
from minimaskrcnn.detection.boxes import box_iou, clip_boxes_to_image, remove_small_boxes
from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.detection.levels import LevelMapper
from minimaskrcnn.detection.masks import paste_masks
from minimaskrcnn.detection.matcher import Matcher
from minimaskrcnn.detection.nms import batched_nms, nms
from minimaskrcnn.errors import InputError

from .runners_boxes import shifted_by_class


def box(*corners, dtype=np.float64):
    return np.array(corners, dtype).reshape(-1, 4)


def square(side):
    return box(0, 0, side, side)


# ---- roi_align -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", ["reference", "fast"])
def test_roi_align_of_a_box_reversed_in_one_axis_with_an_adaptive_grid_is_zero(edition):
    """Here torchvision throws: the number of its samples is negative."""
    rois = np.array([[0.0, 3, 0, 1, 4]])  # x runs backwards by 2 cells, which is at least the output size
    with kernels.use(edition):
        y = ops.roi_align(Tensor(np.ones((1, 1, 5, 5))), rois, 2, sampling_ratio=-1, aligned=True)
    np.testing.assert_array_equal(y.data, 0)


def test_roi_align_gives_boxes_no_gradient():
    """Boxes are arrays; a Tensor of boxes is refused before anyone waits for its gradient."""
    boxes = Tensor(np.array([[0.0, 0, 0, 2, 2]]), requires_grad=True)
    with pytest.raises(InputError, match="boxes"):
        ops.roi_align(Tensor(np.ones((1, 1, 5, 5))), boxes, 2)


# ---- batched_nms ---------------------------------------------------------------------------------------


def test_batched_nms_parts_classes_at_negative_coordinates_too():
    """A shift by class * (largest coordinate + 1) does not: there box 1 loses to box 0 of the other class."""
    boxes, scores, idxs = box(-9, -9, 0, 0, -10, -10, -1, -1), np.array([0.9, 0.8]), np.array([0, 1])
    np.testing.assert_array_equal(batched_nms(boxes, scores, idxs, 0.5), [0, 1])
    np.testing.assert_array_equal(nms(shifted_by_class(boxes, idxs), scores, 0.5), [0])


def test_batched_nms_does_not_disturb_the_iou_of_float32_boxes():
    """Far from the origin a float32 pixel has few digits: an IoU of .49998 becomes .5004 after the shift."""
    boxes = box(0, 0, 10, 10.0095, 0, 0, 10, 5.0045, 0, 0, 1066, 800, dtype=np.float32)
    scores, idxs = np.array([0.9, 0.8, 0.7], np.float32), np.array([90, 90, 0])
    np.testing.assert_array_equal(batched_nms(boxes, scores, idxs, 0.5), [0, 1, 2])
    np.testing.assert_array_equal(nms(shifted_by_class(boxes, idxs), scores, 0.5), [0, 2])


def test_batched_nms_answers_best_score_first_and_ties_in_index_order():
    boxes = np.repeat(square(5), 4, axis=0)
    keep = batched_nms(boxes, np.array([0.5, 0.7, 0.5, 0.5]), np.array([2, 1, 0, 2]), 0.5)
    np.testing.assert_array_equal(keep, [1, 0, 2])


# ---- boxes ---------------------------------------------------------------------------------------------


def test_clip_ends_at_the_width_not_at_the_last_pixel():
    np.testing.assert_array_equal(clip_boxes_to_image(box(-1, -1, 99, 99), (70, 90)), box(0, 0, 90, 70))


def test_remove_small_keeps_a_side_equal_to_the_limit():
    np.testing.assert_array_equal(remove_small_boxes(box(0, 0, 1, 1, 0, 0, 2, 0.999), 1.0), [0])


def test_iou_of_boxes_without_area_is_nan():
    assert np.isnan(box_iou(square(0), square(0)))


# ---- BoxCoder ------------------------------------------------------------------------------------------


def test_decode_divides_by_the_weights():
    decoded = BoxCoder((10.0, 10.0, 5.0, 5.0)).decode(np.array([[5.0, 0, 5 * np.log(2), 0]]), square(10))
    np.testing.assert_allclose(decoded[:, 0], box(0, 0, 20, 10))  # centre moved by half a side, width doubled


def test_decode_limits_growth_to_1000_over_16_after_division_by_the_weight():
    decoded = BoxCoder((1.0, 1.0, 5.0, 5.0)).decode(np.array([[0.0, 0, 50, 50]]), square(16))
    np.testing.assert_allclose(decoded[0, 0, 2:] - decoded[0, 0, :2], 1000)


def test_decode_does_not_limit_shrinking():
    decoded = BoxCoder((1.0, 1.0, 1.0, 1.0)).decode(np.array([[0.0, 0, -50, -50]]), square(16))
    np.testing.assert_allclose(decoded[0, 0, 2:] - decoded[0, 0, :2], 16 * np.exp(-50), rtol=0, atol=1e-14)


def test_decode_does_not_clip_to_any_image():
    decoded = BoxCoder((1.0, 1.0, 1.0, 1.0)).decode(np.array([[-2.0, 0, 0, 0]]), square(10))
    np.testing.assert_array_equal(decoded[:, 0], box(-20, 0, -10, 10))


# ---- Matcher -------------------------------------------------------------------------------------------


def test_matcher_includes_both_thresholds():
    """At the high one a match, at the low one between, just below the low one background."""
    iou = np.array([[0.7, 0.3, np.nextafter(0.3, 0), 0.9]])
    np.testing.assert_array_equal(Matcher(0.7, 0.3)(iou), [0, Matcher.BETWEEN, Matcher.BELOW, 0])


def test_low_quality_match_is_the_anchors_own_best_object_not_the_one_it_was_best_for():
    iou = np.array([[0.2, 0.1], [0.25, 0.1]])  # anchor 0 is the best of object 0, but overlaps object 1 more
    np.testing.assert_array_equal(Matcher(0.7, 0.3, True)(iou), [1, Matcher.BELOW])


def test_every_anchor_that_ties_the_best_of_an_object_is_a_low_quality_match():
    np.testing.assert_array_equal(Matcher(0.7, 0.3, True)(np.array([[0.2, 0.1, 0.2]])), [0, Matcher.BELOW, 0])


# ---- anchors -------------------------------------------------------------------------------------------


def test_anchor_corners_round_halves_to_even():
    np.testing.assert_array_equal(cell_anchors([5], [1.0]), box(-2, -2, 2, 2))  # 2.5 -> 2
    np.testing.assert_array_equal(cell_anchors([7], [1.0]), box(-4, -4, 4, 4))  # 3.5 -> 4


def test_anchor_ratio_is_height_over_width_and_comes_before_size():
    wide, larger_wide, tall, larger_tall = cell_anchors([32, 64], [0.5, 2.0])
    assert wide[2] > wide[3]
    assert larger_wide[2] > wide[2]
    np.testing.assert_array_equal(tall, wide[[1, 0, 3, 2]])
    assert larger_tall[3] > tall[3]


def test_anchor_stride_is_the_padded_side_over_the_grid_on_each_axis():
    anchors = AnchorGenerator([(4,)], [(1.0,)])((50, 70), [(6, 9)])[0].reshape(6, 9, 4)
    np.testing.assert_array_equal(anchors[1, 0] - anchors[0, 0], [0, 8, 0, 8])  # 50 // 6
    np.testing.assert_array_equal(anchors[0, 1] - anchors[0, 0], [7, 0, 7, 0])  # 70 // 9


def test_first_anchor_is_centred_on_the_corner_of_the_picture_and_not_clipped():
    anchors = AnchorGenerator([(4,)], [(1.0,)])((32, 32), [(4, 4)])[0]
    np.testing.assert_array_equal(anchors[0], [-2, -2, 2, 2])


def test_anchors_go_level_by_level_row_by_row_then_the_anchors_of_a_cell():
    fine, coarse = AnchorGenerator([(4,), (8,)], (0.5, 1.0, 2.0))((32, 32), [(4, 4), (2, 2)])
    assert (len(fine), len(coarse)) == (4 * 4 * 3, 2 * 2 * 3)
    centres = (fine[:, :2] + fine[:, 2:]) / 2
    np.testing.assert_array_equal(centres[[0, 2, 3, 12]], [[0, 0], [0, 0], [8, 0], [0, 8]])


# ---- LevelMapper ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "level"), [(1, 2), (111, 2), (112, 3), (224, 4), (447, 4), (448, 5), (4000, 5)]
)
def test_level_is_4_at_224_pixels_one_more_at_each_doubling_and_clamped(side, level):
    assert LevelMapper(2, 5)(square(side)) + 2 == level


def test_a_box_a_rounding_error_short_of_a_boundary_is_on_it():
    side = 224 * (1 - 5e-7)
    assert LevelMapper(2, 5)(square(side)) + 2 == 4
    assert LevelMapper(2, 5, eps=0.0)(square(side)) + 2 == 3


def test_a_box_without_area_belongs_to_the_finest_level():
    """Also one of negative area, for which torchvision finds no level and answers zeros."""
    np.testing.assert_array_equal(LevelMapper(2, 5)(box(5, 5, 5, 5, 0, 0, -300, 300)), [0, 0])


# ---- masks in the picture ------------------------------------------------------------------------------


def test_pasted_box_grows_by_the_padding_of_the_mask_and_is_truncated_toward_zero():
    """The corners go from .5, 4.5 over -1.5, 6.5 to -1, 6: eight pixels for the cells 0 1 1 0."""
    pasted = paste_masks(np.ones((1, 2, 2)), box(0.5, 0.5, 4.5, 4.5), (9, 9))[0]
    np.testing.assert_allclose(pasted[3], [0.25, 0.75, 1, 1, 0.75, 0.25, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(pasted[:, 3], pasted[3])


def test_pasted_mask_is_a_probability_not_a_decision():
    pasted = paste_masks(np.full((1, 4, 4), 0.6), square(20), (20, 20))[0]
    np.testing.assert_allclose(pasted[10, 10], 0.6)
    assert len(np.unique(pasted.round(6))) > 2


def test_a_mask_wholly_left_of_or_above_the_picture_paints_nothing():
    """Here torchvision raises; clipped boxes never are there."""
    boxes = box(-30, 2, -10, 8, 2, -30, 8, -10)
    np.testing.assert_array_equal(paste_masks(np.ones((2, 4, 4)), boxes, (20, 20)), 0)
