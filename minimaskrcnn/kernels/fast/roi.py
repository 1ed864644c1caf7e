"""The RoI operators as sparse matrices: with the mean and bilinear points an operator is *linear*.

    out = A @ features,        dx = A.T @ grad,

with one row of A for each bin, one column for each cell, and in a row the weights of the cells the bin reads.
With the features channels last, one nonzero of A is one multiply-add of a whole vector of channels. SciPy
lets go of the interpreter's lock in a sparse product, so parts of it run side by side. The members with a
maximum have files of their own.

This is the edition for speed; `kernels.plain.roi` computes the same and is the one to learn from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minimaskrcnn.kernels.fast.engine import tuning
from minimaskrcnn.kernels.fast.engine.layout import channels_first, channels_last, stored_like
from minimaskrcnn.kernels.fast.engine.parallel import side_by_side
from minimaskrcnn.kernels.fast.roi_cells import cell_max, cell_max_backward
from minimaskrcnn.kernels.fast.roi_matrix import roi_matrix
from minimaskrcnn.kernels.fast.roi_points import point_max, point_max_backward
from minimaskrcnn.kernels.fast.roi_separable import separable_mean
from minimaskrcnn.kernels.roi_rules import ROI_POOL, RoIRule

__all__ = [
    "roi_align",
    "roi_align_backward",
    "roi_features",
    "roi_features_backward",
    "roi_pool",
    "roi_pool_backward",
]

if TYPE_CHECKING:
    from scipy import sparse


def roi_features(
    x: np.ndarray, rois: np.ndarray, output_size: tuple[int, int], spatial_scale: float, rule: RoIRule
) -> tuple[np.ndarray, np.ndarray | None]:
    """A grid of bins for every roi; see the reference edition for shapes and meaning."""
    if rule.reduce == "max":
        largest = cell_max if rule.sampling_ratio is None else point_max
        return largest(x, rois, output_size, spatial_scale, rule)
    if x.shape[1] <= tuning.ROI_FEW_CHANNELS:
        return separable_mean(x, rois, output_size, spatial_scale, rule), None
    A = roi_matrix(rois.astype(x.dtype), x.shape, output_size, spatial_scale, rule)
    return product(A, x, (len(rois), *output_size)), None


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
    A = roi_matrix(rois.astype(grad.dtype), x_shape, grad.shape[2:], spatial_scale, rule)
    return transposed_product(A, grad, x_shape)


def product(A: sparse.csr_array, x: np.ndarray, size: tuple[int, int, int]) -> np.ndarray:
    """``A @ features`` of shape (K, C, OH, OW) for the size (K, OH, OW), stored as the features are.

    A few rois at a time, whose bins are put in place while they are in the cache.
    """
    N, C, H, W = x.shape
    K, OH, OW = size
    cells = channels_last(x).reshape(N * H * W, C)
    out = stored_like(x, (K, OH, OW, C), x.dtype)
    step = max(1, tuning.ROI_BYTES // (OH * OW * C * x.itemsize))  # rois
    near = max(1, tuning.ROI_NEAR_BINS // OW)  # rows of bins

    def put(first: int) -> None:
        bins = A[first * OH * OW : (first + step) * OH * OW] @ cells
        bins = bins.reshape(-1, OH, OW, C)
        for p in range(0, OH, near):
            out[first : first + step, p : p + near] = bins[:, p : p + near]

    side_by_side(put, range(0, K, step))
    return channels_first(out)


def transposed_product(
    A: sparse.csr_array, grad: np.ndarray, x_shape: tuple[int, int, int, int]
) -> np.ndarray:
    """``A.T @ grad``, of shape x_shape: a group of channels at a time, since rois may share cells."""
    N, C, H, W = x_shape
    bins = grad.transpose(0, 2, 3, 1)  # (K, OH, OW, C)
    dx = np.empty((N, H, W, C), grad.dtype)

    def put(first: int) -> None:
        group = bins[..., first : first + tuning.ROI_GRAD_CHANNELS]
        c = group.shape[3]
        cells = A.T @ group.reshape(-1, c)  # (K, OH, OW, c) -> (K*OH*OW, c)
        dx[..., first : first + tuning.ROI_GRAD_CHANNELS] = cells.reshape(N, H, W, c)

    side_by_side(put, range(0, C, tuning.ROI_GRAD_CHANNELS))
    return channels_first(dx)


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
