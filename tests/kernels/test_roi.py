"""RoI operators: exact values, rules that re-implementations get wrong, editions agree on the family."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn.errors import InputError
from minimaskrcnn.kernels import roi_rules
from minimaskrcnn.kernels.fast import roi as fast_roi
from minimaskrcnn.kernels.fast.engine import tuning
from minimaskrcnn.kernels.fast.roi_cells import sortable, value_and_index
from minimaskrcnn.kernels.fast.roi_matrix import roi_matrix
from minimaskrcnn.kernels.roi_rules import (
    ROI_ALIGN,
    ROI_ALIGN_MAX,
    ROI_ALIGN_V2,
    ROI_POOL,
    ROI_WARP,
    ROI_WARP_END,
    ROI_WARP_END_MAX,
    RoIRule,
)
from minimaskrcnn.testing import assert_kernels_agree

NAMED = {name: rule for name, rule in vars(roi_rules).items() if isinstance(rule, RoIRule)}
SWITCHES = ((0, 1), (0, 1), (None, 1, 2, -1), ("mean", "max"), (0, 1))  # all but `include_end`
FAMILY = [RoIRule(*switches) for switches in product(*SWITCHES)]


def ramp(H, W, dtype=np.float64):
    """A map whose value is the cell's flat index y*W + x."""
    return np.arange(H * W, dtype=dtype).reshape(1, 1, H, W)


def one(*box, dtype=np.float64):
    return np.array([[0, *box]], dtype)


# ---- values worked out by hand ---------------------------------------------------------------------------


def test_ramp_legacy_align(edition):
    out = edition.roi_align(ramp(5, 5), one(1, 1, 3, 3), (4, 4), 1.0, -1, False)[0, 0]
    np.testing.assert_allclose(out, np.add.outer([7.5, 10, 12.5, 15], [0, 0.5, 1, 1.5]))


def test_ramp_aligned(edition):
    out = edition.roi_align(ramp(5, 5), one(1, 1, 3, 3), (4, 4), 1.0, -1, True)[0, 0]
    np.testing.assert_allclose(out, np.add.outer([4.5, 7, 9.5, 12], [0, 0.5, 1, 1.5]))


def test_ramp_pool(edition):
    out, argmax = edition.roi_pool(ramp(5, 5), one(1, 1, 3, 3), (4, 4), 1.0)
    expected = [[6, 7, 8, 8], [11, 12, 13, 13], [16, 17, 18, 18], [16, 17, 18, 18]]
    np.testing.assert_array_equal(out[0, 0], expected)
    np.testing.assert_array_equal(argmax[0, 0], expected)  # on this map the value is the index


@pytest.mark.parametrize(
    ("box", "pooled", "aligned", "legacy"),
    [
        ((0, 0, 20, 20), [[5, 6], [9, 10]], [[0.625, 1.5], [4.125, 5]], [[2.5, 3.5], [6.5, 7.5]]),
        (
            (0, 10, 30, 30),
            [[9, 11], [13, 15]],
            [[4.3125, 5.75], [8.3125, 9.75]],
            [[6.75, 8.25], [10.75, 12.25]],
        ),
    ],
)
def test_small_ramp_at_a_tenth(box, pooled, aligned, legacy, edition):
    x, rois = ramp(4, 4), one(*box)
    np.testing.assert_array_equal(edition.roi_pool(x, rois, (2, 2), 0.1)[0][0, 0], pooled)
    np.testing.assert_allclose(edition.roi_align(x, rois, (2, 2), 0.1, 2, True)[0, 0], aligned)
    np.testing.assert_allclose(edition.roi_align(x, rois, (2, 2), 0.1, 2, False)[0, 0], legacy)


@pytest.mark.parametrize(("rule", "size"), [(ROI_WARP, 2), (ROI_WARP_END, 3)])
def test_warp_rounds_the_box_but_not_the_bins(rule, size, edition):
    # 0.6..3.4 rounds to 1..3: two cells, or three with the end included. Bin p has its middle at
    # 1 + (p + 1/2) * size/3.
    once = replace(rule, sampling_ratio=1)
    out, _ = edition.roi_features(ramp(1, 8), one(0.6, 0, 3.4, 0), (1, 3), 1.0, once)
    np.testing.assert_allclose(out[0, 0, 0], 1 + np.array([1 / 2, 3 / 2, 5 / 2]) * size / 3)


