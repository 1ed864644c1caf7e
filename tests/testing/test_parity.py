"""assert_kernels_agree compares the edition in use with another; an op's questions are put to both."""

from types import SimpleNamespace

import numpy as np
import pytest

from minimaskrcnn import kernels, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.kernels import fast, reference
from minimaskrcnn.testing import Case, assert_kernels_agree, check_op
from minimaskrcnn.testing.parity import assert_editions_agree, not_finite, recorded

BOXES = np.array([[0, 0, 4, 4], [0, 0, 4, 3], [5, 5, 6, 6]], np.float32)
SCORES = np.array([0.9, 0.8, 0.7], np.float32)
MAP = np.arange(16.0).reshape(1, 1, 4, 4)


def edition(name, **functions):
    """Register an edition for a while."""
    kernels.register(name, SimpleNamespace(**functions))
    return kernels.use(name)


def keeps_all(boxes, scores, iou_threshold):
    return np.arange(len(boxes))


def nearly(x, kernel, stride, padding, ceil_mode, count_include_pad):
    return fast.avg_pool2d(x, kernel, stride, padding, ceil_mode, count_include_pad) * (1 + 1e-9)


def doubles(x, kernel, stride, padding, ceil_mode, count_include_pad):
    return fast.avg_pool2d(x, kernel, stride, padding, ceil_mode, count_include_pad).astype(np.float64)


def careless(x, kernel, stride, padding, ceil_mode, count_include_pad):
    out = fast.avg_pool2d(x, kernel, stride, padding, ceil_mode, count_include_pad)
    x += 1
    return out


POOL = ((2, 2), (2, 2), (0, 0), False, True)


@pytest.mark.parametrize("name", ["fast", "plain", "reference"])
def test_the_two_editions_agree(name):
    with kernels.use(name):
        assert_kernels_agree("nms", BOXES, SCORES, 0.5)
        assert_kernels_agree("avg_pool2d", MAP, *POOL)


def test_an_integer_that_differs_is_named():
    with (
        edition("all", nms=keeps_all),
        pytest.raises(AssertionError, match=r"nms .*: int64 \(3,\) and int64 \(2,\)"),
    ):
        assert_kernels_agree("nms", BOXES, SCORES, 0.5)


def test_a_difference_beyond_the_last_digits_is_named():
    with (
        edition("nearly", avg_pool2d=nearly),
        pytest.raises(AssertionError, match=r"result 0: at \[0, 0, 1, 1\]: 12.5"),
    ):
        assert_kernels_agree("avg_pool2d", MAP, *POOL)


def test_another_dtype_is_a_difference():
    with (
        edition("doubles", avg_pool2d=doubles),
        pytest.raises(AssertionError, match=r"float64 .* and float32"),
    ):
        assert_kernels_agree("avg_pool2d", MAP.astype(np.float32), *POOL)


def test_a_kernel_must_leave_its_arguments_alone():
    with (
        edition("careless", avg_pool2d=careless),
        pytest.raises(AssertionError, match="changed argument 0 in place"),
    ):
        assert_kernels_agree("avg_pool2d", MAP.copy(), *POOL)


def test_the_questions_of_an_op_are_recorded_forward_and_backward():
    with recorded() as calls:
        check_op(ops.avg_pool2d, Case(MAP, kernel_size=2), layers=("adjoint",), linear=(0,))
    assert {name for name, _ in calls} == {"avg_pool2d", "avg_pool2d_backward"}
    assert kernels.active().avg_pool2d is fast.avg_pool2d


def test_recording_works_on_the_edition_in_use():
    with kernels.use("reference"):
        with recorded() as calls:
            ops.avg_pool2d(Tensor(MAP), 2)
        assert len(calls) == 1
        assert kernels.active().avg_pool2d is reference.avg_pool2d


def test_check_op_finds_a_wrong_backward_kernel():
    def no_gradient(grad, x_shape, kernel, stride, padding, ceil_mode, count_include_pad):
        return np.zeros(x_shape, grad.dtype)

    with edition("no_gradient", avg_pool2d_backward=no_gradient):
        for layer in ("parity", "adjoint", "gradient"):
            with pytest.raises(AssertionError):
                check_op(ops.avg_pool2d, Case(MAP, kernel_size=2), linear=(0,), layers=(layer,))


WIDE = Case(np.ones((1, 64, 12, 12)), np.ones((64, 64, 3, 3)), padding=1).astype(np.float32)


def test_winograd_may_spread_a_nan_within_its_tiles():
    x = WIDE.tensors[0].copy()
    x[0, 5, 6, 6] = np.nan
    spread, exact = (
        np.isnan(edition.conv2d(x, WIDE.tensors[1], None, (1, 1), (1, 1), (1, 1), 1)[0, 0])
        for edition in (fast, reference)
    )
    assert exact.sum() == 9
    assert spread[exact].all()
    assert spread.sum() > 9  # else nothing is tested here
    assert not spread[:, 0].any()
    assert not spread[0].any()
    assert_editions_agree(ops.conv2d, not_finite(WIDE))


def test_a_kernel_that_loses_a_nan_is_caught():
    def clean(x, weight, bias, stride, padding, dilation, groups):
        finite = np.nan_to_num(x, posinf=0)
        return fast.conv2d(finite, weight, bias, stride, padding, dilation, groups)

    with edition("clean", conv2d=clean):
        assert_editions_agree(ops.relu, Case(*WIDE.tensors[:1]))
        with pytest.raises(AssertionError, match="loses a NaN or an infinity"):
            assert_editions_agree(ops.conv2d, WIDE)


def test_the_last_nan_of_a_window_wins_in_every_edition():
    x = np.array([[[[1, np.nan, 5], [np.nan, 2, 0], [7, 0, 0]]]], np.float32)
    assert_kernels_agree("max_pool2d", x, (2, 2), (1, 1), (0, 0), (1, 1), False)
    assert fast.max_pool2d(x, (2, 2), (1, 1), (0, 0), (1, 1), False)[1][0, 0].tolist() == [[3, 1], [3, 4]]
