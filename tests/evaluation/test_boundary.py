"""Boundary IoU on masks whose outlines can be counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn.errors import InputError
from minimaskrcnn.evaluation.boundary import boundary_iou, boundary_width, mask_boundaries

TWO_PIXELS = 2 / np.hypot(40, 40)  # the ratio that makes d = 2 in a 40x40 image


def rectangle(y1, y2, x1, x2, side=40):
    mask = np.zeros((1, side, side), bool)
    mask[0, y1:y2, x1:x2] = True
    return mask


def by_distance(mask, d):
    """The definition, pixel by pixel: the square of side 2d+1 around a boundary pixel leaves the mask."""
    padded = np.pad(mask, d)
    inside = np.ones(mask.shape, bool)
    for dy in range(2 * d + 1):
        for dx in range(2 * d + 1):
            inside &= padded[dy : dy + mask.shape[0], dx : dx + mask.shape[1]]
    return mask & ~inside


def test_the_boundary_is_a_ring_of_d_pixels():
    ring = rectangle(5, 25, 8, 20)
    ring[0, 7:23, 10:18] = False
    assert np.array_equal(mask_boundaries(rectangle(5, 25, 8, 20), TWO_PIXELS), ring)


def test_the_edge_of_the_image_is_an_outline():
    assert mask_boundaries(rectangle(0, 40, 0, 40), TWO_PIXELS).sum() == 40**2 - 36**2


def test_masks_do_not_touch_one_another_across_the_batch():
    two = np.concatenate([rectangle(5, 25, 8, 20), rectangle(5, 25, 8, 20)])
    assert np.array_equal(mask_boundaries(two, TWO_PIXELS)[1], mask_boundaries(two[:1], TWO_PIXELS)[0])


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_the_boundary_is_the_definition(seed, d):
    rng = np.random.default_rng(seed)
    mask = rng.random((3, 12, 17)) < 0.9
    ratio = d / np.hypot(12, 17)
    expected = np.stack([by_distance(one, d) for one in mask])
    assert np.array_equal(mask_boundaries(mask, ratio), expected)


def test_a_shift_by_one_pixel_costs_much_along_the_outline_and_little_inside():
    a, b = rectangle(5, 35, 5, 25), rectangle(5, 35, 6, 26)
    # 20x30 rectangles, rings of 2: 184 pixels each. Common: rows 5-6 and 33-34, 19 columns each (76), and in
    # the 26 rows between them columns 6 and 24 of both rings (52).
    common = 4 * 19 + 26 * 2
    assert boundary_iou(a, b, TWO_PIXELS)[0] == pytest.approx(common / (2 * 184 - common))
    mask_iou = (a & b).sum() / (a | b).sum()
    assert boundary_iou(a, b, TWO_PIXELS)[0] < 0.6 < 0.9 < mask_iou


def test_equal_disjoint_and_empty_masks():
    a, empty = rectangle(5, 25, 8, 20), rectangle(0, 0, 0, 0)
    assert boundary_iou(a, a) == [1.0]
    assert boundary_iou(a, rectangle(28, 36, 25, 36)) == [0.0]
    assert boundary_iou(empty, empty) == [0.0]
    assert boundary_iou(a[:0], a[:0]).shape == (0,)


def test_a_small_object_is_all_boundary_so_it_is_plain_iou():
    a, b = rectangle(5, 9, 5, 9), rectangle(5, 9, 6, 10)
    assert boundary_iou(a, b, TWO_PIXELS)[0] == pytest.approx((a & b).sum() / (a | b).sum())


def test_the_width_follows_the_diagonal_and_never_vanishes():
    assert boundary_width(300, 400) == 10
    assert boundary_width(10, 10) == 1


def test_masks_that_are_not_pairs_are_refused():
    with pytest.raises(InputError, match="same order"):
        boundary_iou(np.zeros((2, 4, 4), bool), np.zeros((3, 4, 4), bool))
