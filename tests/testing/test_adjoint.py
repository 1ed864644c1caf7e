"""assert_adjoint passes for transposes, and names the element where a backward is not one."""

import numpy as np
import pytest

from minimaskrcnn import ops
from minimaskrcnn.autograd import Function
from minimaskrcnn.testing import Case, assert_adjoint

MATRIX = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


class Times(Function):
    """y = M x."""

    back = MATRIX.T

    @staticmethod
    def forward(ctx, x):
        return MATRIX @ x

    @classmethod
    def backward(cls, ctx, grad):
        return cls.back @ grad


class TimesWithOneWrongElement(Times):
    back = MATRIX.T + np.array([[0, 0], [0, 1e-9], [0, 0]])


def test_a_transpose_passes():
    assert_adjoint(Times.apply, Case(np.ones(3)))


def test_an_error_in_the_ninth_digit_is_found_and_named():
    with pytest.raises(AssertionError, match=r"input 0: <A x, v> = .* At \[1\] it gives"):
        assert_adjoint(TimesWithOneWrongElement.apply, Case(np.ones(3)))


def test_a_constant_does_not_matter():
    assert_adjoint(lambda x: Times.apply(x) + 7.0, Case(np.ones(3)))


def test_an_op_that_is_not_linear_fails():
    with pytest.raises(AssertionError, match="not the transpose"):
        assert_adjoint(ops.relu, Case(np.array([1.0, -2.0, 3.0])))


def test_the_other_inputs_are_held():
    case = Case(np.array([2.0]), np.array([3.0]))
    assert_adjoint(ops.multiply, case, 0)
    assert_adjoint(ops.multiply, case, 1)


def test_several_outputs_are_one_map():
    assert_adjoint(lambda x: (Times.apply(x), ops.sum(x)), Case(np.ones(3)))
