"""RoIPool and RoIWarp: what is rounded, which way, and what an empty or an overlapping bin does."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn import ops
from minimaskrcnn.kernels.roi_rules import ROI_POOL
from minimaskrcnn.testing import Case
from minimaskrcnn.testing import strategies as s
from minimaskrcnn.testing.case import run

pytestmark = pytest.mark.operators

SIDE = 8
COLUMNS = np.broadcast_to(np.arange(float(SIDE)), (1, 1, SIDE, SIDE))
ROWS = COLUMNS.swapaxes(2, 3)


def roi_pool(x, box, size, cotangent=np.ones_like, **arguments):
    """Output (OH, OW) and gradient (H, W) for one box on one channel."""
    case = Case(x, boxes=np.array([[0, *box]], np.float64), output_size=size, **arguments)
    result = run(ops.roi_pool, case, cotangent)
    return result.outputs[0][0, 0], result.grads[0][0, 0]


def roi_warp(x, box, size):
    return run(ops.roi_warp, Case(x, boxes=np.array([[0, *box]], np.float64), output_size=size)).outputs[0][
        0, 0
    ]


def half_away(value):
    """C's round()."""
    return math.copysign(math.floor(abs(value) + 0.5), value)


def test_roi_pool_known_values():
    out, _ = roi_pool(np.arange(25.0).reshape(1, 1, 5, 5), [1, 1, 3, 3], 4)
    assert out.tolist() == [[6, 7, 8, 8], [11, 12, 13, 13], [16, 17, 18, 18], [16, 17, 18, 18]]


@pytest.mark.parametrize(
    ("box", "expected"), [((0, 0, 20, 20), [[5, 6], [9, 10]]), ((0, 10, 30, 30), [[9, 11], [13, 15]])]
)
def test_roi_pool_known_values_at_a_tenth(box, expected):
    out, _ = roi_pool(np.arange(16.0).reshape(1, 1, 4, 4), box, 2, spatial_scale=0.1)
    assert out.tolist() == expected


@pytest.mark.parametrize("end", [0.5, 1.5, 2.5, 3.5, 4.5, 2.25, 2.75])
@pytest.mark.parametrize("x", [COLUMNS, ROWS])
def test_roi_pool_rounds_halves_away_from_zero(end, x):
    """The largest cell of a ramp is the rounded end of the box: 2.5 gives 3, not the even 2."""
    out, _ = roi_pool(x, (0, 0, end, end), 1)
    assert out == half_away(end)


def test_roi_pool_rounds_the_start_the_same_way():
    out, _ = roi_pool(-COLUMNS, (2.5, 0, 7, 7), 1)
    assert out == -3


def test_roi_pool_rounds_negative_halves_away_from_zero():
    # -0.5 rounds to -1: cells -1..1 in 3 bins, and the first bin is off the map
    out, _ = roi_pool(COLUMNS + 1, (-0.5, 0, 1, 0), (1, 3))
    assert out.tolist() == [[0, 1, 2]]


def test_roi_pool_rounds_after_scaling():
    out, _ = roi_pool(COLUMNS, (0, 0, 9.6, 9.6), 1, spatial_scale=0.25)
    assert out == 2  # 2.4 -> 2; rounded before, 10 / 4 = 2.5 -> 3


@given(case=s.roi_cases("pool", values=s.distinct))
def test_roi_pool_includes_the_last_cell_and_lets_bins_overlap(case):
    """The definition, from its own sentence: bins from floor to ceil of equal parts of the rounded box."""
    (x,), a = case.tensors, case.arguments
    out = run(ops.roi_pool, case).outputs[0]
    (OH, OW), (H, W) = a["output_size"], x.shape[2:]
    for k, (n, *box) in enumerate(a["boxes"]):
        x1, y1, x2, y2 = (half_away(c * a["spatial_scale"]) for c in box)
        height, width = max(y2 - y1 + 1, 1) / OH, max(x2 - x1 + 1, 1) / OW
        for p, q in np.ndindex(OH, OW):
            top, bottom = (int(np.clip(c, 0, H)) for c in _outwards(y1, p, height))
            left, right = (int(np.clip(c, 0, W)) for c in _outwards(x1, q, width))
            cells = x[int(n), :, top:bottom, left:right]
            expected = cells.max(axis=(1, 2)) if cells.size else 0
            np.testing.assert_array_equal(out[k, :, p, q], expected)


def _outwards(start, bin_number, length):
    return start + math.floor(bin_number * length), start + math.ceil((bin_number + 1) * length)


@given(case=s.roi_cases("pool", halves=True, values=s.distinct), factor=st.sampled_from([0.5, 2.0, 8.0]))
def test_roi_pool_sees_only_coordinates_times_scale(case, factor):
    boxes = case.arguments["boxes"].copy()
    boxes[:, 1:] *= factor
    scaled = case.arguments | {"boxes": boxes, "spatial_scale": case.arguments["spatial_scale"] / factor}
    np.testing.assert_array_equal(
        run(ops.roi_pool, Case(*case.tensors, **scaled)).outputs[0], run(ops.roi_pool, case).outputs[0]
    )


