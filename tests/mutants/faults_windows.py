"""Faults in convolution and pooling: padding, groups, strides, ties, and what counts in a mean."""

import numpy as np
from fault import Fault

from minimaskrcnn.kernels import fast


class FlippedFilter(Fault):
    """conv2d flips its filters, as the mathematicians' convolution does, in all three directions."""

    suite = "conv2d"

    @staticmethod
    def conv2d(x, weight, bias, stride, padding, dilation, groups):
        return fast.conv2d(x, weight[:, :, ::-1, ::-1], bias, stride, padding, dilation, groups)

    @staticmethod
    def conv2d_input_grad(grad, weight, x_shape, stride, padding, dilation, groups):
        return fast.conv2d_input_grad(
            grad, weight[:, :, ::-1, ::-1], x_shape, stride, padding, dilation, groups
        )

    @staticmethod
    def conv2d_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups):
        dw = fast.conv2d_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups)
        return np.ascontiguousarray(dw[:, :, ::-1, ::-1])


class PaddingRepeatsTheBorder(Fault):
    """conv2d surrounds the map with copies of its border, not with zeros."""

    suite = "conv2d"

    @staticmethod
    def conv2d(x, weight, bias, stride, padding, dilation, groups):
        (PY, PX) = padding
        x = np.pad(x, ((0, 0), (0, 0), (PY, PY), (PX, PX)), mode="edge" if x.size else "constant")
        return fast.conv2d(x, weight, bias, stride, (0, 0), dilation, groups)


class EveryGroupReadsTheFirst(Fault):
    """conv2d gives each group of filters the first group of channels, forward and backward."""

    suite = "conv2d"

    @staticmethod
    def conv2d(x, weight, bias, stride, padding, dilation, groups):
        return fast.conv2d(_first_group(x, groups), weight, bias, stride, padding, dilation, groups)

    @staticmethod
    def conv2d_input_grad(grad, weight, x_shape, stride, padding, dilation, groups):
        dx = fast.conv2d_input_grad(grad, weight, x_shape, stride, padding, dilation, groups)
        N, C, H, W = x_shape
        first = np.zeros_like(dx)
        first[:, : C // groups] = dx.reshape(N, groups, C // groups, H, W).sum(1)
        return first

    @staticmethod
    def conv2d_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups):
        x = _first_group(x, groups)
        return fast.conv2d_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups)


def _first_group(x, groups):
    return np.tile(x[:, : x.shape[1] // groups], (1, groups, 1, 1))


class StrideOneInBackward(Fault):
    """conv2d's gradient for x is scattered as if the stride were 1."""

    suite = "conv2d"

    @staticmethod
    def conv2d_input_grad(grad, weight, x_shape, stride, padding, dilation, groups):
        return fast.conv2d_input_grad(grad, weight, x_shape, (1, 1), padding, dilation, groups)


class DilationForgottenInWeightGradient(Fault):
    """conv2d's gradient for the weight is gathered as if the dilation were 1."""

    suite = "conv2d"

    @staticmethod
    def conv2d_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups):
        return fast.conv2d_weight_grad(grad, x, weight_shape, stride, padding, (1, 1), groups)


class LastRowOfWindowsForgotten(Fault):
    """conv2d's gradient for the weight stops one row of windows too early."""

    suite = "conv2d"

    @staticmethod
    def conv2d_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups):
        grad = grad.copy()
        grad[:, :, -1:] = 0
        return fast.conv2d_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups)


class BiasOfTheFirstChannel(Fault):
    """conv2d adds the first bias to every channel."""

    suite = "conv2d"

    @staticmethod
    def conv2d(x, weight, bias, stride, padding, dilation, groups):
        bias = None if bias is None else np.broadcast_to(bias[:1], bias.shape)
        return fast.conv2d(x, weight, bias, stride, padding, dilation, groups)


class OutputPaddingOnTheWrongSide(Fault):
    """conv_transpose2d adds its output padding above and to the left."""

    suite = "conv_transpose2d"

    @staticmethod
    def conv_transpose2d(x, weight, bias, stride, padding, output_padding, dilation, groups):
        out = fast.conv_transpose2d(x, weight, bias, stride, padding, output_padding, dilation, groups)
        return np.roll(out, output_padding, axis=(2, 3))


