"""Every op keeps float32, leaves its inputs alone, and gives the same answer for any strides."""

import numpy as np
import pytest

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.kernels.roi_rules import ROI_ALIGN_MAX

X = (2, 4, 6, 5)
ROIS = np.array([[0, 1.3, 0.7, 6.1, 5.2], [1, 0, 1.1, 3.3, 9.7]])
BATCH = np.random.default_rng(0)
W, B = BATCH.standard_normal((6, 4, 3, 3)), BATCH.standard_normal(6)
MEAN, VAR = BATCH.standard_normal(4), BATCH.uniform(0.5, 2, 4)


def like(x, array):
    return Tensor(array.astype(x.dtype), requires_grad=True)


OPS = {
    "negative": ops.negative,
    "add": lambda x: x + 1.5,
    "subtract": lambda x: 2 - x,
    "multiply": lambda x: x * like(x, B[:4, None, None]),
    "divide": lambda x: x / 3,
    "power": lambda x: x**2,
    "maximum": lambda x: ops.maximum(x, 0.1),
    "minimum": lambda x: ops.minimum(0.1, x),
    "where": lambda x: ops.where(x > 0, x, 0.5),
    "exp": ops.exp,
    "log": lambda x: ops.log(ops.abs(x) + 1),
    "sqrt": lambda x: ops.sqrt(ops.abs(x) + 1),
    "tanh": ops.tanh,
    "abs": ops.abs,
    "relu": ops.relu,
    "sigmoid": ops.sigmoid,
    "clip": lambda x: ops.clip(x, -0.5, 0.5),
    "sum": lambda x: ops.sum(x, (2, 3)),
    "sum of all": ops.sum,
    "mean": lambda x: ops.mean(x, 1),
    "mean of all": ops.mean,
    "max": lambda x: ops.max(x, 1),
    "max of all": ops.max,
    "softmax": lambda x: ops.softmax(x, 1),
    "log_softmax": lambda x: ops.log_softmax(x, 1),
    "reshape": lambda x: ops.reshape(x, (2, -1)),
    "flatten": lambda x: ops.flatten(x, 1),
    "permute": lambda x: ops.permute(x, (0, 2, 3, 1)),
    "transpose": lambda x: ops.transpose(x, 0, 1),
    "concatenate": lambda x: ops.concatenate([x, x], 1),
    "stack": lambda x: ops.stack([x, x]),
    "pad": lambda x: ops.pad(x, (1, 2)),
    "getitem": lambda x: x[:, np.array([0, 0, 3])],
    "getitem slice": lambda x: x[..., ::2, 1:],
    "linear": lambda x: ops.linear(x, like(x, W[:3, 0, 0, :1].repeat(5, 1)), like(x, B[:3])),
    "matmul": lambda x: ops.matmul(x, x.transpose(2, 3)),
    "cross_entropy": lambda x: ops.cross_entropy(x, np.ones((2, 6, 5), int), weight=VAR.astype(x.dtype)),
    "cross_entropy none": lambda x: ops.cross_entropy(x, np.ones((2, 6, 5), int), reduction="none"),
    "binary_cross_entropy_with_logits": lambda x: ops.binary_cross_entropy_with_logits(x, np.ones(X, bool)),
    "smooth_l1_loss": lambda x: ops.smooth_l1_loss(x, np.zeros(X), beta=1 / 9),
    "conv2d": lambda x: ops.conv2d(x, like(x, W), like(x, B), padding=1),
    "conv2d 1x1": lambda x: ops.conv2d(x, like(x, W[:, :, :1, :1]), stride=2),
    "conv_transpose2d": lambda x: ops.conv_transpose2d(x, like(x, W[:4, :, :2, :2]), like(x, B[:4]), 2),
    "max_pool2d": lambda x: ops.max_pool2d(x, 3, 2, 1),
    "avg_pool2d": lambda x: ops.avg_pool2d(x, 2),
    "batch_norm": lambda x: ops.batch_norm(
        x, MEAN.astype(x.dtype), VAR.astype(x.dtype), like(x, VAR), like(x, MEAN), training=True
    ),
    "batch_norm eval": lambda x: ops.batch_norm(x, MEAN.astype(x.dtype), VAR.astype(x.dtype)),
    "frozen_batch_norm": lambda x: ops.frozen_batch_norm(
        x, *(a.astype(x.dtype) for a in (MEAN, VAR, VAR, MEAN))
    ),
    "group_norm": lambda x: ops.group_norm(x, 2, like(x, VAR), like(x, MEAN)),
    "interpolate nearest": lambda x: ops.interpolate(x, scale_factor=2),
    "interpolate bilinear": lambda x: ops.interpolate(x, size=(9, 4), mode="bilinear"),
    "roi_align": lambda x: ops.roi_align(x, ROIS, 3, 0.5, 2),
    "roi_pool": lambda x: ops.roi_pool(x, ROIS, 3, 0.5),
    "roi_warp": lambda x: ops.roi_warp(x, ROIS, 3, 0.5),
    "roi_features": lambda x: ops.roi_features(x, ROIS, 3, 0.5, ROI_ALIGN_MAX),
}

