"""Bad arguments: one sentence that names the op, what came, what was expected, and the fix."""

import contextlib

import numpy as np
import pytest

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.errors import InputError

MAP = Tensor(np.ones((2, 4, 6, 5), np.float32))
IMAGE = Tensor(np.ones((4, 6, 5), np.float32))
MATRIX = Tensor(np.ones((3, 4), np.float32))
ARRAY = np.ones((3, 4), np.float32)
C = np.ones(4, np.float32)
ROIS = np.array([[0.0, 0, 0, 4, 4]])


def weight(*shape):
    return Tensor(np.ones(shape, np.float32))


def roi_of(image):
    return np.array([[image, 0, 0, 4, 4.0]])


BAD = [
    # not a Tensor
    (
        lambda: ops.relu(ARRAY),
        r"relu: x must be a Tensor; got a float32 array \(3, 4\)\. Wrap it: Tensor\(x\)",
    ),
    (lambda: ops.add(1, 2), r"add: one operand must be a Tensor; got int 1 and int 2"),
    (lambda: MATRIX + "a", r"add: operands must be Tensors or numbers; got str 'a'"),
    (lambda: MATRIX**MATRIX, r"power: the exponent must be a number"),
    # shapes that do not broadcast
    (lambda: MATRIX + weight(3), r"add: shapes \(3, 4\) and \(3,\) do not broadcast"),
    (lambda: ops.where(np.ones(3, bool), MATRIX, 0), r"where: shapes \(3,\) and \(3, 4\) do not broadcast"),
    (lambda: ops.where(np.ones(4), MATRIX, 0), r"where: condition must be bool; got a float64 array \(4,\)"),
    (lambda: ops.where(True, MATRIX, 0), r"where: condition must be an array; got bool True"),
    (lambda: ops.clip(MATRIX), r"clip: give min, max or both"),
    # axes
    (lambda: ops.sum(MATRIX, 2), r"sum: axis=2 is out of range for 2 axes\. Use -2 to 1"),
    (lambda: ops.sum(MATRIX, (0, -2)), r"sum: axis \(0, -2\) names an axis twice"),
    (lambda: ops.max(MATRIX, (0, 1)), r"max: axis must be an int; got tuple \(0, 1\)"),
    (lambda: ops.softmax(MATRIX, 3), r"softmax: dim=3 is out of range"),
    (lambda: ops.max(weight(0, 3)), r"max: x \(0, 3\) has no elements"),
    (lambda: ops.mean(weight(0, 3)), r"mean: x \(0, 3\) has no elements"),
    (lambda: ops.mean(weight(0, 3), 0), r"mean: x \(0, 3\) has no elements along axis 0"),
    (lambda: ops.max(weight(0, 3), 0), r"max: x \(0, 3\) has no elements"),
    # shape ops
    (
        lambda: ops.reshape(MATRIX, (5, -1)),
        r"reshape: x \(3, 4\) has 12 elements, which do not fit the shape \(5, -1\)",
    ),
    (lambda: MATRIX.reshape("a"), r"reshape: x \(3, 4\) has 12 elements"),
    (
        lambda: ops.permute(MATRIX, (0, 0)),
        r"permute: dims must name each of the 2 axes of x once; got tuple \(0, 0\)",
    ),
    (lambda: ops.permute(MATRIX, (0, 3)), r"permute: dim=3 is out of range"),
    (lambda: ops.permute(MATRIX, 1), r"permute: dims must be a tuple of ints"),
    (lambda: ops.transpose(MATRIX, 0, 2), r"transpose: dim1=2 is out of range"),
    (lambda: ops.flatten(MATRIX, 1, 0), r"flatten: start_dim=1 lies after end_dim=0"),
    (lambda: ops.concatenate([]), r"concatenate: needs a list of at least one Tensor"),
    (lambda: ops.concatenate([MATRIX, ARRAY]), r"concatenate: parts\[1\] must be a Tensor"),
    (
        lambda: ops.concatenate([MATRIX, weight(3, 5)]),
        r"concatenate: shapes \(3, 4\), \(3, 5\) must agree except along axis 0",
    ),
    (lambda: ops.concatenate([MATRIX, weight(3)]), r"concatenate: shapes \(3, 4\), \(3,\) must agree"),
    (lambda: ops.stack([MATRIX, weight(3)]), r"stack: the shapes must be equal"),
    (lambda: ops.stack(MATRIX), r"stack: needs a list"),
    (lambda: ops.pad(MATRIX, (1,)), r"pad: pad must be \(before, after\) pairs"),
    (lambda: ops.pad(MATRIX, (1, -1)), r"pad: pad must be"),
    (lambda: ops.pad(MATRIX, (1, 1) * 3), r"for at most 2 axes"),
    (lambda: ops.pad(MATRIX, (0.5, 1)), r"pad: pad must be"),
    (lambda: MATRIX[5], r"getitem: the index does not fit x \(3, 4\): got int 5"),
    (lambda: MATRIX[0, 0, 0], r"getitem: the index does not fit x \(3, 4\)"),
    (lambda: MATRIX[MATRIX], r"getitem: an index must be a plain array"),
    (lambda: MATRIX[0.5], r"getitem: the index does not fit"),
    # matrix products
    (
        lambda: MATRIX @ MATRIX,
        r"matmul: the last side of a \(3, 4\) must equal the last but one of b \(3, 4\)",
    ),
    (lambda: MATRIX @ weight(4), r"matmul: both operands need two axes or more"),
    (lambda: weight(2, 3, 4) @ weight(3, 4, 2), r"matmul: shapes \(2,\) and \(3,\) do not broadcast"),
    (
        lambda: ops.linear(MAP, weight(3, 120)),
        r"linear: x \(2, 4, 6, 5\) must end in 120.*ops\.flatten\(x, 1\)",
    ),
    (lambda: ops.linear(MATRIX, weight(4)), r"linear: weight must be \(out, in\); got \(4,\)"),
    (
        lambda: ops.linear(MATRIX, weight(2, 4), weight(3)),
        r"linear: bias must be \(2,\), one value for each output",
    ),
    # losses
    (
        lambda: ops.cross_entropy(MATRIX, np.zeros(4, int)),
        r"cross_entropy: logits \(N, K, \.\.\.\) need target",
    ),
    (
        lambda: ops.cross_entropy(MATRIX, np.zeros(3)),
        r"cross_entropy: target must hold integer classes.*astype",
    ),
    (
        lambda: ops.cross_entropy(MATRIX, np.array([0, 4, 1])),
        r"cross_entropy: target\[1\] is 4, but logits have classes 0 to 3",
    ),
    (lambda: ops.cross_entropy(MATRIX, np.array([0, -1, 1])), r"target\[1\] is -1"),
    (
        lambda: ops.cross_entropy(MATRIX, weight(3)),
        r"cross_entropy: target must be a plain array.*target\.data",
    ),
    (
        lambda: ops.cross_entropy(MATRIX, np.zeros(3, int), reduction="avg"),
        r"reduction must be 'mean', 'sum' or 'none'; got 'avg'",
    ),
    (
        lambda: ops.cross_entropy(MATRIX, np.zeros(3, int), weight=np.ones(3, np.float32)),
        r"weight must be \(4,\), one value for each class",
    ),
    (
        lambda: ops.cross_entropy(MATRIX, np.zeros(3, int), weight=np.ones(4)),
        r"x is float32 and weight is float64",
    ),
    (
        lambda: ops.smooth_l1_loss(MATRIX, np.zeros(4)),
        r"smooth_l1_loss: target \(4,\) must have the shape of x, \(3, 4\)",
    ),
    (
        lambda: ops.smooth_l1_loss(MATRIX, ARRAY, beta=-1),
        r"smooth_l1_loss: beta must be a finite number from 0 on; got int -1",
    ),
    (
        lambda: ops.binary_cross_entropy_with_logits(MATRIX, [0, 1]),
        r"target must be an array; got list \[0, 1\]",
    ),
    # convolutions
    (
        lambda: ops.conv2d(IMAGE, weight(3, 4, 3, 3)),
        r"conv2d: x must be \(N, C, H, W\); got \(4, 6, 5\)\. Add a batch axis: x\[None\]",
    ),
    (lambda: ops.conv2d(MATRIX, weight(3, 4, 3, 3)), r"conv2d: x must be \(N, C, H, W\)"),
    (
        lambda: ops.conv2d(MAP, weight(3, 3, 3, 3)),
        r"conv2d: weight \(3, 3, 3, 3\) with groups=1 reads 3 channels, but x \(2, 4, 6, 5\) has 4",
    ),
    (
        lambda: ops.conv2d(MAP, weight(3, 2, 3, 3), groups=2),
        r"conv2d: groups=2 must divide",
    ),
    (
        lambda: ops.conv2d(MAP, weight(3, 4, 3, 3), groups=0),
        r"conv2d: groups must be a whole number from 1 on; got int 0",
    ),
    (lambda: ops.conv2d(MAP, weight(3, 4, 3, 3), stride=0), r"conv2d: stride must be at least 1; got int 0"),
    (lambda: ops.conv2d(MAP, weight(3, 4, 3, 3), padding=-1), r"conv2d: padding must be at least 0"),
    (
        lambda: ops.conv2d(MAP, weight(3, 4, 3, 3), padding="same"),
        r"conv2d: padding must be an int or a pair",
    ),
    (
        lambda: ops.conv2d(MAP, weight(3, 4, 3, 3), stride=(1, 2, 3)),
        r"conv2d: stride must be an int or a pair",
    ),
    (
        lambda: ops.conv2d(MAP, weight(3, 4, 3, 7)),
        r"conv2d: the filter spans 7 cells but the padded width is 5",
    ),
    (
        lambda: ops.conv2d(MAP, weight(3, 4, 3, 3), weight(4)),
        r"conv2d: bias must be \(3,\), one value for each output channel",
    ),
    (
        lambda: ops.conv_transpose2d(MAP, weight(3, 4, 2, 2)),
        r"conv_transpose2d: weight \(3, 4, 2, 2\) reads 3 channels",
    ),
    (
        lambda: ops.conv_transpose2d(MAP, weight(4, 3, 2, 2), output_padding=1),
        r"output_padding \(1, 1\) must be smaller than the stride",
    ),
    (
        lambda: ops.conv_transpose2d(weight(1, 4, 1, 1), weight(4, 3, 2, 2), padding=1),
        r"padding \(1, 1\) leaves nothing",
    ),
    # pooling
    (
        lambda: ops.max_pool2d(MAP, 3, padding=2),
        r"max_pool2d: padding \(2, 2\) must be at most half the kernel \(3, 3\)",
    ),
    (lambda: ops.max_pool2d(MAP, 7), r"max_pool2d: no window of \(7, 7\).*fits x \(2, 4, 6, 5\)"),
    (lambda: ops.avg_pool2d(MAP, 7), r"avg_pool2d: no window of \(7, 7\)"),
    (lambda: ops.max_pool2d(MAP, 0), r"max_pool2d: kernel_size must be at least 1"),
    # norms
    (
        lambda: ops.group_norm(MAP, 3),
        r"group_norm: num_groups=3 must divide the 4 channels",
    ),
    (
        lambda: ops.group_norm(MAP, 2, weight(3)),
        r"group_norm: weight must be \(4,\), one value for each channel",
    ),
    (lambda: ops.batch_norm(MAP, C, np.ones(3, np.float32)), r"batch_norm: running_var must be \(4,\)"),
    (
        lambda: ops.batch_norm(MAP, C.astype(float), C),
        r"batch_norm: x is float32 and running_mean is float64",
    ),
    (lambda: ops.batch_norm(MAP, Tensor(C), C), r"batch_norm: running_mean must be a plain array"),
    (
        lambda: ops.batch_norm(weight(1, 4, 1, 1), C, C, training=True),
        r"batch_norm: training needs at least two values per channel",
    ),
    (
        lambda: ops.frozen_batch_norm(MAP, C, C, C.astype(float), C),
        r"frozen_batch_norm: x is float32 and weight is float64",
    ),
    # resizing
    (lambda: ops.interpolate(MAP), r"interpolate: give either size or scale_factor"),
    (lambda: ops.interpolate(MAP, 3, 2), r"interpolate: give either size or scale_factor"),
    (
        lambda: ops.interpolate(MAP, 3, mode="cubic"),
        r"interpolate: mode must be 'nearest' or 'bilinear'; got 'cubic'",
    ),
    (lambda: ops.interpolate(MAP, 3, align_corners=False), r"align_corners belongs to mode='bilinear'"),
    (
        lambda: ops.interpolate(MAP, 3, recompute_scale_factor=True),
        r"recompute_scale_factor belongs to scale_factor",
    ),
    (lambda: ops.interpolate(MAP, 0), r"interpolate: size must be at least 1"),
    (
        lambda: ops.interpolate(MAP, scale_factor=0.1),
        r"scale_factor 0\.1 leaves nothing of a map of \(6, 5\)",
    ),
    (lambda: ops.interpolate(MAP, scale_factor=-1), r"scale_factor must be a number > 0 or a pair"),
    (lambda: ops.interpolate(MAP, scale_factor=(1, 2, 3)), r"scale_factor must be a number > 0 or a pair"),
    (lambda: ops.interpolate(weight(1, 1, 0, 3), 2), r"interpolate: x \(1, 1, 0, 3\) has no cells"),
    # rois
    (
        lambda: ops.roi_align(MAP, ROIS[:, 1:], 2),
        r"roi_align: boxes must be \(K, 5\).*got \(1, 4\).*index of the image",
    ),
    (lambda: ops.roi_align(MAP, ROIS[0], 2), r"roi_align: boxes must be \(K, 5\)"),
    (lambda: ops.roi_align(MAP, Tensor(ROIS), 2), r"roi_align: boxes must be a plain array.*boxes\.data"),
    (
        lambda: ops.roi_pool(MAP, roi_of(2), 2),
        r"boxes\[0\] belongs to image 2, but the batch x .* has images 0 to 1",
    ),
    (lambda: ops.roi_pool(MAP, roi_of(0.5), 2), r"boxes\[0\] belongs to image 0\.5"),
    (lambda: ops.roi_pool(MAP, roi_of(np.nan), 2), r"boxes\[0\] belongs to image nan"),
    (lambda: ops.roi_align(MAP, ROIS, 0), r"roi_align: output_size must be at least 1"),
    (
        lambda: ops.roi_align(MAP, ROIS, 2, 0),
        r"roi_align: spatial_scale .* must be a finite number > 0; got int 0",
    ),
    (lambda: ops.roi_features(MAP, ROIS, 2, 1.0, "align"), r"roi_features: rule must be a RoIRule"),
]