class TransposedGroupsExchanged(Fault):
    """conv_transpose2d gives each group the filters of another."""

    suite = "conv_transpose2d"

    @staticmethod
    def conv_transpose2d(x, weight, bias, stride, padding, output_padding, dilation, groups):
        weight = np.roll(weight, len(weight) // groups, axis=0)
        return fast.conv_transpose2d(x, weight, bias, stride, padding, output_padding, dilation, groups)

    @staticmethod
    def conv_transpose2d_input_grad(grad, weight, stride, padding, dilation, groups):
        weight = np.roll(weight, len(weight) // groups, axis=0)
        return fast.conv_transpose2d_input_grad(grad, weight, stride, padding, dilation, groups)

    @staticmethod
    def conv_transpose2d_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups):
        dw = fast.conv_transpose2d_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups)
        return np.roll(dw, -(len(dw) // groups), axis=0)


class PaddingCompetes(Fault):
    """max_pool2d pads with zeros, which win over negative cells."""

    suite = "max_pool2d"

    @staticmethod
    def max_pool2d(x, kernel, stride, padding, dilation, ceil_mode):
        out, argmax = fast.max_pool2d(x, kernel, stride, padding, dilation, ceil_mode)
        least, _ = fast.max_pool2d(-np.ones_like(x), kernel, stride, padding, dilation, ceil_mode)
        rim = np.zeros(out.shape, bool)
        rim[:, :, : padding[0]] = rim[:, :, :, : padding[1]] = True
        return np.where(rim, np.maximum(out, least + 1), out), argmax


class LastOfEqualCells(Fault):
    """max_pool2d compares with >=, so that of equal cells the last wins."""

    suite = "max_pool2d"

    @staticmethod
    def max_pool2d(x, kernel, stride, padding, dilation, ceil_mode):
        later = np.arange(x[0, 0].size if len(x) else 0).reshape(x.shape[2:] if len(x) else (0, 0)) * 1e-9
        nudged = x.astype(np.float64) + later if len(x) else x
        _, argmax = fast.max_pool2d(nudged, kernel, stride, padding, dilation, ceil_mode)
        return fast.max_pool2d(x, kernel, stride, padding, dilation, ceil_mode)[0], argmax


class WinnerTakesOneGradient(Fault):
    """max_pool2d's backward assigns where it should add: a cell that won twice gets one gradient."""

    suite = "max_pool2d"

    @staticmethod
    def max_pool2d_backward(grad, argmax, x_shape):
        N, C, H, W = x_shape
        dx = np.zeros((N, C, H * W), grad.dtype)
        rows = (N, C, int(np.prod(grad.shape[2:])))
        np.put_along_axis(dx, argmax.reshape(rows), grad.reshape(rows), axis=2)
        return dx.reshape(x_shape)


class LeakOfDoubles(Fault):
    """max_pool2d's backward answers in float64, as np.bincount does."""

    suite = "max_pool2d"

    @staticmethod
    def max_pool2d_backward(grad, argmax, x_shape):
        return fast.max_pool2d_backward(grad, argmax, x_shape).astype(np.float64)


class PaddingAlwaysCounts(Fault):
    """avg_pool2d divides by the whole window, whatever count_include_pad says, forward and backward."""

    suite = "avg_pool2d"

    @staticmethod
    def avg_pool2d(x, kernel, stride, padding, ceil_mode, count_include_pad):
        return fast.avg_pool2d(x, kernel, stride, padding, ceil_mode, True)

    @staticmethod
    def avg_pool2d_backward(grad, x_shape, kernel, stride, padding, ceil_mode, count_include_pad):
        return fast.avg_pool2d_backward(grad, x_shape, kernel, stride, padding, ceil_mode, True)


class OverhangCounts(Fault):
    """avg_pool2d divides by the full kernel even where a window of ceil_mode hangs over the edge."""

    suite = "avg_pool2d"

    @staticmethod
    def avg_pool2d(x, kernel, stride, padding, ceil_mode, count_include_pad):
        out = fast.avg_pool2d(x, kernel, stride, padding, ceil_mode, count_include_pad)
        return out * OverhangCounts._share(
            x.shape, kernel, stride, padding, ceil_mode, count_include_pad, x.dtype
        )

    @staticmethod
    def avg_pool2d_backward(grad, x_shape, kernel, stride, padding, ceil_mode, count_include_pad):
        grad = grad * OverhangCounts._share(
            x_shape, kernel, stride, padding, ceil_mode, count_include_pad, grad.dtype
        )
        return fast.avg_pool2d_backward(grad, x_shape, kernel, stride, padding, ceil_mode, count_include_pad)

    @classmethod
    def _share(cls, x_shape, kernel, stride, padding, ceil_mode, count_include_pad, dtype):
        """The mean's own divisor over KH*KW, for windows that hang over; 1 elsewhere."""
        if not (ceil_mode and count_include_pad):
            return dtype.type(1)
        ones = np.ones((1, 1, x_shape[2] + 2 * padding[0], x_shape[3] + 2 * padding[1]), dtype)
        room = np.pad(ones, ((0, 0), (0, 0), (0, kernel[0]), (0, kernel[1])))
        counted = fast.avg_pool2d(room, kernel, stride, (0, 0), False, True)
        OH, OW = fast.avg_pool2d(np.ones((1, 1, *x_shape[2:])), kernel, stride, padding, True, True).shape[2:]
        return counted[:, :, :OH, :OW]


class MeanWithoutDivisionInBackward(Fault):
    """avg_pool2d's backward hands every cell the whole gradient."""

    suite = "avg_pool2d"

    @staticmethod
    def avg_pool2d_backward(grad, x_shape, kernel, stride, padding, ceil_mode, count_include_pad):
        dx = fast.avg_pool2d_backward(grad, x_shape, kernel, stride, padding, ceil_mode, count_include_pad)
        return dx * dx.dtype.type(kernel[0] * kernel[1])
