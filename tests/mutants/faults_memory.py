"""Faults that leave every number right, until someone uses the arrays for something else."""

import numpy as np
from fault import Fault

from minimaskrcnn.kernels import fast


class ScalesItsBoxesInPlace(Fault):
    """RoIAlign multiplies the caller's boxes by the scale."""

    suite = "roi_align"

    @staticmethod
    def roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned):
        rois[:, 1:] *= spatial_scale
        return fast.roi_align(x, rois, output_size, 1.0, sampling_ratio, aligned)


class BorrowsItsInput(Fault):
    """batch_norm centres x in place, and puts it back: a read-only x makes it fail."""

    suite = "batch_norm"

    @staticmethod
    def batch_norm(x, weight, bias, eps):
        shift = x.dtype.type(0)
        x += shift
        result = fast.batch_norm(x, weight, bias, eps)
        x -= shift
        return result


class ReadsMemoryInOrder(Fault):
    """resize_nearest takes the cells in the order of memory, whatever the strides."""

    suite = "interpolate"

    @staticmethod
    def resize_nearest(x, size, step):
        return fast.resize_nearest(x.ravel("K").reshape(x.shape), size, step)


class OneBufferForAllResults(Fault):
    """conv2d returns the same memory every time, and so overwrites what it returned before."""

    suite = "conv2d"
    _buffer: dict = {}  # noqa: RUF012

    @staticmethod
    def conv2d(x, weight, bias, stride, padding, dilation, groups):
        out = fast.conv2d(x, weight, bias, stride, padding, dilation, groups)
        kept = OneBufferForAllResults._buffer.setdefault((out.shape, out.dtype), np.empty_like(out))
        kept[...] = out
        return kept


class GradientIsTheCotangent(Fault):
    """Frozen batch norm multiplies the gradient that it was handed, in place."""

    suite = "batch_norm"

    @staticmethod
    def affine_norm_backward(grad, x, mean, var, weight, eps):
        result = fast.affine_norm_backward(grad, x, mean, var, weight, eps)
        if grad.flags.writeable:
            grad *= 2
        return result


class NoRoisNoAnswer(Fault):
    """RoIPool stacks its results, and fails where there are none."""

    suite = "roi_pool"

    @staticmethod
    def roi_pool(x, rois, output_size, spatial_scale):
        each = [fast.roi_pool(x, roi[None], output_size, spatial_scale) for roi in rois]
        return tuple(np.concatenate(parts) for parts in zip(*each, strict=True))
