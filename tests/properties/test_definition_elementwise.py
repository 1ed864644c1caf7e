"""Elementwise ops: what each is, by NumPy's own function, and its one documented answer at a kink."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.testing import Case
from minimaskrcnn.testing import strategies as s
from minimaskrcnn.testing.case import run

pytestmark = pytest.mark.operators

arrays = s.shapes().flatmap(s.positive)


def value(fn, *arrays, **arguments):
    return run(fn, Case(*arrays, **arguments)).outputs[0]


def slope(fn, *arrays, **arguments):
    """Gradients from a cotangent of ones."""
    return run(fn, Case(*arrays, **arguments), np.ones_like).grads


@given(arrays)
def test_exp_and_log_undo_each_other(x):
    np.testing.assert_allclose(value(lambda t: ops.log(ops.exp(t)), x), x, rtol=1e-12)


def test_exp_of_one_is_e():
    assert value(ops.exp, np.array(1.0)) == math.e


def test_log_of_e_is_one():
    assert value(ops.log, np.array(math.e)) == 1


@given(arrays)
def test_sqrt_squared_is_itself(x):
    np.testing.assert_allclose(value(ops.sqrt, x) ** 2, x, rtol=1e-12)


@given(arrays, st.sampled_from([-1.0, 0.5, 2.0, 3.0]))
def test_power_is_repeated_multiplication(x, exponent):
    np.testing.assert_allclose(value(ops.power, x, exponent=exponent), np.exp(exponent * np.log(x)))


@given(arrays)
def test_tanh_is_a_ratio_of_exponentials(x):
    expected = (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))
    np.testing.assert_allclose(value(ops.tanh, x), expected)


@given(arrays)
def test_sigmoid_of_x_and_of_minus_x_sum_to_one(x):
    np.testing.assert_allclose(value(ops.sigmoid, x), 1 / (1 + np.exp(-x)))
    np.testing.assert_allclose(value(ops.sigmoid, x) + value(ops.sigmoid, -x), 1)


def test_sigmoid_does_not_overflow():
    np.testing.assert_array_equal(value(ops.sigmoid, np.array([-1000.0, 1000.0])), [0, 1])


@given(arrays)
def test_negative_added_is_zero(x):
    np.testing.assert_array_equal(value(ops.negative, x) + x, 0)


def test_abs_has_slope_zero_at_zero():
    x = np.array([-2.0, 0.0, 3.0])
    np.testing.assert_array_equal(value(ops.abs, x), [2, 0, 3])
    np.testing.assert_array_equal(slope(ops.abs, x)[0], [-1, 0, 1])


def test_relu_has_slope_zero_at_zero():
    x = np.array([-2.0, 0.0, 3.0])
    np.testing.assert_array_equal(value(ops.relu, x), [0, 0, 3])
    np.testing.assert_array_equal(slope(ops.relu, x)[0], [0, 0, 1])


def test_clip_passes_the_gradient_at_its_limits():
    x = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    np.testing.assert_array_equal(value(ops.clip, x, min=-1, max=1), [-1, -1, 0, 1, 1])
    np.testing.assert_array_equal(slope(ops.clip, x, min=-1, max=1)[0], [0, 1, 1, 1, 0])


def test_hardswish_is_zero_a_parabola_and_the_identity():
    x = np.array([-4.0, -3.0, -1.5, 0.0, 1.5, 3.0, 4.0])
    np.testing.assert_allclose(value(ops.hardswish, x), [0, 0, -0.375, 0, 1.125, 3, 4])
    np.testing.assert_allclose(slope(ops.hardswish, x)[0], [0, 0, 0, 0.5, 1, 1, 1])


@pytest.mark.parametrize(("name", "result"), [("add", 8), ("subtract", 4), ("multiply", 12), ("divide", 3)])
def test_arithmetic_of_six_and_two(name, result):
    assert value(getattr(ops, name), np.array(6.0), np.array(2.0)) == result


def test_add_sums_the_gradient_of_what_was_stretched():
    a, b = slope(ops.add, np.zeros((2, 3)), np.zeros(3))
    assert (a.tolist(), b.tolist()) == ([[1, 1, 1], [1, 1, 1]], [2, 2, 2])


def test_subtract_gives_the_second_operand_a_minus():
    assert slope(ops.subtract, np.array(5.0), np.array(3.0)) == [1, -1]


def test_multiply_gives_each_operand_the_other():
    assert slope(ops.multiply, np.array(5.0), np.array(3.0)) == [3, 5]


def test_divide_gives_the_quotient_rule():
    assert slope(ops.divide, np.array(6.0), np.array(2.0)) == [0.5, -1.5]


def test_python_numbers_are_weak():
    x = Tensor(np.ones(2, np.float32))
    assert {(x + 1).dtype, (2.5 * x).dtype, (x / 3.0).dtype, (1 - x).dtype} == {np.dtype(np.float32)}


def test_maximum_gives_the_gradient_of_a_tie_to_the_first():
    assert value(ops.maximum, np.array([1.0, 2.0]), np.array([3.0, 2.0])).tolist() == [3, 2]
    a, b = slope(ops.maximum, np.array([1.0, 2.0]), np.array([3.0, 2.0]))
    assert (a.tolist(), b.tolist()) == ([0, 1], [1, 0])


def test_minimum_gives_the_gradient_of_a_tie_to_the_first():
    assert value(ops.minimum, np.array([1.0, 2.0]), np.array([3.0, 2.0])).tolist() == [1, 2]
    a, b = slope(ops.minimum, np.array([1.0, 2.0]), np.array([3.0, 2.0]))
    assert (a.tolist(), b.tolist()) == ([1, 1], [0, 0])


def test_where_takes_one_or_the_other():
    condition = np.array([True, False])
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert value(lambda p, q: ops.where(condition, p, q), a, b).tolist() == [1, 4]


def test_where_gives_no_gradient_to_the_branch_not_taken():
    a, b = slope(lambda p, q: ops.where(np.array([True, False]), p, q), np.ones(2), np.ones(2))
    assert (a.tolist(), b.tolist()) == ([1, 0], [0, 1])
