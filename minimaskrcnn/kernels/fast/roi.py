"""The RoI operators as sparse matrices: with the mean and bilinear points an operator is *linear*.

    out = A @ features,        dx = A.T @ grad,

with one row of A for each bin, one column for each cell, and in a row the weights of the cells the bin reads. With the
features channels last, one nonzero of A is one multiply-add of a whole vector of channels.
"""

import numpy as np
from scipy import sparse

from minimaskrcnn.kernels.fast.roi_geometry import axis_points, merged_weights
from minimaskrcnn.kernels.fast.roi_max import (
    cell_max,
    cell_max_backward,
    point_max,
    point_max_backward,
)
from minimaskrcnn.kernels.fast.roi_planes import channels_first, channels_last, outer_rows
from minimaskrcnn.kernels.roi_rules import ROI_POOL, RoIRule


def roi_matrix(
    rois: np.ndarray,
    x_shape: tuple[int, int, int, int],
    output_size: tuple[int, int],
    spatial_scale: float,
    rule: RoIRule,
    dtype=np.float32,
) -> sparse.csr_array:
    """The matrix A of a mean operator: ``out[k, :, p, q] = A[(k*OH + p)*OW + q] @ features``, channels last.

    Parameters
    ----------
    rois : (K, 5) float array, image index and box in pixels
    x_shape : (N, C, H, W) of the features
    output_size : (OH, OW), bins
    spatial_scale : float, cells per pixel
    rule : RoIRule; the matrix is of its mean, whatever its ``reduce`` says
    dtype : float dtype of the features, in which positions and weights are worked out

    Returns
    -------
    A : (K*OH*OW, N*H*W) sparse array; a row sums to 1 unless some of its points are off the map
    """
    N, _, H, W = x_shape
    rois = rois.astype(dtype)
    rows = merged_weights(axis_points(rois[:, [2, 4]], spatial_scale, output_size[0], H, rule), H)
    columns = merged_weights(axis_points(rois[:, [1, 3]], spatial_scale, output_size[1], W, rule), W)
    return outer_rows(rois[:, 0].astype(np.int64), rows, columns, (N, H, W))


def roi_features(
    x: np.ndarray, rois: np.ndarray, output_size: tuple[int, int], spatial_scale: float, rule: RoIRule
) -> tuple[np.ndarray, np.ndarray | None]:
    """A grid of bins for every roi; see the reference edition for shapes and meaning."""
    if rule.reduce == "max":
        largest = cell_max if rule.sampling_ratio is None else point_max
        return largest(x, rois, output_size, spatial_scale, rule)
    A = roi_matrix(rois, x.shape, output_size, spatial_scale, rule, x.dtype)
    return channels_first(A @ channels_last(x), (len(rois), *output_size)), None


def roi_features_backward(
    grad: np.ndarray,
    rois: np.ndarray,
    argmax: np.ndarray | None,
    x_shape: tuple[int, int, int, int],
    spatial_scale: float,
    rule: RoIRule,
) -> np.ndarray:
    """Gradient of ``roi_features`` with respect to the features, of shape x_shape."""
    N, _, H, W = x_shape
    if rule.reduce == "max" and rule.sampling_ratio is None:
        return cell_max_backward(grad, rois, argmax, x_shape)
    if rule.reduce == "max":
        return point_max_backward(grad, rois, argmax, x_shape, spatial_scale, rule)
    A = roi_matrix(rois, x_shape, grad.shape[2:], spatial_scale, rule, grad.dtype)
    return channels_first(A.T @ channels_last(grad), (N, H, W))


def roi_align(
    x: np.ndarray, rois: np.ndarray, output_size: tuple[int, int], spatial_scale, sampling_ratio, aligned
) -> np.ndarray:
    """Mean of bilinear points, nothing rounded: He et al. 2017, section 3. Returns (K, C, OH, OW)."""
    rule = RoIRule(False, False, sampling_ratio, "mean", aligned)
    return roi_features(x, rois, output_size, spatial_scale, rule)[0]


def roi_align_backward(
    grad: np.ndarray, rois: np.ndarray, x_shape, spatial_scale, sampling_ratio, aligned
) -> np.ndarray:
    """Gradient of ``roi_align`` with respect to the features, of shape x_shape."""
    rule = RoIRule(False, False, sampling_ratio, "mean", aligned)
    return roi_features_backward(grad, rois, None, x_shape, spatial_scale, rule)


def roi_pool(
    x: np.ndarray, rois: np.ndarray, output_size: tuple[int, int], spatial_scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Largest cell of each rounded bin, and where it was (flat y*W + x, -1 for an empty bin): Girshick 2015."""
    return cell_max(x, rois, output_size, spatial_scale, ROI_POOL)


def roi_pool_backward(
    grad: np.ndarray, rois: np.ndarray, argmax: np.ndarray, x_shape: tuple[int, int, int, int]
) -> np.ndarray:
    """Each bin hands its gradient to the one cell that won it."""
    return cell_max_backward(grad, rois, argmax, x_shape)
