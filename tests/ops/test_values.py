"""Values and gradients where there is one documented answer: kinks, ties, extremes, empty arrays."""

import numpy as np
import pytest

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.errors import InputError


def leaf(values):
    return Tensor(np.array(values, np.float32), requires_grad=True)


def grad_of(fn, values):
    x = leaf(values)
    fn(x).sum().backward()
    return x.grad.tolist()


def test_kinks_have_one_answer():
    assert grad_of(ops.relu, [-1, 0, 2]) == [0, 0, 1]
    assert grad_of(ops.abs, [-1, 0, 2]) == [-1, 0, 1]
    assert grad_of(lambda x: ops.clip(x, 0, 1), [-1, 0, 1, 2]) == [0, 1, 1, 0]


def test_a_tie_goes_to_the_first():
    assert grad_of(ops.max, [3, 5, 5, 1]) == [0, 1, 0, 0]
    assert grad_of(lambda x: ops.max(x, 1), [[5, 5], [1, 2]]) == [[1, 0], [0, 1]]
    a, b = leaf([1, 2]), leaf([1, 3])
    ops.maximum(a, b).sum().backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([1, 0], [0, 1])
    a, b = leaf([1, 2]), leaf([1, 3])
    ops.minimum(a, b).sum().backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([1, 1], [0, 0])


@pytest.mark.parametrize("big", [50.0, 1000.0])
def test_sigmoid_and_softmax_do_not_overflow(big):
    x = Tensor([-big, 0.0, big])
    np.testing.assert_allclose(ops.sigmoid(x).data, [np.exp(-big), 0.5, 1], atol=1e-30)
    assert ops.softmax(x).data[2] == 1
    assert ops.log_softmax(x).data[0] == -2 * big


def test_losses_at_extreme_logits():
    logits = leaf([[1000.0, 0.0], [0.0, 1000.0]])
    loss = ops.cross_entropy(logits, np.array([0, 0]), reduction="none")
    np.testing.assert_array_equal(loss.data, [0, 1000])
    loss = ops.binary_cross_entropy_with_logits(
        leaf([1000.0, -1000.0, 1000.0]), np.array([1, 0, 0]), reduction="none"
    )
    np.testing.assert_array_equal(loss.data, [0, 0, 1000])


def test_losses_before_training_are_what_chance_gives():
    assert ops.cross_entropy(Tensor(np.zeros((5, 7))), np.arange(5)).item() == pytest.approx(np.log(7))
    assert ops.binary_cross_entropy_with_logits(Tensor(np.zeros(4)), np.ones(4)).item() == pytest.approx(
        np.log(2)
    )


def test_ignored_targets_are_not_counted():
    logits = leaf([[1, 2], [3, 1], [0, 0]])
    loss = ops.cross_entropy(logits, np.array([0, -100, 1]))
    loss.backward()
    kept = ops.cross_entropy(Tensor(logits.data[[0, 2]]), np.array([0, 1]))
    assert loss.item() == pytest.approx(kept.item())
    assert logits.grad[1].tolist() == [0, 0]


def test_the_mean_of_no_targets_is_nan_and_the_sum_zero():
    logits, none = leaf(np.zeros((0, 3))), np.zeros(0, int)
    assert np.isnan(ops.cross_entropy(logits, none).item())
    assert ops.cross_entropy(logits, none, reduction="sum").item() == 0
    assert np.isnan(ops.smooth_l1_loss(leaf(np.zeros((0, 4))), np.zeros((0, 4))).item())
    assert ops.binary_cross_entropy_with_logits(leaf([]), np.zeros(0), reduction="sum").item() == 0
    ops.cross_entropy(logits, none, reduction="sum").backward()
    assert logits.grad.shape == (0, 3)


