"""Pooling: editions agree, and ties and padding have one answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn.kernels.geometry import pool_output_size

ONE = (1, 1)


@st.composite
def pool_geometries(draw, max_dilation=2):
    """Map shape, kernel, stride, padding, dilation; padding at most half the window, as torch demands."""
    kernel, stride, dilation = (
        draw(st.tuples(st.integers(1, high), st.integers(1, high))) for high in (4, 3, max_dilation)
    )
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = tuple(max(1, s - p) + draw(st.integers(0, 6)) for s, p in zip(spans, padding, strict=True))
    return (draw(st.integers(0, 2)), draw(st.integers(1, 3)), *size), kernel, stride, padding, dilation


@given(
    data=st.data(),
    geometry=pool_geometries(),
    ceil_mode=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
    tied=st.booleans(),
)
def test_max_pool_editions_agree(data, geometry, ceil_mode, dtype, tied, maps, assert_editions_agree):
    shape, *params = geometry
    x = data.draw(maps(shape, dtype))
    if tied:
        x = np.round(x)
    out, argmax = assert_editions_agree("max_pool2d", x, *params, ceil_mode)
    grad = data.draw(maps(out.shape, dtype))
    assert_editions_agree("max_pool2d_backward", grad, argmax, shape)
    images, channels = np.ogrid[: shape[0], : shape[1]]
    winners = x[images[..., None, None], channels[..., None, None], argmax // shape[3], argmax % shape[3]]
    np.testing.assert_array_equal(winners, out)


@given(
    data=st.data(),
    geometry=pool_geometries(max_dilation=1),
    ceil_mode=st.booleans(),
    count_include_pad=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_avg_pool_editions_agree(
    data, geometry, ceil_mode, count_include_pad, dtype, maps, assert_editions_agree
):
    shape, kernel, stride, padding, _ = geometry
    params = (kernel, stride, padding, ceil_mode, count_include_pad)
    out = assert_editions_agree("avg_pool2d", data.draw(maps(shape, dtype)), *params)
    assert_editions_agree("avg_pool2d_backward", data.draw(maps(out.shape, dtype)), shape, *params)


def test_a_tie_goes_to_the_first_cell(edition):
    x = np.full((1, 1, 4, 4), 7.0)
    _, argmax = edition.max_pool2d(x, (2, 2), (2, 2), (0, 0), ONE, False)
    np.testing.assert_array_equal(argmax[0, 0], [[0, 2], [8, 10]])


def test_padding_never_wins(edition):
    x = -np.arange(1.0, 10).reshape(1, 1, 3, 3)
    out, argmax = edition.max_pool2d(x, (3, 3), (2, 2), (1, 1), ONE, False)
    np.testing.assert_array_equal(out[0, 0], [[-1, -2], [-4, -5]])
    np.testing.assert_array_equal(argmax[0, 0], [[0, 1], [3, 4]])


def test_a_map_of_minus_infinity_has_winners_inside(edition):
    x = np.full((1, 1, 3, 3), -np.inf)
    out, argmax = edition.max_pool2d(x, (3, 3), (2, 2), (1, 1), ONE, False)
    assert np.isneginf(out).all()
    np.testing.assert_array_equal(argmax[0, 0], [[0, 1], [3, 4]])


def test_a_window_with_a_nan_gives_nan(edition):
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    x[0, 0, 1, 1] = np.nan
    out, _ = edition.max_pool2d(x, (2, 2), (2, 2), (0, 0), ONE, False)
    np.testing.assert_array_equal(out[0, 0], [[np.nan, 7], [13, 15]])


def test_overlapping_windows_add_their_gradients(edition):
    x = np.zeros((1, 1, 1, 3))
    x[..., 1] = 1
    _, argmax = edition.max_pool2d(x, (1, 2), (1, 1), (0, 0), ONE, False)
    dx = edition.max_pool2d_backward(np.array([[[[2.0, 3.0]]]]), argmax, x.shape)
    np.testing.assert_array_equal(dx[0, 0, 0], [0, 5, 0])


def test_a_large_window_keeps_its_winner(edition):
    x = np.zeros((1, 1, 20, 20))  # 400 cells: more than a byte counts
    x[0, 0, 19, 18] = 1
    _, argmax = edition.max_pool2d(x, (20, 20), (1, 1), (0, 0), ONE, False)
    assert argmax.item() == 19 * 20 + 18


def test_mean_counts_padding_only_if_asked(edition):
    x = np.ones((1, 1, 2, 2))
    with_padding = edition.avg_pool2d(x, (2, 2), (2, 2), (1, 1), False, True)
    without = edition.avg_pool2d(x, (2, 2), (2, 2), (1, 1), False, False)
    np.testing.assert_array_equal(with_padding, np.full((1, 1, 2, 2), 0.25))
    np.testing.assert_array_equal(without, np.ones((1, 1, 2, 2)))


def test_a_window_that_hangs_over_is_divided_by_what_it_covers(edition):
    x = np.ones((1, 1, 3, 3))
    out = edition.avg_pool2d(x, (2, 2), (2, 2), (0, 0), True, True)
    np.testing.assert_array_equal(out, np.ones((1, 1, 2, 2)))


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "padding", "count"), [(9, 2, 2, 0, 5), (10, 2, 3, 1, 4), (3, 1, 3, 0, 1)]
)
def test_ceil_mode_makes_no_window_that_starts_outside(side, kernel, stride, padding, count):
    assert pool_output_size(side, kernel, stride, padding, ceil_mode=True) == count
