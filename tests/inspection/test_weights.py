"""Weight statistics: numbers by NumPy, flags for what never learnt."""

import numpy as np
import pytest

from minimaskrcnn import nn
from minimaskrcnn.inspection import weight_statistics
from minimaskrcnn.inspection.weights import dead_channels


def layer():
    return nn.Linear(4, 3, rng=np.random.default_rng(0))


def test_numbers_are_those_of_the_weight():
    net = layer()
    row = next(r for r in weight_statistics(net) if r.name == "weight")
    values = net.weight.data
    assert row.shape == (3, 4)
    assert (row.low, row.high) == (values.min(), values.max())
    assert (row.mean, row.spread) == pytest.approx((values.mean(), values.std()), rel=1e-5)
    assert (row.dead, row.flag) == (0, "")


def test_a_dead_channel_a_dead_layer_and_an_unlearnt_bias_are_flagged():
    net = layer()
    net.weight.data[1] = 1e-8
    flags = {row.name: (row.dead, row.flag) for row in weight_statistics(net)}
    assert flags == {"weight": (1, "some dead"), "bias": (0, "dead?")}  # the bias is still zero everywhere
    net.weight.data[:] = 0
    net.bias.data[:] = [1, 2, 3]
    flags = {row.name: row.flag for row in weight_statistics(net)}
    assert flags == {"weight": "dead?", "bias": ""}


def test_small_weights_are_not_dead_where_all_are_small():
    assert not dead_channels(1e-9 * np.array([[1.0, 2], [-2, 1]])).any()
