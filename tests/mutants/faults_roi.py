"""Faults in the RoI operators: where they look, what they divide by, and to whom they hand the gradient."""

from dataclasses import replace

import numpy as np
from fault import Fault

from minimaskrcnn.kernels import fast


def moved(rois, change):
    """Rois with `change` applied to the (K, 4) coordinates."""
    return np.concatenate([rois[:, :1], change(rois[:, 1:])], axis=1).astype(rois.dtype)


def image_zero(rois):
    """Rois that all name the first image."""
    return rois * np.array([0, 1, 1, 1, 1], rois.dtype)


class DroppedHalfPixel(Fault):
    """RoIAlign ignores `aligned`, forward and backward."""

    suite = "roi_align"

    @staticmethod
    def roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned):
        return fast.roi_align(x, rois, output_size, spatial_scale, sampling_ratio, False)

    @staticmethod
    def roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, aligned):
        return fast.roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, False)


class HalfPixelBeforeScaling(Fault):
    """RoIAlign takes the half from the image's pixels, not from the map's cells."""

    suite = "roi_align"

    @staticmethod
    def roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned):
        rois = HalfPixelBeforeScaling._boxes(rois, spatial_scale, aligned)
        return fast.roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned)

    @staticmethod
    def roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, aligned):
        rois = HalfPixelBeforeScaling._boxes(rois, spatial_scale, aligned)
        return fast.roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, aligned)

    @classmethod
    def _boxes(cls, rois, scale, aligned):
        return moved(rois, lambda c: c - 0.5 + 0.5 / scale) if aligned else rois


class HalfPixelOnlyForward(Fault):
    """RoIAlign's backward forgets `aligned`."""

    suite = "roi_align"

    @staticmethod
    def roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, aligned):
        return fast.roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, False)


class SwappedXAndY(Fault):
    """RoIAlign reads boxes as y1, x1, y2, x2."""

    suite = "roi_align"

    @staticmethod
    def roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned):
        rois = rois[:, [0, 2, 1, 4, 3]]
        return fast.roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned)

    @staticmethod
    def roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, aligned):
        rois = rois[:, [0, 2, 1, 4, 3]]
        return fast.roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, aligned)


class NoSmallestBox(Fault):
    """RoIAlign does not widen a box to one cell where `aligned` is off."""

    suite = "roi_align"

    @staticmethod
    def roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned):
        rois = rois if aligned else moved(rois, lambda c: c + 0.5 / spatial_scale)
        return fast.roi_align(x, rois, output_size, spatial_scale, sampling_ratio, True)

    @staticmethod
    def roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, aligned):
        rois = rois if aligned else moved(rois, lambda c: c + 0.5 / spatial_scale)
        return fast.roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, True)


class MissingClampAtTheBorder(Fault):
    """RoIAlign interpolates with zeros beyond the map, where samples should be moved to its border."""

    suite = "roi_align"

    @staticmethod
    def roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned):
        x = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)))
        rois = moved(rois, lambda c: c + 2 / spatial_scale)
        return fast.roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned)

    @staticmethod
    def roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, aligned):
        rois = moved(rois, lambda c: c + 2 / spatial_scale)
        shape = (*x_shape[:2], x_shape[2] + 4, x_shape[3] + 4)
        dx = fast.roi_align_backward(grad, rois, shape, spatial_scale, sampling_ratio, aligned)
        return dx[:, :, 2:-2, 2:-2]


class SamplesOffTheMapNotCounted(Fault):
    """RoIAlign divides by the samples on the map only."""

    suite = "roi_align"

    @staticmethod
    def roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned):
        how = (spatial_scale, sampling_ratio, aligned)
        part = SamplesOffTheMapNotCounted._part(x.shape, rois, output_size, how, x.dtype)
        return fast.roi_align(x, rois, output_size, *how) / part

    @staticmethod
    def roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, aligned):
        how = (spatial_scale, sampling_ratio, aligned)
        part = SamplesOffTheMapNotCounted._part(x_shape, rois, grad.shape[2:], how, grad.dtype)
        return fast.roi_align_backward(grad / part, rois, x_shape, *how)

    @classmethod
    def _part(cls, shape, rois, output_size, how, dtype):
        part = fast.roi_align(np.ones(shape, dtype), rois, output_size, *how)
        return np.where(part > 0, part, 1).astype(dtype)


class AlwaysTwoSamples(Fault):
    """RoIAlign takes 2 x 2 samples where their number should follow the box."""

    suite = "roi_align"

    @staticmethod
    def roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned):
        return fast.roi_align(x, rois, output_size, spatial_scale, sampling_ratio or 2, aligned)

    @staticmethod
    def roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, aligned):
        return fast.roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio or 2, aligned)


class RoundedBox(Fault):
    """RoIAlign rounds the box to whole cells, as RoIPool does."""

    suite = "roi_align"

    @staticmethod
    def roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned):
        rois = moved(rois, lambda c: np.floor(c * spatial_scale + 0.5) / spatial_scale)
        return fast.roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned)

    @staticmethod
    def roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, aligned):
        rois = moved(rois, lambda c: np.floor(c * spatial_scale + 0.5) / spatial_scale)
        return fast.roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, aligned)