@given(case=s.roi_cases("pool", halves=True, values=s.distinct))
def test_roi_pool_of_the_turned_picture_is_the_picture_turned(case):
    boxes, (oh, ow) = case.arguments["boxes"], case.arguments["output_size"]
    turned = case.arguments | {"boxes": boxes[:, [0, 2, 1, 4, 3]], "output_size": (ow, oh)}
    out = run(ops.roi_pool, Case(case.tensors[0].swapaxes(2, 3), **turned)).outputs[0]
    np.testing.assert_array_equal(out.swapaxes(2, 3), run(ops.roi_pool, case).outputs[0])


def test_roi_pool_moves_with_the_map(rng):
    x = rng.standard_normal((1, 1, SIDE, SIDE))
    before, _ = roi_pool(x, (4, 8, 16, 20), 2, spatial_scale=0.25)
    after, _ = roi_pool(np.roll(x, (1, 2), (2, 3)), (4 + 8, 8 + 4, 16 + 8, 20 + 4), 2, spatial_scale=0.25)
    np.testing.assert_array_equal(after, before)


def test_roi_pool_of_an_empty_bin_is_zero_and_passes_no_gradient():
    out, dx = roi_pool(np.full((1, 1, SIDE, SIDE), -3.0), (20, 20, 24, 24), 2)
    assert (not out.any(), not dx.any()) == (True, True)


def test_roi_pool_of_a_negative_map_is_negative():
    out, _ = roi_pool(np.full((1, 1, SIDE, SIDE), -3.0), (1, 1, 4, 4), 2)
    assert (out == -3).all()


def test_roi_pool_of_a_tie_gives_the_gradient_to_the_first_cell_in_row_major_order():
    _, dx = roi_pool(np.ones((1, 1, SIDE, SIDE)), (2, 3, 4, 5), 1)
    assert np.argwhere(dx).tolist() == [[3, 2]]


def test_roi_pool_adds_the_gradients_of_a_cell_that_wins_in_two_bins():
    x = np.zeros((1, 1, SIDE, SIDE))
    x[0, 0, 0, 1] = 9  # a box 3 cells wide in 2 bins: both read cell 1
    out, dx = roi_pool(x, (0, 0, 2, 0), (1, 2), lambda y: np.array([[[[10.0, 100.0]]]]))
    assert (out.tolist(), dx[0, 1], dx.sum()) == ([[9, 9]], 110, 110)


@given(case=s.roi_cases("pool", halves=True, values=s.distinct))
def test_roi_features_with_the_rule_of_roi_pool_is_roi_pool(case):
    arguments = dict(case.arguments)
    rois = arguments.pop("boxes")
    by_rule = run(ops.roi_features, Case(*case.tensors, boxes=rois, rule=ROI_POOL, **arguments))
    by_name = run(ops.roi_pool, case)
    np.testing.assert_array_equal(by_rule.outputs[0], by_name.outputs[0])
    np.testing.assert_array_equal(by_rule.grads[0], by_name.grads[0])


def test_roi_warp_of_a_ramp_gives_bin_centres_of_the_rounded_box():
    # 1.5..4.25 rounds to 2..4, two cells: bins of 1
    assert roi_warp(COLUMNS, (1.5, 1, 4.25, 3), (1, 2)).tolist() == [[2.5, 3.5]]
    assert roi_warp(ROWS, (1, 1.5, 3, 4.25), (2, 1)).tolist() == [[2.5], [3.5]]


@given(case=s.roi_cases("pool", halves=True))
def test_roi_warp_is_roi_align_of_the_rounded_box(case):
    """The only thing that it rounds is the box: the operator of Dai et al. without the inclusive end."""
    boxes, scale = case.arguments["boxes"].copy(), case.arguments["spatial_scale"]
    boxes[:, 1:] = np.vectorize(half_away, otypes=[float])(boxes[:, 1:] * scale) / scale
    rounded = case.arguments | {"boxes": boxes, "sampling_ratio": 2}
    warp, align = run(ops.roi_warp, case), run(ops.roi_align, Case(*case.tensors, **rounded))
    np.testing.assert_allclose(warp.outputs[0], align.outputs[0], atol=1e-12)
    np.testing.assert_allclose(warp.grads[0], align.grads[0], atol=1e-12)


def test_roi_warp_does_not_see_changes_within_the_rounding(rng):
    x = rng.standard_normal((1, 1, SIDE, SIDE))
    np.testing.assert_array_equal(roi_warp(x, (1.5, 1, 4.25, 3), 2), roi_warp(x, (2, 1.25, 4, 3.25), 2))


def test_roi_warp_of_a_constant_is_the_constant():
    assert (roi_warp(np.full((1, 1, SIDE, SIDE), 2.5), (1.5, 1, 4.25, 3), 3) == 2.5).all()