def test_smooth_l1_meets_at_the_corner():
    x = leaf([0.5 - 1e-4, 0.5 + 1e-4])
    loss = ops.smooth_l1_loss(x, np.zeros(2), beta=0.5, reduction="none")
    np.testing.assert_allclose(loss.data, 0.25, atol=2e-4)


def test_where_gives_the_branch_not_taken_nothing():
    x = leaf([4, 0])
    safe = ops.where(x > 0, x, 1.0)
    ops.where(x > 0, ops.log(safe), 0.0).sum().backward()
    assert x.grad.tolist() == [0.25, 0]


def test_repeated_rows_add_their_gradients():
    assert grad_of(lambda x: x[np.array([0, 2, 0])], [1, 2, 3]) == [2, 0, 1]


def test_a_boolean_scalar_index_in_a_tuple_does_not_repeat():
    assert grad_of(lambda x: x[1, np.array([True, False])], [[1, 2], [3, 4]]) == [[0, 0], [1, 0]]


def test_flatten_of_an_empty_batch():
    assert ops.flatten(Tensor(np.zeros((0, 3, 7, 7), np.float32)), 1).shape == (0, 147)


def test_pad_counts_from_the_last_axis():
    x = Tensor(np.ones((1, 1, 2, 2), np.float32))
    assert ops.pad(x, (1, 0, 0, 3)).shape == (1, 1, 5, 3)
    assert ops.pad(x, (1, 0)).data[0, 0].tolist() == [[0, 1, 1], [0, 1, 1]]


class TestBatchNorm:
    def test_running_statistics_move_in_place_towards_the_unbiased_variance(self, rng):
        x = rng.standard_normal((3, 2, 4, 5))
        mean, var = np.array([1.0, 2.0]), np.array([3.0, 4.0])
        ops.batch_norm(Tensor(x), mean, var, training=True, momentum=0.25)
        np.testing.assert_allclose(mean, 0.75 * np.array([1, 2]) + 0.25 * x.mean((0, 2, 3)))
        np.testing.assert_allclose(var, 0.75 * np.array([3, 4]) + 0.25 * x.var((0, 2, 3), ddof=1))

    def test_evaluation_leaves_them_alone(self, rng):
        mean, var = np.zeros(2), np.ones(2)
        y = ops.batch_norm(Tensor(rng.standard_normal((3, 2, 4, 5))), mean, var)
        assert (mean.tolist(), var.tolist()) == ([0, 0], [1, 1])
        assert y.shape == (3, 2, 4, 5)

    def test_backward_of_an_evaluation_does_not_see_later_statistics(self, rng):
        x = Tensor(rng.standard_normal((3, 1, 2, 2)), requires_grad=True)
        mean, var = np.zeros(1), np.full(1, 4.0)
        loss = ops.batch_norm(x, mean, var, eps=0).sum()
        var[:] = 100
        loss.backward()
        np.testing.assert_allclose(x.grad, 0.5)


def test_interpolate_takes_the_step_from_the_scale():
    """31 * 1.7 = 52.7 -> 52 cells: the step is 1/1.7, not 31/52, unless recomputed."""
    x = Tensor(np.arange(31.0).reshape(1, 1, 1, 31))
    by_scale = ops.interpolate(x, scale_factor=(1, 1.7), mode="bilinear").data[0, 0, 0]
    recomputed = ops.interpolate(x, scale_factor=(1, 1.7), mode="bilinear", recompute_scale_factor=True)
    centres = np.arange(52) + 0.5
    np.testing.assert_allclose(by_scale, np.clip(centres / 1.7 - 0.5, 0, 30))
    np.testing.assert_allclose(recomputed.data[0, 0, 0], np.clip(centres * 31 / 52 - 0.5, 0, 30))


