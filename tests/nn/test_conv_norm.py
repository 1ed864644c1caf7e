"""A convolution and the norm behind it, as one: the same numbers, the same gradients, fewer passes."""

import numpy as np
import pytest

from minimaskrcnn import nn
from minimaskrcnn.autograd import Tensor, hook, no_grad

NORMS = {
    "batch norm in evaluation": lambda: nn.BatchNorm2d(6).eval(),
    "batch norm in training": lambda: nn.BatchNorm2d(6),
    "frozen batch norm": lambda: nn.FrozenBatchNorm2d(6),
    "group norm": lambda: nn.GroupNorm(2, 6),
}
every_norm = pytest.mark.parametrize("make", NORMS.values(), ids=NORMS.keys())


@pytest.fixture
def x(rng):
    return rng.standard_normal((2, 3, 7, 6))


def layers(make, rng, bias=False):
    """A convolution and a norm in float64, with numbers everywhere."""
    conv, norm = nn.Conv2d(3, 6, 3, 2, 1, bias=bias, rng=rng), make()
    for module in (conv, norm):
        module.astype(np.float64)
        for parameter in module.parameters():
            parameter.data = rng.standard_normal(parameter.shape)
        for name, array in list(module.named_buffers()):
            if name != "num_batches_tracked":
                module.register_buffer(name, rng.uniform(0.5, 2, array.shape))
    return conv, norm


def answers(forward, conv, norm, x):
    """Output, and the gradients of x and of every parameter."""
    for module in (conv, norm):
        module.zero_grad()
    given = Tensor(x, requires_grad=True)
    y = forward(given)
    y.backward(np.random.default_rng(0).standard_normal(y.shape))
    return [y.data, given.grad, *(p.grad for module in (conv, norm) for p in module.parameters())]


@pytest.mark.parametrize("bias", [False, True])
@every_norm
def test_it_is_the_norm_of_the_convolution(make, bias, x, rng):
    conv, norm = layers(make, rng, bias)
    expected = answers(lambda given: norm(conv(given)), conv, norm, x)
    got = answers(lambda given: nn.conv_norm(conv, norm, given), conv, norm, x)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def operators(forward, x):
    events = []
    with no_grad(), hook(events.append):
        forward(Tensor(x))
    return [event.op for event in events]


def test_fixed_statistics_leave_one_pass_over_the_map(x, rng):
    for name in ("batch norm in evaluation", "frozen batch norm"):
        conv, norm = layers(NORMS[name], rng)
        ran = operators(lambda given, pair=(conv, norm): nn.conv_norm(*pair, given), x)
        assert ran[-1] == "Conv2d"
        assert "AffineNorm" not in ran


def test_running_statistics_move_in_training(x, rng):
    conv, norm = layers(NORMS["batch norm in training"], rng)
    before = norm.running_mean.copy()
    nn.conv_norm(conv, norm, Tensor(x))
    assert norm.num_batches_tracked == 1
    assert not np.allclose(norm.running_mean, before)


def test_a_pair_has_the_state_names_of_a_sequence(x, rng):
    conv, norm = layers(NORMS["batch norm in evaluation"], rng)
    pair = nn.ConvNorm(conv, norm)
    assert list(pair.state_dict()) == list(nn.Sequential(conv, norm).state_dict())
    np.testing.assert_allclose(pair(Tensor(x)).data, norm(conv(Tensor(x))).data, rtol=1e-10)