@pytest.mark.parametrize(("call", "message"), BAD, ids=[message[:40] for _, message in BAD])
def test_bad_arguments_are_explained(call, message):
    with pytest.raises(InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


ONE_TENSOR = [
    ops.softmax,
    ops.log_softmax,
    ops.max,
    ops.flatten,
    lambda x: ops.permute(x, (0, 1)),
    lambda x: ops.transpose(x, 0, 1),
    lambda x: ops.max_pool2d(x, 2),
    lambda x: ops.interpolate(x, 2),
    lambda x: ops.group_norm(x, 1),
    lambda x: ops.linear(x, MATRIX),
    lambda x: ops.concatenate([x]),
    lambda x: ops.roi_align(x, ROIS, 2),
    lambda x: ops.cross_entropy(x, np.zeros(1, int)),
    lambda x: x[0],
]


@pytest.mark.parametrize("op", ONE_TENSOR)
@pytest.mark.parametrize("x", [Tensor(1.0), weight(1, 1, 1, 1, 1)], ids=["scalar", "five axes"])
def test_no_numpy_error_reaches_the_user_from_a_wrong_rank(op, x):
    with contextlib.suppress(InputError):
        op(x)


def test_a_bool_of_numpy_is_no_whole_number_in_any_version_of_numpy():
    with pytest.raises(InputError, match="softmax: dim must be an int"):
        ops.softmax(MATRIX, np.bool_(True))
