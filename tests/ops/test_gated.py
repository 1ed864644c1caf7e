"""A closed gate gives exactly 0, whatever comes: `np.where(is_open, grad, 0)`, bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from minimaskrcnn.ops.arithmetic import gated


@given(st.data(), st.sampled_from([np.float32, np.float64]), array_shapes(min_dims=0, max_dims=3, max_side=4))
def test_it_is_numpys_choice_to_the_bit(data, dtype, shape):
    width = 8 * np.dtype(dtype).itemsize
    grad = data.draw(arrays(dtype, shape, elements=st.floats(width=width)))  # NaN, infinity, -0.0 among them
    is_open = data.draw(arrays(bool, shape))
    assert gated(grad, is_open).tobytes() == np.where(is_open, grad, dtype(0)).tobytes()


@pytest.mark.parametrize("order", ["C", "F"])
def test_gates_that_broadcast_and_arrays_in_another_order(order, rng):
    grad = np.asarray(rng.standard_normal((3, 4, 5)).astype(np.float32), order=order)
    for is_open in (
        rng.random((3, 1, 1)) < 0.5,
        rng.random((3, 4, 5)) < 0.5,
        (rng.random((5, 4, 3)) < 0.5).T,
    ):
        np.testing.assert_array_equal(gated(grad, is_open), np.where(is_open, grad, np.float32(0)))


def test_the_gradient_that_comes_in_is_not_changed(rng):
    grad = rng.standard_normal(6)
    before = grad.copy()
    gated(grad, np.zeros(6, bool))
    np.testing.assert_array_equal(grad, before)
