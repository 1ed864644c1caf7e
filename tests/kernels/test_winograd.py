"""Winograd's 3x3 correlation gives the plain sum's answer to the precision of float32, and its gradients."""

import numpy as np
import pytest

from minimaskrcnn.kernels import fast
from minimaskrcnn.kernels.fast.engine import winograd
from minimaskrcnn.kernels.fast.engine.strips import Windows

SHAPES = [  # x, filters, padding
    ((2, 64, 16, 24), 80, 1),  # whole tiles
    ((2, 80, 9, 13), 64, 1),  # tiles that hang over both edges
    ((3, 64, 14, 14), 64, 0),
    ((1, 64, 21, 11), 65, 2),
    ((1, 64, 6, 700), 64, 1),  # more tiles in one row than are worked on at a time
]


def windows_of(x_shape, filters, padding):
    N, _, H, W = x_shape
    size = (N, H + 2 * padding - 2, W + 2 * padding - 2, filters)
    return Windows((3, 3), (1, 1), (-padding, -padding), (1, 1), size)


def relative_error(got, expected):
    assert got.shape == expected.shape
    assert got.dtype == np.float32
    return np.abs(got - expected).max() / np.abs(expected).max()


@pytest.mark.parametrize(("x_shape", "filters", "padding"), SHAPES)
def test_it_agrees_with_the_plain_sum_in_double_precision(x_shape, filters, padding, rng):
    geometry = ((1, 1), (padding, padding), (1, 1), 1)
    x = rng.standard_normal(x_shape, dtype=np.float32)
    weight = rng.standard_normal((filters, x_shape[1], 3, 3), dtype=np.float32)
    bias = rng.standard_normal(filters, dtype=np.float32)
    assert winograd.suits(x.transpose(0, 2, 3, 1), windows_of(x_shape, filters, padding))

    out = fast.conv2d(x, weight, bias, *geometry)
    grad = rng.standard_normal(out.shape, dtype=np.float32)
    X, WEIGHT, BIAS, GRAD = (a.astype(np.float64) for a in (x, weight, bias, grad))
    assert relative_error(out, fast.conv2d(X, WEIGHT, BIAS, *geometry)) < 1e-5
    dx = fast.conv2d_input_grad(grad, weight, x_shape, *geometry)
    assert relative_error(dx, fast.conv2d_input_grad(GRAD, WEIGHT, x_shape, *geometry)) < 1e-5
    dw = fast.conv2d_weight_grad(grad, x, weight.shape, *geometry)
    assert relative_error(dw, fast.conv2d_weight_grad(GRAD, X, weight.shape, *geometry)) < 1e-5


def test_groups_are_wide_enough_one_by_one(rng):
    x = rng.standard_normal((1, 128, 12, 20), dtype=np.float32)
    weight = rng.standard_normal((128, 64, 3, 3), dtype=np.float32)
    geometry = ((1, 1), (1, 1), (1, 1), 2)
    out = fast.conv2d(x, weight, None, *geometry)
    expected = fast.conv2d(x.astype(np.float64), weight.astype(np.float64), None, *geometry)
    assert relative_error(out, expected) < 1e-5


@pytest.mark.parametrize(
    "change",
    [
        {"kernel": (3, 1)},
        {"stride": (2, 2)},
        {"dilation": (2, 2)},
        {"out_shape": (2, 16, 24, 63)},  # too few filters
        {"out_shape": (1, 5, 5, 64)},  # too few windows
        {"out_shape": (256, 1, 1, 64)},  # tiles that are nearly empty
    ],
    ids=str,
)
def test_it_leaves_to_the_plain_sum_what_it_would_not_speed_up(change, rng):
    x = rng.random((2, 16, 24, 64), np.float32)
    windows = Windows((3, 3), (1, 1), (-1, -1), (1, 1), (2, 16, 24, 64))
    assert winograd.suits(x, windows)
    assert not winograd.suits(x, windows._replace(**change))
    assert not winograd.suits(x[..., :63], windows)


def test_double_precision_stays_with_the_plain_sum(rng):
    windows = Windows((3, 3), (1, 1), (-1, -1), (1, 1), (2, 16, 24, 64))
    assert not winograd.suits(rng.random((2, 16, 24, 64)), windows)