def test_the_end_cell_is_a_switch_of_its_own(edition):
    # Nothing is rounded: a box of 1.25 cells from 2 gets 2.25, whose middle is 3.125.
    once = replace(ROI_ALIGN, include_end=True, sampling_ratio=1)
    out, _ = edition.roi_features(ramp(1, 8), one(2, 0, 3.25, 0), (1, 1), 1.0, once)
    assert out.item() == 3.125


def test_a_rounded_box_is_at_least_a_cell_unless_aligned(edition):
    # 4.5 rounds to 5, and a cell from 5 has its middle at 5.5; aligned, 4.5 - 0.5 = 4, a box without size.
    for aligned, middle in ((False, 5.5), (True, 4.0)):
        once = replace(ROI_WARP, sampling_ratio=1, aligned=aligned)
        assert edition.roi_features(ramp(1, 8), one(4.5, 0, 4.5, 0), (1, 1), 1.0, once)[0].item() == middle


def test_the_articles_step_from_a_snapped_to_an_interpolated_value(edition):
    # Position 0.4 lies between a cell of 0.8 and one of 1.0: 0.6 * 0.8 + 0.4 * 1.0.
    x, box = np.array([0.8, 1.0]).reshape(1, 1, 1, 2), one(0.4, 0, 0.4, 0)
    assert edition.roi_pool(x, box, (1, 1), 1.0)[0].item() == 0.8
    shifted = one(0.9, 0.5, 0.9, 0.5)  # aligned: half a cell is subtracted again
    assert edition.roi_align(x, shifted, (1, 1), 1.0, 1, True).item() == pytest.approx(0.88)


# ---- roi_align: what re-implementations get wrong --------------------------------------------------------


def test_legacy_boxes_are_at_least_one_cell(edition):
    out = edition.roi_align(ramp(1, 9), one(4, 0, 4, 0), (1, 2), 1.0, 1, False)
    np.testing.assert_allclose(out[0, 0, 0], [4.25, 4.75])  # width 0 became 1: bins of half a cell


def test_aligned_boxes_may_have_no_size(edition):
    out = edition.roi_align(ramp(1, 9), one(4, 0, 4, 0), (1, 2), 1.0, 1, True)
    np.testing.assert_allclose(out[0, 0, 0], [3.5, 3.5])


def test_a_reversed_aligned_box_samples_backwards(edition):
    out = edition.roi_align(ramp(1, 9), one(6, 0, 2, 1), (1, 2), 1.0, 1, True)
    np.testing.assert_allclose(out[0, 0, 0], [4.5, 2.5])


def test_a_box_reversed_both_ways_has_no_adaptive_samples(edition):
    out = edition.roi_align(ramp(9, 9) + 1, one(6, 6, 2, 2), (2, 2), 1.0, -1, True)
    np.testing.assert_array_equal(out, 0)


def test_a_box_reversed_one_way_has_none_either(edition):
    """Where torchvision raises: it multiplies a negative number of samples by a positive one."""
    out = edition.roi_align(ramp(9, 9) + 1, one(8, 2, 2, 6), (2, 2), 1.0, -1, True)
    np.testing.assert_array_equal(out, 0)


def test_the_adaptive_grid_has_ceil_of_the_bin_size_samples(edition):
    # Bins of 1.5 cells: 2 samples, at 3/8 and 9/8 from the bin's start.
    x = ramp(1, 9) ** 2  # not linear, so that the places of the samples matter
    out = edition.roi_align(x, one(2, 0, 5, 0), (1, 2), 1.0, 0, False)
    points = np.array([[2.375, 3.125], [3.875, 4.625]])
    expected = np.interp(points, np.arange(9), x[0, 0, 0]).mean(axis=1)
    np.testing.assert_allclose(out[0, 0, 0], expected)


@pytest.mark.parametrize(("position", "value"), [(-1.0, 5), (-1.0625, 0), (1.0, 5), (3.0, 5), (3.0625, 0)])
def test_points_count_from_minus_one_to_the_side_and_are_clamped(position, value, edition):
    x = np.full((1, 1, 3, 3), 5.0)
    middle = position + 0.5  # aligned: half a cell is subtracted again
    for box in (one(middle, 1.5, middle, 1.5), one(1.5, middle, 1.5, middle)):  # along x, along y
        assert edition.roi_align(x, box, (1, 1), 1.0, 1, True)[0, 0, 0, 0] == value


