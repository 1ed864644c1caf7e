"""Pooling: ties, padding, overlaps, and which cells count in a mean."""

import numpy as np
import pytest
from hypothesis import given

from minimaskrcnn import ops
from minimaskrcnn.testing import Case
from minimaskrcnn.testing import strategies as s
from minimaskrcnn.testing.case import run

pytestmark = pytest.mark.operators


def max_pool2d(x, cotangent=np.ones_like, **arguments):
    """Output and gradient."""
    result = run(ops.max_pool2d, Case(x, **arguments), cotangent)
    return result.outputs[0], result.grads[0]


def avg_pool2d(x, cotangent=np.ones_like, **arguments):
    result = run(ops.avg_pool2d, Case(x, **arguments), cotangent)
    return result.outputs[0], result.grads[0]


def plane(rows):
    return np.array(rows, np.float64)[None, None]


@given(s.pool_cases("max"))
def test_max_pool2d_is_a_maximum_over_shifted_maps(case):
    (x,), a = case.tensors, case.arguments
    (KH, KW), (SY, SX), (PY, PX), (DY, DX) = a["kernel_size"], a["stride"], a["padding"], a["dilation"]
    out, _ = max_pool2d(x, **a)
    OH, OW = out.shape[2:]
    room = np.pad(x, ((0, 0), (0, 0), (PY, 9), (PX, 9)), constant_values=-np.inf)
    shifted = [room[:, :, i * DY :: SY, j * DX :: SX][:, :, :OH, :OW] for i, j in np.ndindex(KH, KW)]
    np.testing.assert_array_equal(out, np.max(shifted, axis=0))


def test_max_pool2d_of_a_tie_gives_the_gradient_to_the_first_cell_in_row_major_order():
    out, dx = max_pool2d(plane([[0, 5, 5], [5, 5, 1]]), kernel_size=(2, 3))
    assert (out.ravel().tolist(), dx[0, 0].tolist()) == ([5], [[0, 1, 0], [0, 0, 0]])


def test_max_pool2d_of_a_constant_map_uses_the_first_cell_of_each_window():
    out, dx = max_pool2d(np.full((1, 1, 4, 4), -3.0), kernel_size=2)
    assert (out == -3).all()
    assert dx[0, 0].tolist() == [[1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]


def test_max_pool2d_is_never_won_by_the_padding():
    out, _ = max_pool2d(np.full((1, 2, 3, 3), -7.0), kernel_size=3, stride=2, padding=1)
    assert (out == -7).all()


def test_max_pool2d_adds_the_gradients_of_a_cell_that_wins_twice():
    _, dx = max_pool2d(plane([[1, 9, 2]]), lambda y: plane([[10, 100]]), kernel_size=(1, 2), stride=1)
    assert dx.ravel().tolist() == [0, 110, 0]


def test_max_pool2d_in_ceil_mode_reads_what_is_left_over():
    x = plane([[1, 2, 3]])
    assert max_pool2d(x, kernel_size=(1, 2))[0].ravel().tolist() == [2]
    assert max_pool2d(x, kernel_size=(1, 2), ceil_mode=True)[0].ravel().tolist() == [2, 3]


def test_max_pool2d_in_ceil_mode_starts_no_window_in_the_far_padding():
    out, _ = max_pool2d(plane([[1, 2]]), kernel_size=(1, 2), padding=(0, 1), stride=3, ceil_mode=True)
    assert out.ravel().tolist() == [1]  # a second window would begin at cell 2, beyond the map


@given(s.pool_cases("avg"))
def test_avg_pool2d_of_a_constant_is_the_part_of_the_window_on_the_map(case):
    a = case.arguments
    ones = np.ones_like(case.tensors[0])
    out, _ = avg_pool2d(ones, **a)
    if not a["count_include_pad"]:
        np.testing.assert_allclose(out, 1)
        return
    H, W = ones.shape[2:]
    for oy, ox in np.ndindex(*out.shape[2:]):
        part = 1.0
        for o, side, k, st, p in zip(
            (oy, ox), (H, W), a["kernel_size"], a["stride"], a["padding"], strict=True
        ):
            cells = np.arange(o * st - p, o * st - p + k)
            part *= ((cells >= 0) & (cells < side)).sum() / (cells < side + p).sum()
        np.testing.assert_allclose(out[:, :, oy, ox], part)


def test_avg_pool2d_of_a_ramp_is_the_middle_of_the_window():
    ramp = 10 * np.arange(4.0)[:, None] + np.arange(6.0)
    out, _ = avg_pool2d(plane(ramp), kernel_size=(2, 3))
    assert out[0, 0].tolist() == [[6, 9], [26, 29]]  # rows 0.5 and 2.5, columns 1 and 4


def test_avg_pool2d_shares_its_gradient_equally_and_loses_the_share_of_the_padding():
    _, dx = avg_pool2d(plane([[1, 2]]), kernel_size=(1, 2), stride=(1, 1), padding=(0, 1))
    assert dx.ravel().tolist() == [1, 1]  # each cell is half of two of the three windows
    _, dx = avg_pool2d(
        plane([[1, 2]]), kernel_size=(1, 2), stride=(1, 1), padding=(0, 1), count_include_pad=False
    )
    assert dx.ravel().tolist() == [1.5, 1.5]  # and all of the window at its end


def test_avg_pool2d_in_ceil_mode_does_not_count_cells_beyond_the_padding():
    out, _ = avg_pool2d(plane([[2, 4, 6]]), kernel_size=(1, 2), ceil_mode=True)
    assert out.ravel().tolist() == [3, 6]
