"""Ops along axes and ops that move elements: NumPy's answer, and where each gradient goes."""

import math

import numpy as np
import pytest
from hypothesis import given

from minimaskrcnn import ops
from minimaskrcnn.testing import Case
from minimaskrcnn.testing import strategies as s
from minimaskrcnn.testing.case import run

pytestmark = pytest.mark.operators

arrays = s.shapes(2, 3).flatmap(s.normal)


def value(fn, *arrays, **arguments):
    return run(fn, Case(*arrays, **arguments)).outputs[0]


def slope(fn, *arrays, **arguments):
    return run(fn, Case(*arrays, **arguments), np.ones_like).grads[0]


@given(arrays)
def test_sum_in_two_steps_is_sum_in_one(x):
    np.testing.assert_allclose(value(lambda t: ops.sum(ops.sum(t, 0)), x), math.fsum(x.ravel()), atol=1e-12)


@given(arrays)
def test_mean_is_the_sum_over_the_count(x):
    np.testing.assert_allclose(value(ops.mean, x, axis=1) * x.shape[1], value(ops.sum, x, axis=1), atol=1e-12)


def test_mean_shares_its_gradient_equally():
    assert slope(ops.mean, np.zeros((2, 4)), axis=1).tolist() == [[0.25] * 4] * 2


def test_max_gives_the_gradient_of_a_tie_to_the_first():
    x = np.array([[1.0, 3.0, 3.0], [2.0, 0.0, 2.0]])
    assert value(ops.max, x, axis=1).tolist() == [3, 2]
    assert slope(ops.max, x, axis=1).tolist() == [[0, 1, 0], [1, 0, 0]]


@given(arrays)
def test_softmax_is_a_distribution_that_ignores_a_constant(x):
    p = value(ops.softmax, x, dim=1)
    np.testing.assert_allclose(p.sum(1), 1)
    np.testing.assert_allclose(value(ops.softmax, x + 1000, dim=1), p, atol=1e-12)
    np.testing.assert_allclose(p, np.exp(x) / np.exp(x).sum(1, keepdims=True))


@given(arrays)
def test_log_softmax_is_the_log_of_softmax(x):
    np.testing.assert_allclose(value(ops.log_softmax, x, dim=0), np.log(value(ops.softmax, x, dim=0)))


def test_log_softmax_does_not_lose_small_probabilities():
    assert value(ops.log_softmax, np.array([0.0, 1000.0])).tolist() == [-1000, 0]


def test_concatenate_puts_the_parts_one_after_the_other():
    x, y = np.arange(2.0), np.arange(3.0)
    assert value(lambda *parts: ops.concatenate(parts), x, y).tolist() == [0, 1, 0, 1, 2]


def test_stack_makes_an_axis():
    x, y = np.arange(2.0), np.arange(2.0) + 5
    assert value(lambda *parts: ops.stack(parts, 1), x, y).tolist() == [[0, 5], [1, 6]]


def test_flatten_keeps_row_major_order():
    assert value(ops.flatten, np.arange(8.0).reshape(2, 2, 2), start_dim=1).tolist() == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
    ]


def test_reshape_keeps_row_major_order():
    assert value(ops.reshape, np.arange(6.0).reshape(2, 3).T.copy(), shape=(2, 3)).tolist() == [
        [0, 3, 1],
        [4, 2, 5],
    ]


@given(arrays)
def test_permute_twice_by_inverse_orders_is_nothing(x):
    dims = tuple(np.roll(range(x.ndim), 1).tolist())
    back = tuple(np.argsort(dims).tolist())
    np.testing.assert_array_equal(value(lambda t: ops.permute(ops.permute(t, dims), back), x), x)


def test_transpose_swaps_two_axes():
    x = np.arange(6.0).reshape(1, 2, 3)
    np.testing.assert_array_equal(value(ops.transpose, x, dim0=1, dim1=2), x.swapaxes(1, 2))


def test_getitem_adds_the_gradients_of_an_element_taken_twice():
    x, index = np.array([1.0, 2.0, 3.0]), np.array([2, 0, 2])
    assert value(ops.getitem, x, index=index).tolist() == [3, 1, 3]
    assert slope(ops.getitem, x, index=index).tolist() == [1, 0, 2]


def test_pad_counts_from_the_last_axis():
    x = np.ones((1, 2))
    assert value(ops.pad, x, pad=(1, 0, 0, 1), value=7.0).tolist() == [[7, 1, 1], [7, 7, 7]]
    assert slope(ops.pad, x, pad=(1, 0, 0, 1)).tolist() == [[1, 1]]


def test_linear_multiplies_by_the_transposed_weight():
    x, weight, bias = np.array([[1.0, 2.0]]), np.array([[1.0, 0.0], [0.0, 10.0], [1.0, 1.0]]), np.arange(3.0)
    assert value(ops.linear, x, weight, bias).tolist() == [[1, 21, 5]]


def test_matmul_of_a_batch_and_one_matrix():
    a, b = np.arange(12.0).reshape(3, 2, 2), np.array([[0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_array_equal(value(ops.matmul, a, b), a[:, :, ::-1])  # b swaps the columns
