"""`inplace=True` lends memory where no gradient is recorded, and changes no answer."""

import numpy as np
import pytest

from minimaskrcnn import nn, ops
from minimaskrcnn.autograd import Tensor, no_grad
from minimaskrcnn.models.resnet import Bottleneck, ResNet

INPLACE = {
    "relu": lambda x: ops.relu(x, inplace=True),
    "relu layer": lambda x: nn.ReLU(inplace=True)(x),
    "add": lambda x: ops.add(x, Tensor(np.ones(3, x.dtype)), inplace=True),
}
PLAIN = {
    "relu": ops.relu,
    "relu layer": nn.ReLU(),
    "add": lambda x: ops.add(x, Tensor(np.ones(3, x.dtype))),
}
each = pytest.mark.parametrize("name", INPLACE)


@pytest.fixture
def array(rng):
    return rng.standard_normal((4, 3))


@each
def test_without_gradients_the_result_lies_in_the_first_operand(name, array):
    expected = PLAIN[name](Tensor(array)).data
    with no_grad():
        result = INPLACE[name](Tensor(array, requires_grad=True))
    assert np.shares_memory(result.data, array)
    np.testing.assert_array_equal(result.data, expected)


@each
def test_where_a_gradient_is_recorded_the_operand_is_left_alone(name, array):
    before = array.copy()
    x, y = (Tensor(array, requires_grad=True) for _ in range(2))
    INPLACE[name](x).sum().backward()
    PLAIN[name](y).sum().backward()
    np.testing.assert_array_equal(array, before)
    np.testing.assert_array_equal(x.grad, y.grad)


@each
def test_what_may_not_be_written_is_left_alone(name, array):
    expected = PLAIN[name](Tensor(array)).data
    array.flags.writeable = False
    with no_grad():
        np.testing.assert_array_equal(INPLACE[name](Tensor(array)).data, expected)


def test_a_sum_larger_than_its_first_operand_gets_memory_of_its_own(array):
    row = Tensor(array[0].copy())
    with no_grad():
        np.testing.assert_array_equal(ops.add(row, Tensor(array), inplace=True).data, array[0] + array)
    np.testing.assert_array_equal(row.data, array[0])


def test_a_residual_network_answers_alike_with_and_without_gradients(rng):
    for norm in (nn.FrozenBatchNorm2d, lambda channels: nn.GroupNorm(2, channels)):
        body = ResNet(Bottleneck, 4, (2, 4), (2, 2), (1, 2), norm, rng=rng)
        image = rng.random((1, 3, 32, 24)).astype(np.float32)
        given = image.copy()
        recorded = body(Tensor(given))
        with no_grad():
            lent = body(Tensor(given))
        np.testing.assert_array_equal(given, image)
        for name, features in recorded.items():
            np.testing.assert_array_equal(lent[name].data, features.data)