def test_a_dropped_point_still_counts_in_the_mean(edition):
    # Two points at -1.5 (dropped) and -0.5 (clamped to cell 0).
    out = edition.roi_align(np.full((1, 1, 1, 3), 6.0), one(-2, 0, 0, 0), (1, 1), 1.0, 2, False)
    assert out[0, 0, 0, 0] == 3


def test_no_rois_no_features(edition):
    x, none = np.ones((2, 3, 4, 4), np.float32), np.zeros((0, 5), np.float32)
    for rule in NAMED.values():
        out, argmax = edition.roi_features(x, none, (2, 3), 1.0, rule)
        assert (out.shape, out.dtype) == ((0, 3, 2, 3), np.float32)
        dx = edition.roi_features_backward(out, none, argmax, x.shape, 1.0, rule)
        np.testing.assert_array_equal(dx, np.zeros_like(x))


# ---- roi_pool --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("x1", "first"), [(0.5, 1), (1.5, 2), (2.5, 3), (2.4, 2), (-0.5, 0), (-1.5, 0)])
def test_halves_round_away_from_zero(x1, first, edition):
    lowest = -ramp(1, 8)  # falling, so the first cell of the box wins
    _, argmax = edition.roi_pool(lowest, one(x1, 0, 7, 0), (1, 1), 1.0)
    assert argmax[0, 0, 0, 0] == first


def test_rounding_happens_in_the_precision_of_the_features(edition):
    # 24.9999999 * 0.1 is below 2.5 as a double; as floats the product is 2.5, which rounds to 3.
    cells = [
        edition.roi_pool(-ramp(1, 8, dtype), one(24.9999999, 0, 70, 0), (1, 1), 0.1)[1][0, 0, 0, 0]
        for dtype in (np.float64, np.float32)
    ]
    assert cells == [2, 3]


def test_a_half_less_the_last_digit_is_not_rounded_up(edition):
    below = np.nextafter(np.float32(0.5), np.float32(0))  # adding 0.5 and truncating would give 1
    _, argmax = edition.roi_pool(-ramp(1, 4, np.float32), one(below, 0, 3, 0, dtype=np.float32), (1, 1), 1.0)
    assert argmax[0, 0, 0, 0] == 0


def test_the_end_of_a_pooled_box_is_included(edition):
    assert edition.roi_pool(ramp(1, 8), one(2, 0, 4, 0), (1, 1), 1.0)[0][0, 0, 0, 0] == 4


def test_neighbouring_bins_overlap(edition):
    # Three cells in two bins: floor(0 * 1.5)..ceil(1.5) and floor(1.5)..3 share cell 1, which wins twice.
    x = np.array([0.0, 9, 1]).reshape(1, 1, 1, 3)
    out, argmax = edition.roi_pool(x, one(0, 0, 2, 0), (1, 2), 1.0)
    np.testing.assert_array_equal(out[0, 0, 0], [9, 9])
    dx = edition.roi_pool_backward(np.array([2.0, 3]).reshape(1, 1, 1, 2), one(0, 0, 2, 0), argmax, x.shape)
    np.testing.assert_array_equal(dx[0, 0, 0], [0, 5, 0])


def test_an_empty_bin_is_zero_without_gradient(edition):
    x, rois = ramp(3, 3) + 1, one(20, 20, 25, 25)
    out, argmax = edition.roi_pool(x, rois, (2, 2), 1.0)
    np.testing.assert_array_equal(out, 0)
    np.testing.assert_array_equal(argmax, -1)
    np.testing.assert_array_equal(edition.roi_pool_backward(np.ones_like(out), rois, argmax, x.shape), 0)


def test_cells_off_the_map_never_win(edition):
    out, argmax = edition.roi_pool(ramp(3, 3) - 100, one(-2, -2, 0, 0), (1, 1), 1.0)
    assert (out[0, 0, 0, 0], argmax[0, 0, 0, 0]) == (-100, 0)


