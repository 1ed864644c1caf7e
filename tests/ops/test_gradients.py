"""Every op's backward is the derivative of its forward: float64, random cotangent, random cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

from minimaskrcnn import ops
from minimaskrcnn.kernels import roi_rules
from minimaskrcnn.testing import gradcheck

seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)
shapes = array_shapes(min_dims=0, max_dims=3, max_side=4)
two_shapes = mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3).map(lambda s: s.input_shapes)


def away_from_zero(rng, shape):
    """Values of both signs between 0.2 and 2: no kink at 0, no pole of 1/x, and no two alike."""
    return rng.uniform(0.2, 2, shape) * rng.choice([-1, 1], shape)


ONE = {
    "negative": ops.negative,
    "square": lambda x: x**2,
    "cube": lambda x: x**3,
    "reciprocal": lambda x: x**-1,
    "exp": ops.exp,
    "tanh": ops.tanh,
    "abs": ops.abs,
    "relu": ops.relu,
    "sigmoid": ops.sigmoid,
    "clip": lambda x: ops.clip(x, -1.1, 0.1),
    "clip below": lambda x: ops.clip(x, min=-1.1),
    "times a number": lambda x: 3 * x / 2 - 1,
    "number over x": lambda x: (1 - 2 / x) + (x - 1),
    "sum": ops.sum,
    "mean": ops.mean,
    "max": ops.max,
    "reshape": lambda x: ops.reshape(x, -1),
}


@pytest.mark.parametrize("op", ONE.values(), ids=ONE.keys())
@given(shape=shapes, rng=seeds)
def test_one_operand(op, shape, rng):
    gradcheck(op, [away_from_zero(rng, shape)], rng=rng)


@pytest.mark.parametrize("op", [ops.log, ops.sqrt, lambda x: x**0.5], ids=["log", "sqrt", "root"])
@given(shape=shapes, rng=seeds)
def test_one_positive_operand(op, shape, rng):
    gradcheck(op, [rng.uniform(0.2, 2, shape)], rng=rng)


TWO = [ops.add, ops.subtract, ops.multiply, ops.divide, ops.maximum, ops.minimum]


@pytest.mark.parametrize("op", TWO, ids=lambda op: op.__name__)
@given(shape=two_shapes, rng=seeds)
def test_two_operands_broadcast(op, shape, rng):
    gradcheck(op, [away_from_zero(rng, s) for s in shape], rng=rng)


@given(shape=mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3), rng=seeds)
def test_where_broadcasts(shape, rng):
    a, b, c = shape.input_shapes
    condition = np.asarray(rng.random(c) < 0.5)
    gradcheck(
        lambda a, b: ops.where(condition, a, b), [away_from_zero(rng, a), away_from_zero(rng, b)], rng=rng
    )
    gradcheck(lambda a: ops.where(condition, a, 3), [away_from_zero(rng, a)], rng=rng)


REDUCE = {
    "sum": lambda x, axis: ops.sum(x, axis),
    "sum, kept": lambda x, axis: ops.sum(x, axis, keepdims=True),
    "mean": lambda x, axis: ops.mean(x, axis),
    "mean, kept": lambda x, axis: ops.mean(x, axis, keepdims=True),
    "max": lambda x, axis: ops.max(x, axis),
    "max, kept": lambda x, axis: ops.max(x, axis, keepdims=True),
    "softmax": lambda x, axis: ops.softmax(x, axis),
    "log_softmax": lambda x, axis: ops.log_softmax(x, axis),
}


@pytest.mark.parametrize("op", REDUCE.values(), ids=REDUCE.keys())
@pytest.mark.parametrize("axis", [0, 1, -1])
@given(shape=array_shapes(min_dims=2, max_dims=3, max_side=4), rng=seeds)
def test_along_an_axis(op, axis, shape, rng):
    gradcheck(lambda x: op(x, axis), [away_from_zero(rng, shape)], rng=rng)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("op", [ops.sum, ops.mean], ids=["sum", "mean"])
def test_along_two_axes(op, keepdims, rng):
    gradcheck(lambda x: op(x, (0, 2), keepdims), [rng.standard_normal((2, 3, 4))], rng=rng)


X = (3, 4, 2)
SHAPE = {
    "reshape": lambda x: ops.reshape(x, (2, -1)),
    "flatten": lambda x: ops.flatten(x, 1),
    "permute": lambda x: ops.permute(x, (2, 0, 1)),
    "transpose": lambda x: ops.transpose(x, 0, -1),
    "concatenate": lambda x: ops.concatenate([x, x * 2, x[:, 1:]], axis=1),
    "stack": lambda x: ops.stack([x, x * 2], axis=-1),
    "pad": lambda x: ops.pad(x, (1, 0, 2, 3), value=7),
    "an int": lambda x: x[1],
    "slices": lambda x: x[1:, ::-2],
    "None and ellipsis": lambda x: x[None, ..., 0],
    "a mask": lambda x: x[np.arange(24).reshape(X) % 3 == 0],
    "a row mask": lambda x: x[np.array([True, False, True])],
    "repeated rows": lambda x: x[np.array([0, 2, 0, 0])],
    "a list with repeats": lambda x: x[[1, 1]],
    "repeated cells": lambda x: x[np.array([0, 0, 2]), np.array([3, 3, 1])],
    "negative and repeated": lambda x: x[np.array([[-1, 2], [2, 0]]), :, 1],
    "no rows": lambda x: x[np.zeros(0, int)],
    "a row and its negative name": lambda x: x[np.array([2, -1])],
    "rows without repeats": lambda x: x[np.array([2, 0])],
    "cells without repeats": lambda x: x[np.array([0, 0, 2]), np.array([3, 1, 3])],
    "a column of rows and a row of columns": lambda x: x[np.array([[0], [2]]), np.array([3, 1])],
    "an array beside a mask": lambda x: x[np.array([0, 0]), np.array([True, False, True, False])],
}


@pytest.mark.parametrize("op", SHAPE.values(), ids=SHAPE.keys())
def test_shape_ops(op, rng):
    gradcheck(op, [rng.standard_normal(X)], rng=rng)


@given(rng=seeds, rows=st.integers(1, 5), taken=st.integers(0, 12))
def test_random_repeated_rows(rng, rows, taken):
    index = rng.integers(-rows, rows, taken)
    gradcheck(lambda x: x[index], [rng.standard_normal((rows, 2))], rng=rng)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((2, 3), (3, 4)),
        ((5, 2, 3), (3, 4)),
        ((2, 3), (5, 3, 1)),
        ((4, 1, 2, 3), (5, 3, 2)),
        ((0, 3), (3, 2)),
    ],
)
def test_matmul(a, b, rng):
    gradcheck(ops.matmul, [rng.standard_normal(a), rng.standard_normal(b)], rng=rng)


@pytest.mark.parametrize("x", [(3,), (4, 3), (2, 5, 3), (0, 3)])
def test_linear(x, rng):
    arrays = [rng.standard_normal(s) for s in (x, (2, 3), (2,))]
    gradcheck(ops.linear, arrays, rng=rng)
    gradcheck(ops.linear, arrays[:2], rng=rng)


REDUCTIONS = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])


@REDUCTIONS
@pytest.mark.parametrize("shape", [(5, 4), (2, 3, 4, 2)])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy(reduction, shape, weighted, rng):
    target = rng.integers(0, shape[1], (shape[0], *shape[2:]))
    target.flat[::3] = -100
    weight = rng.uniform(0.5, 2, shape[1]) if weighted else None
    gradcheck(
        lambda x: ops.cross_entropy(x, target, reduction=reduction, weight=weight),
        [3 * rng.standard_normal(shape)],
        rng=rng,
    )


@REDUCTIONS
def test_binary_cross_entropy(reduction, rng):
    target = rng.random((3, 5))
    gradcheck(
        lambda x: ops.binary_cross_entropy_with_logits(x, target, reduction=reduction),
        [5 * rng.standard_normal((3, 5))],
        rng=rng,
    )


@REDUCTIONS
@pytest.mark.parametrize("beta", [0, 1 / 9, 1.0])
def test_smooth_l1(reduction, beta, rng):
    x = rng.uniform(-2, 2, (4, 5))
    gradcheck(
        lambda x: ops.smooth_l1_loss(x, np.full((4, 5), 0.123), beta=beta, reduction=reduction), [x], rng=rng
    )


CONV = [
    {"x": (2, 3, 5, 6), "w": (4, 3, 3, 3)},
    {"x": (1, 2, 6, 5), "w": (3, 2, 1, 1), "stride": 2},
    {
        "x": (1, 4, 6, 7),
        "w": (6, 2, 3, 2),
        "stride": (2, 1),
        "padding": (1, 2),
        "dilation": (1, 2),
        "groups": 2,
    },
    {"x": (0, 2, 4, 4), "w": (3, 2, 3, 3)},
]


@pytest.mark.parametrize("case", CONV)
@pytest.mark.parametrize("biased", [False, True])
def test_conv2d(case, biased, rng):
    settings = {k: v for k, v in case.items() if k not in "xw"}
    arrays = [
        rng.standard_normal(case["x"]),
        rng.standard_normal(case["w"]),
        rng.standard_normal(case["w"][0]),
    ]
    gradcheck(lambda *a: ops.conv2d(*a, **settings), arrays[: 2 + biased], rng=rng)


CONV_TRANSPOSE = [
    {"x": (2, 3, 3, 4), "w": (3, 2, 2, 2), "stride": 2},
    {
        "x": (1, 4, 3, 4),
        "w": (4, 3, 3, 2),
        "stride": (2, 3),
        "padding": 1,
        "output_padding": (1, 2),
        "groups": 2,
    },
    {"x": (1, 2, 4, 3), "w": (2, 3, 3, 3), "dilation": 2, "padding": 1},
]


@pytest.mark.parametrize("case", CONV_TRANSPOSE)
@pytest.mark.parametrize("biased", [False, True])
def test_conv_transpose2d(case, biased, rng):
    settings = {k: v for k, v in case.items() if k not in "xw"}
    channels = case["w"][1] * settings.get("groups", 1)
    arrays = [rng.standard_normal(case["x"]), rng.standard_normal(case["w"]), rng.standard_normal(channels)]
    gradcheck(lambda *a: ops.conv_transpose2d(*a, **settings), arrays[: 2 + biased], rng=rng)


POOL = [
    {"kernel_size": 2},
    {"kernel_size": (3, 2), "stride": 2, "padding": 1},
    {"kernel_size": 3, "stride": 2, "ceil_mode": True},
]


@pytest.mark.parametrize("case", [*POOL, {"kernel_size": 2, "stride": 1, "dilation": 2}])
def test_max_pool2d(case, rng):
    gradcheck(lambda x: ops.max_pool2d(x, **case), [rng.standard_normal((2, 2, 6, 7))], rng=rng)


@pytest.mark.parametrize("case", [*POOL, {"kernel_size": 3, "padding": 1, "count_include_pad": False}])
def test_avg_pool2d(case, rng):
    gradcheck(lambda x: ops.avg_pool2d(x, **case), [rng.standard_normal((2, 2, 6, 7))], rng=rng)


def norm_arrays(rng):
    return [rng.standard_normal((3, 4, 3, 2)), rng.uniform(0.5, 2, 4), rng.standard_normal(4)]


@pytest.mark.parametrize("training", [False, True])
def test_batch_norm(training, rng):
    mean, var = rng.standard_normal(4), rng.uniform(0.5, 2, 4)
    gradcheck(
        lambda x, w, b: ops.batch_norm(x, mean.copy(), var.copy(), w, b, training, 0.1, 1e-3),
        norm_arrays(rng),
        rng=rng,
    )


def test_frozen_batch_norm(rng):
    x, weight, bias = norm_arrays(rng)
    mean, var = rng.standard_normal(4), rng.uniform(0.5, 2, 4)
    gradcheck(lambda x: ops.frozen_batch_norm(x, mean, var, weight, bias), [x], rng=rng)
    gradcheck(lambda x, w, b: ops.frozen_batch_norm(x, mean, var, w, b), [x, weight, bias], rng=rng)


@pytest.mark.parametrize("num_groups", [1, 2, 4])
def test_group_norm(num_groups, rng):
    arrays = norm_arrays(rng)
    gradcheck(lambda x, w, b: ops.group_norm(x, num_groups, w, b), arrays, rng=rng)
    gradcheck(lambda x: ops.group_norm(x, num_groups), arrays[:1], rng=rng)


RESIZE = [
    {"size": (7, 3)},
    {"scale_factor": 2},
    {"scale_factor": (1.7, 0.6), "mode": "bilinear"},
    {"scale_factor": 1.7, "mode": "bilinear", "recompute_scale_factor": True},
    {"size": 5, "mode": "bilinear", "align_corners": True},
]


@pytest.mark.parametrize("case", RESIZE)
def test_interpolate(case, rng):
    gradcheck(lambda x: ops.interpolate(x, **case), [rng.standard_normal((2, 2, 4, 5))], rng=rng)


ROIS = np.array(
    [[0, 1.3, 0.7, 6.1, 5.2], [1, -2.0, 1.1, 3.3, 9.7], [1, 2.2, 2.2, 2.3, 2.3], [0, 0, 0, 16, 16]]
)
NAMED_RULES = {name: rule for name, rule in vars(roi_rules).items() if isinstance(rule, roi_rules.RoIRule)}


@pytest.mark.parametrize("sampling_ratio", [-1, 2])
@pytest.mark.parametrize("aligned", [False, True])
def test_roi_align(sampling_ratio, aligned, rng):
    gradcheck(
        lambda x: ops.roi_align(x, ROIS, (2, 3), 0.5, sampling_ratio, aligned),
        [rng.standard_normal((2, 2, 6, 5))],
        rng=rng,
    )


@pytest.mark.parametrize("op", [ops.roi_pool, ops.roi_warp], ids=["roi_pool", "roi_warp"])
def test_rounded_roi_ops(op, rng):
    gradcheck(lambda x: op(x, ROIS, (2, 3), 0.5), [rng.standard_normal((2, 2, 6, 5))], rng=rng)


@pytest.mark.parametrize("rule", NAMED_RULES.values(), ids=NAMED_RULES.keys())
def test_roi_features(rule, rng):
    gradcheck(lambda x: ops.roi_features(x, ROIS, 3, 0.5, rule), [rng.standard_normal((2, 2, 6, 5))], rng=rng)


def test_a_small_network(rng):
    """The ops together: convolution, norm, relu, pooling, resize, rois, linear, the three losses."""
    weight = rng.standard_normal((4, 3, 3, 3))
    head = rng.standard_normal((3, 16))
    labels = np.array([0, 2, 1, 1])

    def loss(image, weight, head):
        features = ops.relu(ops.group_norm(ops.conv2d(image, weight, padding=1), 2))
        lateral = features + ops.interpolate(ops.max_pool2d(features, 2), scale_factor=2)
        rois = ops.roi_align(lateral, ROIS, 2, 0.5, 2)
        logits = ops.linear(ops.flatten(rois, 1), head)
        masks = ops.binary_cross_entropy_with_logits(rois, np.full(rois.shape, 0.3))
        boxes = ops.smooth_l1_loss(logits, np.zeros((4, 3)), beta=1 / 9, reduction="sum")
        return ops.cross_entropy(logits, labels) + masks + 0.1 * boxes

    gradcheck(loss, [rng.standard_normal((2, 3, 6, 6)), weight, head], rng=rng)
