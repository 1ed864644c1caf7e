"""The sparse matrix of the RoI operators: one row for each bin, one column for each cell of the map.

    A[(k, p, q), (image[k], y, x)] = row_weight[k, p, y] * column_weight[k, q, x]

A bin reads a few cells of either axis, and a row of A holds their products.

This is the edition for speed; `kernels.plain.roi` computes the same and is the one to learn from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minimaskrcnn.kernels.fast.engine import tuning
from minimaskrcnn.kernels.fast.engine.parallel import side_by_side
from minimaskrcnn.kernels.fast.roi_geometry import merged_weights, roi_points
from minimaskrcnn.kernels.roi_rules import RoIRule

if TYPE_CHECKING:
    from scipy import sparse


def roi_matrix(
    rois: np.ndarray,
    x_shape: tuple[int, int, int, int],
    output_size: tuple[int, int],
    spatial_scale: float,
    rule: RoIRule,
) -> sparse.csr_array:
    """The linear operator A of a mean: ``out[k, :, p, q] = A[(k*OH + p)*OW + q] @ features``, channels last.

    Parameters
    ----------
    rois : (K, 5) float array, image index and box in pixels; its precision is that of the weights
    x_shape : (N, C, H, W) of the features
    output_size : (OH, OW), bins
    spatial_scale : float, cells per pixel
    rule : RoIRule; the matrix is that of the mean, whatever its ``reduce`` says

    Returns
    -------
    A : (K*OH*OW, N*H*W) sparse array; a row sums to 1 less the share of its points that are off the map

    Examples
    --------
    A box of one cell, read at its centre, which lies between four cells:

    >>> from minimaskrcnn.kernels.roi_rules import RoIRule
    >>> once = RoIRule(False, False, sampling_ratio=1, reduce="mean", aligned=False)
    >>> A = roi_matrix(np.array([[0.0, 0, 0, 1, 1]]), (1, 8, 3, 3), (1, 1), 1.0, once)
    >>> A.toarray().reshape(3, 3)
    array([[0.25, 0.25, 0.  ],
           [0.25, 0.25, 0.  ],
           [0.  , 0.  , 0.  ]])
    """
    N, _, H, W = x_shape
    points = roi_points(rois, (H, W), output_size, spatial_scale, rule)
    rows, columns = (_cells_read(*merged_weights(axis)) for axis in points)
    return outer_rows(rois[:, 0].astype(np.int64), rows, columns, (N, H, W))


def _cells_read(first: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cells (K, P, T) and weights without the gaps between a bin's points; a shorter bin ends in zeros."""
    unread = weight == 0
    T = weight.shape[2] - int(np.count_nonzero(unread, axis=2).min(initial=weight.shape[2] - 1))
    order = np.argsort(unread, axis=2, kind="stable")[..., :T]
    return first[..., None] + order, np.take_along_axis(weight, order, axis=2)


def outer_rows(
    image: np.ndarray,
    rows: tuple[np.ndarray, np.ndarray],
    columns: tuple[np.ndarray, np.ndarray],
    shape: tuple[int, int, int],
) -> sparse.csr_array:
    """The matrix above from the cells that each bin reads on the two axes.

    Parameters
    ----------
    image : (K,) int64
    rows : cells (K, P, Ty) and their weights on the y axis
    columns : cells (K, Q, Tx) and their weights on the x axis
    shape : (N, H, W) of the map

    Returns
    -------
    A : (K*P*Q, N*H*W) sparse array without stored zeros
    """
    from scipy import sparse

    (y, weight_y), (x, weight_x) = rows, columns
    N, H, W = shape
    K, P, Ty = weight_y.shape
    Q, Tx = weight_x.shape[1:]
    cell_y = ((image[:, None, None] * H + y) * W).astype(np.int32)
    cell_x = x.astype(np.int32)

    def entries(some: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        weight = _plane(weight_y[some], weight_x[some], np.multiply)  # (k, P, Q, Ty*Tx)
        cells = _plane(cell_y[some], cell_x[some], np.add)
        used = np.flatnonzero(weight)
        return weight.take(used), cells.take(used), np.count_nonzero(weight, axis=3).ravel()

    step = max(tuning.MATRIX_ENTRIES // max(P * Q * Ty * Tx, 1), 1)
    pieces = side_by_side(entries, [slice(k, k + step) for k in range(0, K, step)])
    nothing = np.zeros(0, weight_y.dtype), np.zeros(0, np.int32), np.zeros(1, np.int64)
    data, indices, counts = (np.concatenate(parts) for parts in zip(nothing, *pieces, strict=True))
    ends = np.cumsum(counts, dtype=np.int32)  # row r of A is data[ends[r] : ends[r + 1]]
    return sparse.csr_array((data, indices, ends), shape=(K * P * Q, N * H * W))


def _plane(y: np.ndarray, x: np.ndarray, combine: np.ufunc) -> np.ndarray:
    """Every y entry (K, P, Ty) with every x entry (K, Q, Tx): (K, P, Q, Ty*Tx), the last axis row by row."""
    Ty, Tx = y.shape[2], x.shape[2]
    return combine(np.repeat(y, Tx, axis=2)[:, :, None], np.tile(x, Ty)[:, None])
