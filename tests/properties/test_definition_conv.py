"""Convolution: what stride, padding, dilation and groups mean, each reduced to a convolution without it."""

import numpy as np
import pytest
from hypothesis import given

from minimaskrcnn import ops
from minimaskrcnn.testing import Case
from minimaskrcnn.testing import strategies as s
from minimaskrcnn.testing.case import run

pytestmark = pytest.mark.operators

PLAIN = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}


def conv2d(*tensors, **arguments):
    return run(ops.conv2d, Case(*tensors, **arguments)).outputs[0]


def conv_transpose2d(*tensors, **arguments):
    return run(ops.conv_transpose2d, Case(*tensors, **arguments)).outputs[0]


def numbers(*shape):
    """1, 2, 3, ... : no two cells alike, and sums are exact."""
    return np.arange(1.0, np.prod(shape) + 1).reshape(shape)


@given(s.conv_cases())
def test_conv2d_reduces_to_one_without_stride_padding_dilation_or_groups(case):
    x, weight, *bias = case.tensors
    (SY, SX), (PY, PX) = case.arguments["stride"], case.arguments["padding"]
    (DY, DX), groups = case.arguments["dilation"], case.arguments["groups"]
    O, c, KH, KW = weight.shape
    padded = np.pad(x, ((0, 0), (0, 0), (PY, PY), (PX, PX)))
    spread = np.zeros((O, x.shape[1], (KH - 1) * DY + 1, (KW - 1) * DX + 1))
    for o in range(O):
        first = o // (O // groups) * c
        spread[o, first : first + c, ::DY, ::DX] = weight[o]
    expected = conv2d(padded, spread, *bias)[:, :, ::SY, ::SX]
    np.testing.assert_allclose(conv2d(*case.tensors, **case.arguments), expected, atol=1e-12)


def test_conv2d_is_a_sum_of_products_without_a_flip():
    weight = np.array([[[[1.0, 10.0], [100.0, 1000.0]]]])
    assert conv2d(numbers(1, 1, 2, 2), weight).item() == 4321


def test_conv2d_adds_the_channels_and_the_bias():
    x, weight = numbers(1, 2, 1, 1), np.array([[[[1.0]], [[10.0]]], [[[0.0]], [[1.0]]]])
    assert conv2d(x, weight, np.array([0.5, 0.25])).ravel().tolist() == [21.5, 2.25]


def test_conv2d_with_a_one_in_the_middle_is_nothing():
    x, weight = numbers(2, 1, 3, 4), np.zeros((1, 1, 3, 3))
    weight[0, 0, 1, 1] = 1
    np.testing.assert_array_equal(conv2d(x, weight, padding=1), x)


def test_conv2d_of_ones_counts_the_cells_inside_the_map():
    ones = np.ones((1, 1, 3, 3))
    assert conv2d(ones, ones, padding=1)[0, 0].tolist() == [[4, 6, 4], [6, 9, 6], [4, 6, 4]]


@pytest.mark.parametrize("axis", [2, 3])
def test_conv2d_of_a_map_moved_by_the_stride_moves_by_one_cell(axis, rng):
    x, weight = rng.standard_normal((1, 2, 12, 12)), rng.standard_normal((3, 2, 3, 3))
    stride = (2, 3)
    out = conv2d(x, weight, stride=stride)
    moved = conv2d(np.roll(x, -stride[axis - 2], axis), weight, stride=stride)
    inside = [slice(0, side - 1) for side in out.shape[2:]]
    np.testing.assert_allclose(moved[:, :, *inside], np.roll(out, -1, axis)[:, :, *inside], atol=1e-12)


def test_conv2d_hands_the_bias_the_sum_of_its_channel():
    case = Case(numbers(2, 1, 2, 2), np.ones((3, 1, 1, 1)), np.zeros(3))
    grad = np.random.default_rng(0).standard_normal((2, 3, 2, 2))
    bias_grad = run(ops.conv2d, case, lambda y: grad).grads[2]
    np.testing.assert_allclose(bias_grad, grad.sum(axis=(0, 2, 3)))


@given(s.conv_transpose_cases())
def test_conv_transpose2d_is_the_gradient_of_conv2d(case):
    x, weight, *bias = case.tensors
    settings = {name: case.arguments[name] for name in PLAIN}
    out = conv_transpose2d(*case.tensors, **case.arguments)
    below = np.zeros((len(x), weight.shape[1] * settings["groups"], *out.shape[2:]))
    expected = run(ops.conv2d, Case(below, weight, **settings), lambda y: x).grads[0]
    if bias:
        expected = expected + bias[0][:, None, None]
    np.testing.assert_allclose(out, expected, atol=1e-12)


@pytest.mark.parametrize(("padding", "extra"), [(0, 0), (1, 0), (1, 1)])
def test_conv_transpose2d_stamps_the_filter_a_stride_apart(padding, extra):
    weight = numbers(1, 1, 2, 3)
    x = np.zeros((1, 1, 2, 2))
    x[0, 0, 1, 1] = 10
    canvas = np.zeros((2 + 2 + extra, 3 + 3 + extra))  # stride 2 down, 3 across
    canvas[2:4, 3:6] = 10 * weight[0, 0]
    expected = canvas[padding : canvas.shape[0] - padding, padding : canvas.shape[1] - padding]
    out = conv_transpose2d(x, weight, stride=(2, 3), padding=padding, output_padding=extra)
    if extra:  # the added cells lie beyond the padding that was cut away
        expected = canvas[padding : 4 - padding + extra, padding : 6 - padding + extra]
    np.testing.assert_array_equal(out[0, 0], expected)


def test_conv_transpose2d_adds_stamps_that_overlap():
    out = conv_transpose2d(np.ones((1, 1, 1, 2)), np.ones((1, 1, 1, 3)))
    assert out.ravel().tolist() == [1, 2, 2, 1]


def test_conv_transpose2d_keeps_groups_apart():
    x, weight = np.array([1.0, 10.0]).reshape(1, 2, 1, 1), np.array([2.0, 3.0]).reshape(2, 1, 1, 1)
    assert conv_transpose2d(x, weight, groups=2).ravel().tolist() == [2, 30]
