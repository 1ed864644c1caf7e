"""Normalisation: which cells share a mean, the statistics of the result, and what it ignores."""

import numpy as np
import pytest
from hypothesis import given

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.testing import Case
from minimaskrcnn.testing import strategies as s
from minimaskrcnn.testing.case import run

pytestmark = pytest.mark.operators

PLACES = (0, 2, 3)


def train(x, weight, bias, eps=1e-5):
    C = x.shape[1]
    return ops.batch_norm(x, np.zeros(C), np.ones(C), weight, bias, training=True, eps=eps)


def column(per_channel):
    return per_channel[:, None, None]


@given(s.norm_cases("batch"))
def test_batch_norm_gives_each_channel_the_mean_and_deviation_asked_for(case):
    x, weight, bias = case.tensors
    out = run(train, Case(x, weight, bias, eps=0.0)).outputs[0]
    np.testing.assert_allclose(out.mean(PLACES), bias, atol=1e-10)
    np.testing.assert_allclose(out.std(PLACES), weight, rtol=1e-9)


@given(s.norm_cases("batch"))
def test_batch_norm_does_not_see_the_scale_of_its_input(case):
    x, weight, bias = case.tensors
    out = run(train, Case(x, weight, bias, eps=0.0)).outputs[0]
    np.testing.assert_allclose(run(train, Case(3 * x - 5, weight, bias, eps=0.0)).outputs[0], out, atol=1e-9)


@given(s.norm_cases("batch"))
def test_batch_norm_gradient_has_no_mean_and_nothing_along_the_input(case):
    x, weight, bias = case.tensors
    dx = run(train, Case(x, weight, bias, eps=0.0)).grads[0]
    np.testing.assert_allclose(dx.sum(PLACES), 0, atol=1e-9)
    np.testing.assert_allclose((dx * x).sum(PLACES), 0, atol=1e-8)


def test_batch_norm_adds_eps_to_the_variance():
    x = np.array([0.0, 2.0]).reshape(2, 1, 1, 1)  # mean 1, variance 1
    out = run(train, Case(x, np.ones(1), np.zeros(1), eps=3.0)).outputs[0]
    assert out.ravel().tolist() == [-0.5, 0.5]


def test_batch_norm_moves_the_running_statistics_and_counts_the_variance_without_bias():
    mean, var = np.array([10.0]), np.array([20.0])
    x = Tensor(np.array([0.0, 2.0]).reshape(2, 1, 1, 1))  # mean 1, biased variance 1, unbiased 2
    ops.batch_norm(x, mean, var, training=True, momentum=0.5)
    assert (mean.item(), var.item()) == (5.5, 11.0)


@given(s.norm_cases("batch"))
def test_batch_norm_hands_its_bias_the_sum_of_the_gradient_and_its_weight_the_product(case):
    x, weight, bias = case.tensors
    result = run(train, Case(x, weight, bias, eps=0.0))
    normalised = (result.outputs[0] - column(bias)) / column(weight)
    np.testing.assert_allclose(result.grads[2], result.cotangents[0].sum(PLACES), atol=1e-9)
    np.testing.assert_allclose(result.grads[1], (result.cotangents[0] * normalised).sum(PLACES), atol=1e-8)


@given(s.norm_cases("frozen"))
def test_frozen_batch_norm_is_a_scale_and_a_shift(case):
    x, weight, bias = case.tensors
    a = case.arguments
    scale = weight / np.sqrt(a["var"] + a["eps"])
    out = ops.frozen_batch_norm(Tensor(x), a["mean"], a["var"], weight, bias, a["eps"]).data
    np.testing.assert_allclose(out, x * column(scale) + column(bias - a["mean"] * scale), atol=1e-9)


def test_frozen_batch_norm_holds_its_statistics_constant_in_backward():
    def fn(x, weight, bias):
        return ops.frozen_batch_norm(x, np.array([5.0]), np.array([4.0]), weight, bias, eps=0.0)

    x = np.array([5.0, 9.0]).reshape(2, 1, 1, 1)
    dx, dweight, dbias = run(fn, Case(x, np.array([3.0]), np.array([0.0])), np.ones_like).grads
    assert (dx.ravel().tolist(), dweight.tolist(), dbias.tolist()) == ([1.5, 1.5], [2], [2])


@given(s.norm_cases("group"))
def test_group_norm_normalises_neighbouring_channels_of_one_image(case):
    x, weight, bias = case.tensors
    groups = case.arguments["num_groups"]
    out = ops.group_norm(Tensor(x), groups, Tensor(weight), Tensor(bias), eps=0.0).data
    normalised = (out - column(bias)) / column(weight)
    cells = normalised.reshape(len(x), groups, -1)  # (N, C, H, W) -> (N, G, C/G*H*W)
    np.testing.assert_allclose(cells.mean(2), 0, atol=1e-9)
    np.testing.assert_allclose(cells.std(2), 1, rtol=1e-9)


@given(s.norm_cases("group"))
def test_group_norm_does_not_see_the_rest_of_the_batch(case):
    x, weight, bias = case.tensors
    groups, eps = case.arguments["num_groups"], case.arguments["eps"]
    whole = ops.group_norm(Tensor(x), groups, Tensor(weight), Tensor(bias), eps).data
    alone = [
        ops.group_norm(Tensor(x[n : n + 1]), groups, Tensor(weight), Tensor(bias), eps).data
        for n in range(len(x))
    ]
    np.testing.assert_allclose(whole, np.concatenate(alone), atol=1e-12)


def test_group_norm_with_one_group_mixes_all_channels_and_with_c_groups_none():
    x = np.array([0.0, 2.0, 10.0, 14.0]).reshape(1, 2, 1, 2)
    each = ops.group_norm(Tensor(x), 2, eps=0.0).data
    assert each.ravel().tolist() == [-1, 1, -1, 1]
    together = ops.group_norm(Tensor(x), 1, eps=0.0).data
    np.testing.assert_allclose(together.ravel(), (x.ravel() - 6.5) / x.std())


def test_group_norm_adds_the_gradient_of_its_bias_over_the_batch(rng):
    x, grad = rng.standard_normal((2, 3, 4, 2, 2))
    result = run(lambda x, w, b: ops.group_norm(x, 2, w, b), Case(x, np.ones(4), np.zeros(4)), lambda y: grad)
    np.testing.assert_allclose(result.grads[2], grad.sum(PLACES))
    np.testing.assert_allclose(result.grads[1], (grad * result.outputs[0]).sum(PLACES))