every_op = pytest.mark.parametrize("op", OPS.values(), ids=OPS.keys())


def test_every_public_op_is_here():
    assert {name.split()[0] for name in OPS} == set(ops.__all__)


def run(op, array):
    """Output, and gradient of the input for a fixed cotangent of the output's logical values."""
    x = Tensor(array, requires_grad=True)
    y = op(x)
    cotangent = np.random.default_rng(1).standard_normal(y.shape).astype(y.dtype)
    y.backward(cotangent)
    return y, x.grad


@pytest.fixture
def array(rng):
    return rng.standard_normal(X).astype(np.float32)


@every_op
def test_float32_stays_float32(op, array):
    y, grad = run(op, array)
    assert y.dtype == grad.dtype == np.float32
    assert isinstance(y.data, np.ndarray)


@every_op
def test_float64_stays_float64(op, array):
    y, grad = run(op, array.astype(np.float64))
    assert y.dtype == grad.dtype == np.float64


@every_op
def test_float32_agrees_with_float64(op, array):
    (y, grad), (y64, grad64) = run(op, array), run(op, array.astype(np.float64))
    np.testing.assert_allclose(y.data, y64.data, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(grad, grad64, rtol=1e-4, atol=1e-4)


LAYOUTS = {
    "channels last": lambda a: np.ascontiguousarray(a.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2),
    "reversed": lambda a: np.ascontiguousarray(a[:, :, ::-1, ::-1])[:, :, ::-1, ::-1],
    "part of a larger array": lambda a: np.pad(a, 2)[2:-2, 2:-2, 2:-2, 2:-2],
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@every_op
def test_strides_do_not_matter(op, layout, array):
    (y, grad), (other, other_grad) = run(op, array), run(op, layout(array))
    np.testing.assert_allclose(other.data, y.data, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(other_grad, grad, rtol=1e-5, atol=1e-5)


@every_op
def test_read_only_inputs_are_enough(op, array):
    array.flags.writeable = False
    run(op, array)


@every_op
def test_the_input_is_left_alone(op, array):
    before = array.copy()
    run(op, array)
    np.testing.assert_array_equal(array, before)


ELEMENTWISE = ["add", "multiply", "relu", "sigmoid", "tanh", "exp", "clip"]


@pytest.mark.parametrize("op", [OPS[name] for name in ELEMENTWISE], ids=ELEMENTWISE)
def test_elementwise_ops_keep_the_physical_layout(op, array):
    last = LAYOUTS["channels last"](array)
    x = Tensor(last, requires_grad=True)
    y = op(x)
    y.backward(np.ones_like(y.data))
    assert y.data.strides == x.grad.strides == last.strides
