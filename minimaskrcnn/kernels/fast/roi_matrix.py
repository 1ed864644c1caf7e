"""The sparse matrix of the RoI operators: one row for each bin, one column for each cell of the map.

    A[(k, p, q), (image[k], y, x)] = row_weight[k, p, y] * column_weight[k, q, x]

The weights of a bin are not zero on a few consecutive cells of either axis, and a row of A on their product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minimaskrcnn.kernels.fast.roi_geometry import merged_weights, roi_points
from minimaskrcnn.kernels.roi_rules import RoIRule

if TYPE_CHECKING:
    from scipy import sparse

AT_ONCE = 1 << 22  # entries spread over the plane at a time, to bound the memory that needs


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
    rows, columns = (merged_weights(p) for p in roi_points(rois, (H, W), output_size, spatial_scale, rule))
    return outer_rows(rois[:, 0].astype(np.int64), rows, columns, (N, H, W))


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
    rows : first cell (K, P) and weights (K, P, Ty) of consecutive cells on the y axis
    columns : first cell (K, Q) and weights (K, Q, Tx) on the x axis
    shape : (N, H, W) of the map

    Returns
    -------
    A : (K*P*Q, N*H*W) sparse array without stored zeros
    """
    from scipy import sparse

    (first_y, weight_y), (first_x, weight_x) = rows, columns
    N, H, W = shape
    K, P, Ty = weight_y.shape
    Q, Tx = weight_x.shape[1:]
    cell_y = ((image[:, None, None] * H + first_y[..., None] + np.arange(Ty)) * W).astype(np.int32)
    cell_x = (first_x[..., None] + np.arange(Tx)).astype(np.int32)
    weights, cells, counts = [], [], [np.zeros(1, np.int64)]
    step = max(AT_ONCE // max(P * Q * Ty * Tx, 1), 1)
    for some in (slice(k, k + step) for k in range(0, K, step)):
        weight = _plane(weight_y[some], weight_x[some], np.multiply)  # (k, P, Q, Ty*Tx)
        used = weight != 0
        weights.append(weight[used])
        cells.append(_plane(cell_y[some], cell_x[some], np.add)[used])
        counts.append(np.count_nonzero(used, axis=3).ravel())
    ends = np.cumsum(np.concatenate(counts), dtype=np.int32)
    empty = np.zeros(0, np.int32), np.zeros(0, weight_y.dtype)
    indices, data = (np.concatenate([e, *parts]) for e, parts in zip(empty, (cells, weights), strict=True))
    return sparse.csr_array((data, indices, ends), shape=(K * P * Q, N * H * W))


def _plane(y: np.ndarray, x: np.ndarray, combine: np.ufunc) -> np.ndarray:
    """Every y entry (K, P, Ty) with every x entry (K, Q, Tx): (K, P, Q, Ty*Tx), the last axis row by row."""
    Ty, Tx = y.shape[2], x.shape[2]
    return combine(np.repeat(y, Tx, axis=2)[:, :, None], np.tile(x, Ty)[:, None])