def test_of_equal_cells_the_first_in_row_major_order_wins(edition):
    x = np.zeros((1, 1, 3, 4))
    x[0, 0, 1, 3] = x[0, 0, 2, 0] = 7  # the row decides before the column
    assert edition.roi_pool(x, one(0, 0, 3, 2), (1, 1), 1.0)[1][0, 0, 0, 0] == 7


def test_minus_zero_ties_with_zero(edition):
    for first, second in ((0.0, -0.0), (-0.0, 0.0)):
        x = np.array([first, second], np.float32).reshape(1, 1, 1, 2)
        assert edition.roi_pool(x, one(0, 0, 1, 0), (1, 1), 1.0)[1][0, 0, 0, 0] == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_never_wins(dtype, edition):
    x = np.array([np.nan, 3, np.nan], dtype).reshape(1, 1, 1, 3)
    out, argmax = edition.roi_pool(x, one(0, 0, 2, 0), (1, 1), 1.0)
    assert (out[0, 0, 0, 0], argmax[0, 0, 0, 0]) == (3, 1)
    out, argmax = edition.roi_pool(np.full_like(x, np.nan), one(0, 0, 2, 0), (1, 1), 1.0)
    assert out[0, 0, 0, 0] == np.finfo(dtype).min  # torchvision's start value


# ---- the largest of bilinear points ----------------------------------------------------------------------


def test_the_largest_point_names_itself_and_gets_the_gradient(edition):
    x, rois, once = ramp(4, 4), one(0, 0, 2, 2), ROI_ALIGN_MAX  # 2 x 2 points at 0.5 and 1.5
    out, argmax = edition.roi_features(x, rois, (1, 1), 1.0, once)
    assert (out[0, 0, 0, 0], argmax[0, 0, 0, 0]) == (7.5, 3)
    dx = edition.roi_features_backward(np.full_like(out, 8.0), rois, argmax, x.shape, 1.0, once)
    np.testing.assert_array_equal(dx[0, 0], np.pad(np.full((2, 2), 2.0), 1))


def test_of_equal_points_the_first_wins(edition):
    x = np.ones((1, 1, 4, 4))
    assert edition.roi_features(x, one(0, 0, 2, 2), (1, 1), 1.0, ROI_ALIGN_MAX)[1][0, 0, 0, 0] == 0


def test_a_point_off_the_map_does_not_compete_for_the_largest(edition):
    x = np.full((1, 1, 3, 3), -5.0)  # a dropped point counted as 0 would beat every cell
    out, argmax = edition.roi_features(x, one(-3, 0, 1, 1), (1, 1), 1.0, ROI_ALIGN_MAX)
    assert (out[0, 0, 0, 0], argmax[0, 0, 0, 0]) == (-5, 1)
    out, argmax = edition.roi_features(x, one(-9, 0, -8, 1), (1, 1), 1.0, ROI_ALIGN_MAX)
    assert (out[0, 0, 0, 0], argmax[0, 0, 0, 0]) == (0, -1)


# ---- the family as a whole -------------------------------------------------------------------------------


