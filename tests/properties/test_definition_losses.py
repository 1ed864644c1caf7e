"""Losses: their formulas, their values by hand, and what a mean divides by."""

import math

import numpy as np
import pytest
from hypothesis import given

from minimaskrcnn import ops
from minimaskrcnn.testing import Case
from minimaskrcnn.testing import strategies as s
from minimaskrcnn.testing.case import run

pytestmark = pytest.mark.operators


def value(fn, x, **arguments):
    return run(fn, Case(np.asarray(x, np.float64), **arguments)).outputs[0]


def grad(fn, x, **arguments):
    return run(fn, Case(np.asarray(x, np.float64), **arguments), np.ones_like).grads[0]


@pytest.mark.parametrize("classes", [2, 3, 81])
def test_cross_entropy_of_equal_logits_is_the_log_of_the_number_of_classes(classes):
    loss = value(ops.cross_entropy, np.zeros((5, classes)), target=np.arange(5) % classes)
    assert loss == pytest.approx(math.log(classes))


@given(s.class_cases())
def test_cross_entropy_is_minus_the_log_of_the_softmax_of_the_target(case):
    (logits,), target = case.tensors, case.arguments["target"]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    counted = target != case.arguments["ignore_index"]
    chosen = np.take_along_axis(p, np.where(counted, target, 0)[:, None], 1)[:, 0]
    weight = np.ones(logits.shape[1]) if case.arguments["weight"] is None else case.arguments["weight"]
    weights = np.where(counted, weight[np.where(counted, target, 0)], 0)
    terms = -np.log(chosen) * weights
    expected = {
        "none": terms,
        "sum": terms.sum(),
        "mean": terms.sum() / weights.sum() if counted.any() else np.nan,
    }
    np.testing.assert_allclose(
        value(ops.cross_entropy, logits, **case.arguments), expected[case.arguments["reduction"]], atol=1e-12
    )


def test_cross_entropy_mean_divides_by_the_targets_that_count():
    logits, target = np.zeros((4, 2)), np.array([0, -100, 1, -100])
    assert value(ops.cross_entropy, logits, target=target) == pytest.approx(math.log(2))
    assert grad(ops.cross_entropy, logits, target=target).tolist() == [
        [-0.25, 0.25],
        [0, 0],
        [0.25, -0.25],
        [0, 0],
    ]


def test_cross_entropy_mean_is_weighted():
    loss = value(
        ops.cross_entropy,
        np.zeros((2, 2)),
        target=np.array([0, 1]),
        weight=np.array([3.0, 1.0]),
        reduction="mean",
    )
    assert loss == pytest.approx(math.log(2))


def test_cross_entropy_does_not_overflow():
    assert value(ops.cross_entropy, [[1000.0, 0.0]], target=np.array([1])) == 1000


@pytest.mark.parametrize("target", [0.0, 0.25, 1.0])
def test_binary_cross_entropy_with_logits_at_zero_is_the_log_of_two(target):
    loss = value(ops.binary_cross_entropy_with_logits, [0.0], target=np.array([target]))
    assert loss == pytest.approx(math.log(2))


@given(s.binary_cases())
def test_binary_cross_entropy_with_logits_is_two_logarithms(case):
    logits = np.clip(case.tensors[0], -20, 20)
    t, reduction = case.arguments["target"], case.arguments["reduction"]
    terms = t * np.log1p(np.exp(-logits)) + (1 - t) * np.log1p(np.exp(logits))
    expected = {"none": terms, "sum": terms.sum(), "mean": terms.mean()}[reduction]
    loss = value(ops.binary_cross_entropy_with_logits, logits, target=t, reduction=reduction)
    np.testing.assert_allclose(loss, expected, atol=1e-12)


def test_binary_cross_entropy_with_logits_does_not_overflow():
    loss = value(
        ops.binary_cross_entropy_with_logits, [1000.0, -1000.0], target=np.array([0.0, 1.0]), reduction="none"
    )
    assert loss.tolist() == [1000, 1000]


def test_binary_cross_entropy_with_logits_mean_shares_its_gradient():
    dz = grad(ops.binary_cross_entropy_with_logits, np.zeros(4), target=np.ones(4))
    assert dz.tolist() == [-0.125] * 4


@pytest.mark.parametrize(
    ("beta", "expected"), [(1.0, [0.125, 0.5, 2.5]), (0.5, [0.25, 0.75, 2.75]), (0.0, [0.5, 1.0, 3.0])]
)
def test_smooth_l1_loss_is_a_parabola_up_to_beta_and_a_line_beyond(beta, expected):
    x, zero = np.array([0.5, -1.0, 3.0]), np.zeros(3)
    assert value(ops.smooth_l1_loss, x, target=zero, beta=beta, reduction="none").tolist() == expected
    assert value(ops.smooth_l1_loss, x, target=zero, beta=beta, reduction="sum") == sum(expected)
    assert value(ops.smooth_l1_loss, x, target=zero, beta=beta) == pytest.approx(sum(expected) / 3)


def test_smooth_l1_loss_has_slopes_from_minus_one_to_one():
    dx = grad(ops.smooth_l1_loss, [-3.0, -0.5, 0.0, 0.5, 3.0], target=np.zeros(5), reduction="sum")
    assert dx.tolist() == [-1, -0.5, 0, 0.5, 1]
