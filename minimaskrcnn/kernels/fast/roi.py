"""The RoI operators as sparse matrices: with the mean and bilinear points an operator is *linear*.

    out = A @ features,        dx = A.T @ grad,

with one row of A for each bin, one column for each cell, and in a row the weights of the cells the bin reads.
With the features channels last, one nonzero of A is one multiply-add of a whole vector of channels. The
members with a maximum have files of their own.
"""

import numpy as np

from minimaskrcnn.kernels.fast.layout import channels_first, channels_last
from minimaskrcnn.kernels.fast.roi_cells import cell_max, cell_max_backward
from minimaskrcnn.kernels.fast.roi_matrix import roi_matrix
from minimaskrcnn.kernels.fast.roi_points import point_max, point_max_backward
from minimaskrcnn.kernels.fast.roi_separable import separable_mean
from minimaskrcnn.kernels.roi_rules import ROI_POOL, RoIRule

FEW_CHANNELS = 4


def roi_features(
    x: np.ndarray, rois: np.ndarray, output_size: tuple[int, int], spatial_scale: float, rule: RoIRule
) -> tuple[np.ndarray, np.ndarray | None]:
    """A grid of bins for every roi; see the reference edition for shapes and meaning."""
    if rule.reduce == "max":
        largest = cell_max if rule.sampling_ratio is None else point_max
        return largest(x, rois, output_size, spatial_scale, rule)
    N, C, H, W = x.shape
    if C <= FEW_CHANNELS:
        return separable_mean(x, rois, output_size, spatial_scale, rule), None
    A = roi_matrix(rois.astype(x.dtype), x.shape, output_size, spatial_scale, rule)
    out = A @ channels_last(x).reshape(N * H * W, C)  # (K*OH*OW, C)
    return channels_first(out.reshape(len(rois), *output_size, C)), None


def roi_features_backward(
    grad: np.ndarray,
    rois: np.ndarray,
    argmax: np.ndarray | None,
    x_shape: tuple[int, int, int, int],
    spatial_scale: float,
    rule: RoIRule,
) -> np.ndarray:
    """Gradient of ``roi_features`` with respect to the features, of shape x_shape."""
    if argmax is not None and rule.sampling_ratio is None:
        return cell_max_backward(grad, rois, argmax, x_shape)
    if argmax is not None:
        return point_max_backward(grad, rois, argmax, x_shape, spatial_scale, rule)
    N, C, H, W = x_shape
    A = roi_matrix(rois.astype(grad.dtype), x_shape, grad.shape[2:], spatial_scale, rule)
    dx = A.T @ channels_last(grad).reshape(-1, C)  # (K, OH, OW, C) -> (K*OH*OW, C)
    return channels_first(dx.reshape(N, H, W, C))


def roi_align(
    x: np.ndarray,
    rois: np.ndarray,
    output_size: tuple[int, int],
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> np.ndarray:
    """Mean of bilinear points, nothing rounded: He et al. 2017, section 3. Returns (K, C, OH, OW)."""
    rule = RoIRule(False, False, sampling_ratio, "mean", aligned)
    return roi_features(x, rois, output_size, spatial_scale, rule)[0]


def roi_align_backward(
    grad: np.ndarray,
    rois: np.ndarray,
    x_shape: tuple[int, int, int, int],
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> np.ndarray:
    """Gradient of ``roi_align`` with respect to the features, of shape x_shape."""
    rule = RoIRule(False, False, sampling_ratio, "mean", aligned)
    return roi_features_backward(grad, rois, None, x_shape, spatial_scale, rule)


def roi_pool(
    x: np.ndarray, rois: np.ndarray, output_size: tuple[int, int], spatial_scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Largest cell of each rounded bin and its flat index y*W + x (-1: empty bin): Girshick 2015."""
    return cell_max(x, rois, output_size, spatial_scale, ROI_POOL)


def roi_pool_backward(
    grad: np.ndarray, rois: np.ndarray, argmax: np.ndarray, x_shape: tuple[int, int, int, int]
) -> np.ndarray:
    """Each bin hands its gradient to the one cell that won it."""
    return cell_max_backward(grad, rois, argmax, x_shape)