class ForgottenScale(Fault):
    """RoIAlign takes pixels for cells."""

    suite = "roi_align"

    @staticmethod
    def roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned):
        return fast.roi_align(x, rois, output_size, 1.0, sampling_ratio, aligned)

    @staticmethod
    def roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, aligned):
        return fast.roi_align_backward(grad, rois, x_shape, 1.0, sampling_ratio, aligned)


class EveryBoxInTheFirstImage(Fault):
    """RoIAlign ignores the batch index, forward and backward."""

    suite = "roi_align"

    @staticmethod
    def roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned):
        return fast.roi_align(x, image_zero(rois), output_size, spatial_scale, sampling_ratio, aligned)

    @staticmethod
    def roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, aligned):
        rois = image_zero(rois)
        return fast.roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, aligned)


class LastBoxWins(Fault):
    """RoIAlign's backward assigns where it should add: of boxes that overlap one gets through."""

    suite = "roi_align"

    @staticmethod
    def roi_align_backward(grad, rois, x_shape, spatial_scale, sampling_ratio, aligned):
        dx = np.zeros(x_shape, grad.dtype)
        for g, roi in zip(grad, rois, strict=True):
            one = fast.roi_align_backward(g[None], roi[None], x_shape, spatial_scale, sampling_ratio, aligned)
            dx = np.where(one != 0, one, dx)
        return dx


class BankersRounding(Fault):
    """RoIPool rounds halves to even, as Python and NumPy do."""

    suite = "roi_pool"

    @staticmethod
    def roi_pool(x, rois, output_size, spatial_scale):
        rois = moved(rois, lambda c: np.round(c * spatial_scale) / spatial_scale)
        return fast.roi_pool(x, rois, output_size, spatial_scale)


class RoundingDown(Fault):
    """RoIPool truncates the box."""

    suite = "roi_pool"

    @staticmethod
    def roi_pool(x, rois, output_size, spatial_scale):
        rois = moved(rois, lambda c: np.trunc(c * spatial_scale) / spatial_scale)
        return fast.roi_pool(x, rois, output_size, spatial_scale)


class LastCellLeftOut(Fault):
    """RoIPool's boxes end before their last cell: the + 1 is missing."""

    suite = "roi_pool"

    @staticmethod
    def roi_pool(x, rois, output_size, spatial_scale):
        rois = rois - np.array([0, 0, 0, 1, 1], rois.dtype) / rois.dtype.type(spatial_scale)
        return fast.roi_pool(x, rois, output_size, spatial_scale)


class MaximumStartsAtZero(Fault):
    """RoIPool never answers less than 0."""

    suite = "roi_pool"

    @staticmethod
    def roi_pool(x, rois, output_size, spatial_scale):
        out, argmax = fast.roi_pool(x, rois, output_size, spatial_scale)
        return np.maximum(out, 0), np.where(out < 0, -1, argmax)


class EmptyBinIsMinusInfinity(Fault):
    """RoIPool leaves its starting value in bins without a cell."""

    suite = "roi_pool"

    @staticmethod
    def roi_pool(x, rois, output_size, spatial_scale):
        out, argmax = fast.roi_pool(x, rois, output_size, spatial_scale)
        return np.where(argmax < 0, out.dtype.type(-np.inf), out), argmax


class LastOfEqualCellsInARoi(Fault):
    """RoIPool compares with >=, so that of equal cells the last wins."""

    suite = "roi_pool"

    @staticmethod
    def roi_pool(x, rois, output_size, spatial_scale):
        later = np.arange(x[0, 0].size).reshape(x.shape[2:]) * 1e-9
        _, argmax = fast.roi_pool(x.astype(np.float64) + later, rois, output_size, spatial_scale)
        return fast.roi_pool(x, rois, output_size, spatial_scale)[0], argmax


class PooledGradientToTheFirstImage(Fault):
    """RoIPool's backward ignores the batch index."""

    suite = "roi_pool"

    @staticmethod
    def roi_pool_backward(grad, rois, argmax, x_shape):
        return fast.roi_pool_backward(grad, image_zero(rois), argmax, x_shape)


class WarpWithoutRounding(Fault):
    """RoIWarp does not quantise its box, which makes it RoIAlign."""

    suite = "roi_warp"

    @staticmethod
    def roi_features(x, rois, output_size, spatial_scale, rule):
        out = fast.roi_align(x, rois, output_size, spatial_scale, rule.sampling_ratio, rule.aligned)
        return out, None

    @staticmethod
    def roi_features_backward(grad, rois, argmax, x_shape, spatial_scale, rule):
        return fast.roi_align_backward(grad, rois, x_shape, spatial_scale, rule.sampling_ratio, rule.aligned)


class WarpWithTheEndCell(Fault):
    """RoIWarp includes the cell at the end of its box, as RoIPool does: the width of Dai et al. has none."""

    suite = "roi_warp"

    @staticmethod
    def roi_features(x, rois, output_size, spatial_scale, rule):
        return fast.roi_features(x, rois, output_size, spatial_scale, replace(rule, include_end=True))

    @staticmethod
    def roi_features_backward(grad, rois, argmax, x_shape, spatial_scale, rule):
        wider = replace(rule, include_end=True)
        return fast.roi_features_backward(grad, rois, argmax, x_shape, spatial_scale, wider)
