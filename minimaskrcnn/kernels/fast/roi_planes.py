"""From two axes to the plane: the sparse rows of bins that are products of a bin in y and a bin in x."""

import numpy as np
from scipy import sparse


def channels_last(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) -> contiguous (N*H*W, C); no copy where x is stored that way."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).reshape(-1, x.shape[1])


def channels_first(rows: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """(N*H*W, C) -> (N, C, H, W), as a view."""
    return rows.reshape(*shape, rows.shape[1]).transpose(0, 3, 1, 2)


def outer_rows(image: np.ndarray, rows, columns, shape: tuple[int, int, int]) -> sparse.csr_array:
    """Row (k, p, q) holds ``row_weight[k, p, i] * column_weight[k, q, j]`` at cell (image[k], row + i, column + j).

    Parameters
    ----------
    image : (K,) int64
    rows : first cell (K, P) and weights (K, P, Ty) on the y axis
    columns : first cell (K, Q) and weights (K, Q, Tx) on the x axis
    shape : (N, H, W) of the map

    Returns
    -------
    A : (K*P*Q, N*H*W) sparse array without stored zeros
    """
    N, H, W = shape
    (first_y, weight_y), (first_x, weight_x) = rows, columns
    y = (image[:, None, None] * H + first_y[..., None] + np.arange(weight_y.shape[2])) * W  # (K, P, Ty)
    x = first_x[..., None] + np.arange(weight_x.shape[2])  # (K, Q, Tx)
    cells = y[:, :, None, :, None].astype(np.int32) + x[:, None, :, None, :].astype(np.int32)
    weights = weight_y[:, :, None, :, None] * weight_x[:, None, :, None, :]  # (K, P, Q, Ty, Tx)
    used = weights != 0
    ends = np.cumsum(used.sum(axis=(3, 4), dtype=np.int32))
    indptr = np.concatenate([np.zeros(1, np.int32), ends.astype(np.int32)])
    return sparse.csr_array((weights[used], cells[used], indptr), shape=(len(indptr) - 1, N * H * W))
