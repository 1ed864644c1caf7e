"""check_op runs the layers that apply, and only those asked for."""

import numpy as np
import pytest

from minimaskrcnn import ops
from minimaskrcnn.autograd import Function
from minimaskrcnn.errors import InputError
from minimaskrcnn.testing import Case, GradientError, NonSmoothPoint, check_op

X = Case(np.array([1.0, -2.0]))


class Tripled(Function):
    """y = 2 x with a backward of 3."""

    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, grad):
        return 3 * grad


def test_several_cases_are_checked_one_after_the_other():
    check_op(ops.exp, [X, Case(np.zeros((2, 3)))])
    with pytest.raises(NonSmoothPoint):
        check_op(ops.relu, [X, Case(np.zeros(1))])


def test_a_wrong_gradient_is_found_by_both_layers_that_look_at_it():
    with pytest.raises(GradientError, match="gradcheck: input 0"):
        check_op(Tripled.apply, X)
    with pytest.raises(AssertionError, match="assert_adjoint: input 0"):
        check_op(Tripled.apply, X, linear=(0,))


def test_layers_can_be_left_out():
    check_op(Tripled.apply, X, linear=(0,), layers=("parity", "contract"))


def test_an_unknown_layer_is_refused():
    with pytest.raises(InputError, match=r"no layer .*'gradients'.* the layers are parity, adjoint"):
        check_op(ops.exp, X, layers=("gradients",))


def test_a_case_may_lack_the_last_linear_inputs():
    case = Case(np.ones((1, 2)), np.ones((3, 2)))
    check_op(ops.linear, case, linear=(0, 1, 2))


def test_like_compares_outputs_and_gradients_with_another_op():
    check_op(lambda x: x + x, X, like=lambda x: 2.0 * x)
    with pytest.raises(AssertionError, match="unlike the other op's, output 0"):
        check_op(ops.exp, X, like=ops.tanh)
    with pytest.raises(AssertionError, match="unlike the other op's, gradient 0"):
        check_op(Tripled.apply, X, like=lambda x: 2.0 * x)


def test_like_sees_who_wins_a_tie():
    with pytest.raises(AssertionError, match="unlike the other op's, gradient 0"):
        check_op(lambda x: ops.max(x[::-1]), Case(np.arange(1.0, 5.0)), like=ops.max, layers=())