@st.composite
def roi_cases(draw, dtype):
    """Features, rois on eighths of a cell (also outside, reversed or empty), output size and scale."""
    N, C, H, W = (draw(st.integers(1, high)) for high in (2, 6, 7, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.standard_normal((N, C, H, W)).astype(dtype)
    scale = draw(st.sampled_from([0.25, 0.5, 1.0]))
    coordinate = st.integers(-16, 80).map(lambda i: i / 8 / scale)
    boxes = draw(st.lists(st.tuples(st.integers(0, N - 1), *[coordinate] * 4), max_size=4))
    rois = np.array(boxes, dtype).reshape(-1, 5)
    grid = st.sampled_from([1, 2, 4])  # halves of binary fractions: every position is exact
    return x, rois, (draw(grid), draw(grid)), scale


@pytest.mark.parametrize("rule", FAMILY, ids=str)
@given(data=st.data(), dtype=st.sampled_from([np.float32, np.float64]))
def test_editions_agree_on_the_family(rule, data, dtype):
    x, rois, size, scale = data.draw(roi_cases(dtype))
    rule = replace(rule, include_end=data.draw(st.booleans()))
    assert_kernels_agree("roi_features", x, rois, size, scale, rule)
    out, argmax = fast_roi.roi_features(x, rois, size, scale, rule)
    grad = np.random.default_rng(0).standard_normal(out.shape).astype(dtype)
    assert_kernels_agree("roi_features_backward", grad, rois, argmax, x.shape, scale, rule)
    assert out.dtype == dtype


@given(data=st.data(), dtype=st.sampled_from([np.float32, np.float64]))
def test_editions_agree_in_any_layout(data, dtype, maps, assert_editions_agree):
    x = data.draw(maps((2, 5, 6, 7), dtype))
    _, rois, size, scale = data.draw(roi_cases(dtype))
    rois[:, 0] %= 2
    out = assert_editions_agree("roi_align", x, rois, size, scale, 2, False)
    grad = data.draw(maps(out.shape, dtype))
    assert_editions_agree("roi_align_backward", grad, rois, x.shape, scale, 2, False)
    _, argmax = assert_editions_agree("roi_pool", x, rois, size, scale)
    assert_editions_agree("roi_pool_backward", grad, rois, argmax, x.shape)


@pytest.mark.parametrize("rule", [replace(r, reduce="mean") for r in FAMILY if r.reduce == "mean"], ids=str)
def test_a_constant_map_gives_itself_where_all_points_are_on_it(rule, edition):
    out, _ = edition.roi_features(np.full((1, 2, 9, 9), 3.0), one(2, 1, 8, 7), (2, 2), 1.0, rule)
    np.testing.assert_allclose(out, 3)


def test_moving_the_box_by_a_stride_moves_the_map_by_a_cell(edition, rng):
    x = rng.standard_normal((1, 3, 12, 12))
    for rule in NAMED.values():
        here, _ = edition.roi_features(x, one(12, 8, 25, 22), (3, 3), 0.25, rule)
        there, _ = edition.roi_features(np.roll(x, (1, 2), (2, 3)), one(20, 12, 33, 26), (3, 3), 0.25, rule)
        np.testing.assert_allclose(there, here, atol=1e-12)


def test_gradient_mass_is_conserved(edition, rng):
    x, rois = rng.standard_normal((1, 2, 9, 9)), one(1, 1, 7.3, 6.1)
    for rule in NAMED.values():
        out, argmax = edition.roi_features(x, rois, (2, 3), 1.0, rule)
        grad = rng.standard_normal(out.shape)
        dx = edition.roi_features_backward(grad, rois, argmax, x.shape, 1.0, rule)
        np.testing.assert_allclose(dx.sum(axis=(2, 3)), grad.sum(axis=(0, 2, 3))[None])


def test_named_rules_differ_from_roi_align_only_where_they_say():
    assert replace(ROI_ALIGN, reduce="max") == ROI_ALIGN_MAX
    assert replace(ROI_ALIGN, aligned=True) == ROI_ALIGN_V2
    assert replace(ROI_ALIGN, quantise_box=True) == ROI_WARP
    assert replace(ROI_WARP, include_end=True) == ROI_WARP_END
    assert replace(ROI_WARP_END, reduce="max") == ROI_WARP_END_MAX
    assert replace(ROI_WARP_END_MAX, quantise_bins=True, sampling_ratio=None) == ROI_POOL


def test_a_reduction_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="'mean' or 'max'; got 'sum'"):
        replace(ROI_ALIGN, reduce="sum")


# ---- what only the fast edition has ----------------------------------------------------------------------


def some_rois(rng, K, side, dtype=np.float64):
    boxes = rng.uniform(-3, side + 3, (K, 4))
    return np.concatenate([rng.integers(0, 2, (K, 1)), boxes], axis=1).astype(dtype)


@pytest.mark.parametrize(
    "rule", [ROI_ALIGN, ROI_ALIGN_V2, ROI_WARP, replace(ROI_POOL, reduce="mean")], ids=str
)
def test_the_matrix_is_the_operator(rule, rng):
    x, rois = rng.standard_normal((2, 6, 7, 8)), some_rois(rng, 9, 8)
    A = roi_matrix(rois, x.shape, (3, 2), 0.8, rule)
    out, _ = fast_roi.roi_features(x, rois, (3, 2), 0.8, rule)
    by_matrix = (A @ x.transpose(0, 2, 3, 1).reshape(-1, 6)).reshape(9, 3, 2, 6).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(by_matrix, out, atol=1e-14)
    grad = rng.standard_normal(out.shape)
    dx = fast_roi.roi_features_backward(grad, rois, None, x.shape, 0.8, rule)
    assert np.vdot(out, grad) == pytest.approx(np.vdot(x, dx), rel=1e-12)  # backward is the transpose


def test_the_matrix_stores_no_zeros_and_keeps_the_precision_of_the_rois(rng):
    A = roi_matrix(some_rois(rng, 50, 20, np.float32), (2, 1, 20, 20), (7, 7), 1.0, ROI_ALIGN)
    assert A.data.all()
    assert (A.dtype, A.indices.dtype, A.shape) == (np.float32, np.int32, (50 * 49, 2 * 20 * 20))


@pytest.mark.parametrize("rule", list(NAMED.values()), ids=list(NAMED))
def test_working_in_batches_changes_nothing(rule, rng, monkeypatch):
    x, rois = rng.standard_normal((2, 6, 9, 8)), some_rois(rng, 11, 8)
    whole, argmax = fast_roi.roi_features(x, rois, (3, 2), 0.8, rule)
    grad = rng.standard_normal(whole.shape)
    dx = fast_roi.roi_features_backward(grad, rois, argmax, x.shape, 0.8, rule)
    monkeypatch.setattr(tuning, "MATRIX_ENTRIES", 100)
    monkeypatch.setattr(tuning, "POINT_MAX_ROIS", 3)
    monkeypatch.setattr(tuning, "CELL_MAX_ROIS", 3)
    monkeypatch.setattr(tuning, "CELL_MAX_PLANES", 4)
    monkeypatch.setattr(tuning, "ROI_BYTES", 1000)  # three rois
    monkeypatch.setattr(tuning, "ROI_NEAR_BINS", 2)
    monkeypatch.setattr(tuning, "ROI_GRAD_CHANNELS", 4)
    np.testing.assert_array_equal(fast_roi.roi_features(x, rois, (3, 2), 0.8, rule)[0], whole)
    again = fast_roi.roi_features_backward(grad, rois, argmax, x.shape, 0.8, rule)
    np.testing.assert_allclose(again, dx, atol=1e-12)


@pytest.mark.parametrize("rule", [ROI_ALIGN, ROI_POOL], ids=str)
def test_fast_features_of_rois_are_stored_as_the_map_is(rule, rng):
    first, rois = rng.standard_normal((2, 6, 9, 8)), some_rois(rng, 11, 8)
    last = np.ascontiguousarray(first.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    for x, order in ((first, (0, 1, 2, 3)), (last, (0, 2, 3, 1))):
        assert fast_roi.roi_features(x, rois, (3, 2), 0.8, rule)[0].transpose(order).flags.c_contiguous


@pytest.mark.parametrize("sampling_ratio", [2, -1])
def test_few_channels_take_another_road_to_the_same_place(sampling_ratio, rng, monkeypatch):
    x, rois = rng.standard_normal((2, 3, 9, 8)), some_rois(rng, 30, 8)
    dense = fast_roi.roi_align(x, rois, (5, 4), 1.0, sampling_ratio, True)
    monkeypatch.setattr(tuning, "ROI_FEW_CHANNELS", 0)
    np.testing.assert_allclose(
        fast_roi.roi_align(x, rois, (5, 4), 1.0, sampling_ratio, True), dense, atol=1e-12
    )


@pytest.mark.parametrize("winner", [-2, 9])
def test_a_winner_off_the_map_is_refused_and_not_written_outside_of_the_gradient(winner):
    argmax = np.full((1, 1, 1, 1), winner)
    with pytest.raises(ValueError, match=r"index|indices"):
        fast_roi.roi_pool_backward(np.ones(argmax.shape), one(0, 0, 2, 2), argmax, (1, 1, 3, 3))


@given(
    values=st.lists(st.floats(width=32), min_size=2, max_size=6),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_sortable_numbers_sort_by_value_then_by_position(values, dtype):
    x = np.array(values, dtype).reshape(1, 1, -1, 1)
    lowest = np.finfo(dtype).min
    clean = [v if v > lowest else lowest for v in x.ravel().tolist()]  # NaN and -inf are the lowest
    best, index = value_and_index(sortable(x).max(axis=2), x.dtype)
    assert (best.item(), index.item()) == (max(clean), clean.index(max(clean)))