def test_roi_ops_know_the_published_values():
    x = Tensor(np.arange(25.0).reshape(1, 1, 5, 5))
    box = np.array([[0, 1, 1, 3, 3]])
    legacy = ops.roi_align(x, box, 4).data[0, 0]
    aligned = ops.roi_align(x, box, 4, aligned=True).data[0, 0]
    pooled = ops.roi_pool(x, box, 4).data[0, 0]
    np.testing.assert_allclose(legacy[[0, 3]], [[7.5, 8, 8.5, 9], [15, 15.5, 16, 16.5]])
    np.testing.assert_allclose(aligned[[0, 3]], [[4.5, 5, 5.5, 6], [12, 12.5, 13, 13.5]])
    assert pooled.tolist() == [[6, 7, 8, 8], [11, 12, 13, 13], [16, 17, 18, 18], [16, 17, 18, 18]]


def test_no_rois_give_no_features_and_a_zero_gradient():
    x = Tensor(np.ones((1, 2, 4, 4), np.float32), requires_grad=True)
    for op in (ops.roi_align, ops.roi_pool, ops.roi_warp):
        x.grad = None
        y = op(x, np.zeros((0, 5), np.float32), 3)
        assert y.shape == (0, 2, 3, 3)
        y.sum().backward()
        assert not x.grad.any()


SHUT = np.array([-4.0, -1.0, 4.0])


@pytest.mark.parametrize(
    ("fn", "slopes"),
    [
        (lambda x: ops.sqrt(ops.relu(x)), [0, 0, 0.25]),
        (lambda x: ops.log(ops.relu(x)), [0, 0, 0.25]),
        (lambda x: 1 / ops.relu(x), [0, 0, -0.0625]),
        (lambda x: ops.sqrt(ops.maximum(x, 0.0)), [0, 0, 0.25]),
        (lambda x: ops.sqrt(-ops.minimum(-x, 0.0)), [0, 0, 0.25]),
        (lambda x: ops.log(ops.clip(x, 0.0, 2.0)), [0, 0, 0]),
        (lambda x: ops.sqrt(ops.where(x.data > 0, x, 0.0)), [0, 0, 0.25]),
        (lambda x: ops.log(0 * x**0), [0, 0, 0]),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_shut_gate_hands_on_zero_whatever_comes_from_above(fn, slopes):
    x = leaf(SHUT.copy())
    fn(x).sum().backward()
    np.testing.assert_array_equal(x.grad, slopes)


@pytest.mark.parametrize(("exponent", "slope"), [(0, [0, 0, 0]), (1, [1, 1, 1]), (2, [0, 4, np.inf])])
def test_whole_powers_have_a_slope_at_zero_and_at_infinity(exponent, slope):
    x = leaf([0.0, 2.0, np.inf])
    (x**exponent).sum().backward()
    np.testing.assert_array_equal(x.grad, slope)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_ignored_row_may_hold_anything(bad, reduction):
    logits = leaf([[0.0, 1.0], [bad, 1.0], [2.0, 0.5]])
    kept = leaf(logits.data[[0, 2]])
    loss = ops.cross_entropy(logits, np.array([0, -100, 1]), reduction=reduction)
    alone = ops.cross_entropy(kept, np.array([0, 1]), reduction=reduction)
    loss.backward()
    alone.backward()
    assert loss.item() == alone.item()
    np.testing.assert_array_equal(logits.grad, np.insert(kept.grad, 1, 0, axis=0))


def test_reductions_of_no_rows_along_a_full_axis_have_an_answer():
    none = leaf(np.zeros((0, 5)))
    assert ops.max(none, axis=1).shape == (0,)
    assert ops.max(none, axis=1, keepdims=True).shape == (0, 1)
    assert ops.softmax(leaf(np.zeros((5, 0))), 1).shape == (5, 0)
    assert ops.log_softmax(leaf(np.zeros((5, 0))), 1).shape == (5, 0)
    with pytest.raises(InputError, match="no elements along axis 0"):
        ops.max(none, axis=0)
    with pytest.raises(InputError, match=r"max: x \(0, 5\) has no elements; the largest"):
        ops.max(none)
