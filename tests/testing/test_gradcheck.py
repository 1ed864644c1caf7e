"""The checker is checked: it finds planted errors, says where, and tells a kink from an error."""

import numpy as np
import pytest

from minimaskrcnn import ops
from minimaskrcnn.autograd import Function
from minimaskrcnn.errors import InputError
from minimaskrcnn.testing import GradientError, NonSmoothPoint, gradcheck


def op(forward, backward):
    """A Function of one input from two lambdas of (x) and (grad, x)."""

    class Made(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save(x=x)
            return forward(x)

        @staticmethod
        def backward(ctx, grad):
            return backward(grad, ctx.x)

    return Made.apply


def square_with_one_wrong_element(index):
    def backward(grad, x):
        dx = 2 * x * grad
        dx[index] *= 1.001
        return dx

    return op(lambda x: x * x, backward)


def test_a_right_gradient_passes(rng):
    gradcheck(op(lambda x: x * x, lambda g, x: 2 * x * g), [rng.standard_normal((3, 4))], rng=rng)


def test_one_wrong_element_is_named_with_both_values(rng):
    with pytest.raises(
        GradientError, match=r"input 0 \(3, 4\) at \[2, 1\].*differences give.*1 of 12 elements"
    ):
        gradcheck(square_with_one_wrong_element((2, 1)), [rng.uniform(1, 2, (3, 4))], rng=rng)


def test_the_wrong_input_is_named(rng):
    def fn(a, b):
        return a * square_with_one_wrong_element((0,))(b)

    with pytest.raises(GradientError, match="input 1"):
        gradcheck(fn, [rng.uniform(1, 2, 3), rng.uniform(1, 2, 3)], rng=rng)


def test_a_large_input_is_checked_along_directions_and_the_element_is_still_found(rng):
    with pytest.raises(GradientError, match=r"at \[31, 17\].*random direction"):
        gradcheck(square_with_one_wrong_element((31, 17)), [rng.uniform(1, 2, (50, 40))], rng=rng)


def test_a_large_input_takes_few_evaluations(rng):
    calls = []

    def fn(x):
        calls.append(1)
        return x * x

    gradcheck(fn, [rng.standard_normal((100, 100))], rng=rng, directions=3)
    assert len(calls) == 1 + 2 * 3


def test_the_cotangent_is_not_ones(rng):
    """The sum of a softmax is constant: with a cotangent of ones, a backward that returns 0 would pass."""

    def softmax(x):
        e = np.exp(x)
        return e / e.sum()

    with pytest.raises(GradientError, match="backward gives 0"):
        gradcheck(op(softmax, lambda g, x: 0 * g), [rng.standard_normal(4)], rng=rng)


@pytest.mark.parametrize(
    "fn", [ops.relu, ops.abs, lambda x: ops.clip(x, 0, 1), lambda x: ops.maximum(x, 0.0)]
)
def test_a_kink_is_not_called_a_gradient_error(fn):
    with pytest.raises(NonSmoothPoint, match=r"at \[1\].*to the left"):
        gradcheck(fn, [np.array([0.7, 0.0])])


def test_a_kink_where_the_central_difference_agrees_is_still_found():
    """abs'(0) = 0 and so is the central difference; that it agrees proves nothing."""
    with pytest.raises(NonSmoothPoint):
        gradcheck(ops.abs, [np.array([0.0])])


def test_a_tie_in_a_maximum_is_a_kink():
    with pytest.raises(NonSmoothPoint):
        gradcheck(ops.max, [np.array([1.0, 1.0])])


def test_a_jump_is_not_called_a_gradient_error():
    step = op(lambda x: np.where(x >= 1, x, 0), lambda g, x: g * (x >= 1))
    with pytest.raises(NonSmoothPoint):
        gradcheck(step, [np.array([1.0])])


def test_a_kink_that_is_merely_near_does_not_disturb():
    gradcheck(ops.relu, [np.array([4e-6, -4e-6])])


def test_strong_curvature_is_not_a_kink():
    gradcheck(lambda x: x * x, [np.array([0.0, 1e-9])])
    gradcheck(lambda x: ops.exp(30 * x), [np.array([0.1])])


def test_an_op_that_changes_its_input_fails():
    def forward(x):
        x += 1
        return x * 1

    with pytest.raises(GradientError, match="forward changed input 0 in place"):
        gradcheck(op(forward, lambda g, x: g), [np.ones(2)])


def test_a_backward_that_changes_its_input_fails():
    def backward(grad, x):
        x *= 2
        return grad

    with pytest.raises(GradientError, match="backward changed input 0 in place"):
        gradcheck(op(lambda x: x * 1, backward), [np.ones(2)])


def test_a_backward_that_changes_the_gradient_it_is_given_fails():
    def backward(grad, x):
        grad *= 2
        return grad

    with pytest.raises(GradientError, match="backward changed gradient of output 0 in place"):
        gradcheck(op(lambda x: 2 * x, backward), [np.ones(2)])


def test_the_callers_arrays_are_left_alone(rng):
    x = rng.standard_normal((2, 3))
    x.flags.writeable = False
    gradcheck(ops.exp, [x], rng=rng)


def test_several_outputs(rng):
    gradcheck(lambda x: (ops.exp(x), x * x), [rng.standard_normal(3)], rng=rng)
    with pytest.raises(GradientError):
        gradcheck(lambda x: (ops.exp(x), square_with_one_wrong_element((0,))(x)), [np.ones(3)])


def test_an_unused_input_has_gradient_zero(rng):
    gradcheck(lambda a, b: a * 2, [rng.standard_normal(3), rng.standard_normal(2)], rng=rng)


def test_a_missing_gradient_fails(rng):
    with pytest.raises(GradientError, match="backward gives 0"):
        gradcheck(op(lambda x: 2 * x, lambda g, x: None), [np.ones(2)])


def test_nan_fails():
    with pytest.raises(GradientError, match="nan"):
        gradcheck(op(lambda x: 2 * x, lambda g, x: g * np.nan), [np.ones(2)])


def test_float32_is_refused():
    with pytest.raises(InputError, match=r"float64; got float32.*noise"):
        gradcheck(ops.relu, [np.ones(2, np.float32)])


def test_strides_do_not_matter(rng):
    gradcheck(lambda x: ops.exp(x) * x, [rng.standard_normal((4, 6)).T[::2]], rng=rng)
