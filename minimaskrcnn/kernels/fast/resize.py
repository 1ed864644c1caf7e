"""Resizing as one small sparse matrix per axis: out = A_y x A_x^T, and the backward pass is the transpose.

Nearest has one weight of 1 in a row, bilinear two that sum to 1. A matrix of ones is an indexing, and its
transpose, when a feature pyramid enlarges by whole numbers, a sum over blocks.

This is the edition for speed; `kernels.plain.resize` computes the same and is the one to learn from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minimaskrcnn.kernels.fast.engine.layout import channels_first, channels_last

__all__ = ["resize_bilinear", "resize_bilinear_backward", "resize_nearest", "resize_nearest_backward"]

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Pair = tuple[int, int]
Step = tuple[float, float]


def resize_nearest(x: np.ndarray, size: Pair, step: Step) -> np.ndarray:
    """Copy the nearest source cell; see `minimaskrcnn.kernels.reference.resize.resize_nearest`."""
    H, W = x.shape[2:]
    rows, cols = _nearest(size[0], H, step[0]), _nearest(size[1], W, step[1])
    return channels_first(channels_last(x).take(rows, axis=1).take(cols, axis=2))


def resize_nearest_backward(grad: np.ndarray, x_shape: tuple[int, ...], step: Step) -> np.ndarray:
    """Add the gradients of the cells that copied a source cell."""
    (H, W), (OH, OW) = x_shape[2:], grad.shape[2:]
    rows, cols = _nearest(OH, H, step[0]), _nearest(OW, W, step[1])
    dx = channels_last(grad)
    if _in_blocks(rows, H) and _in_blocks(cols, W):
        dx = _sum_blocks(dx, OH // H, OW // W)
    else:
        dx = _along(_one_each(rows, H, grad.dtype).T, dx, axis=1)
        dx = _along(_one_each(cols, W, grad.dtype).T, dx, axis=2)
    return channels_first(dx)


def resize_bilinear(x: np.ndarray, size: Pair, step: Step, align_corners: bool) -> np.ndarray:
    """Interpolate between four source cells; see `minimaskrcnn.kernels.reference.resize.resize_bilinear`."""
    H, W = x.shape[2:]
    out = _along(_bilinear_matrix(size[0], H, step[0], align_corners, x.dtype), channels_last(x), axis=1)
    return channels_first(_along(_bilinear_matrix(size[1], W, step[1], align_corners, x.dtype), out, axis=2))


def resize_bilinear_backward(
    grad: np.ndarray, x_shape: tuple[int, ...], step: Step, align_corners: bool
) -> np.ndarray:
    """Hand each gradient to its four source cells, in the proportions of the interpolation."""
    (H, W), (OH, OW) = x_shape[2:], grad.shape[2:]
    dx = _along(_bilinear_matrix(OH, H, step[0], align_corners, grad.dtype).T, channels_last(grad), axis=1)
    return channels_first(_along(_bilinear_matrix(OW, W, step[1], align_corners, grad.dtype).T, dx, axis=2))


def _nearest(count: int, side: int, step: float) -> np.ndarray:
    """Source cell of each output cell: floor(i * step), in float32 whatever the map."""
    position = np.arange(count, dtype=np.float32) * np.float32(step)
    return np.minimum(position.astype(np.intp), side - 1)


def _in_blocks(cells: np.ndarray, side: int) -> bool:
    """Whether every source cell was copied the same number of times."""
    return len(cells) % side == 0 and np.array_equal(cells, np.repeat(np.arange(side), len(cells) // side))


def _one_each(cells: np.ndarray, side: int, dtype: np.dtype) -> csr_array:
    """The matrix (len(cells), side) that copies these cells."""
    from scipy.sparse import csr_array

    ones = np.ones(len(cells), dtype)
    return csr_array((ones, cells, np.arange(len(cells) + 1)), shape=(len(cells), side))


def _bilinear_matrix(count: int, side: int, step: float, align_corners: bool, dtype: np.dtype) -> csr_array:
    """Weights (count, side) of one axis: 1 - f at the cell before the source position and f at the next."""
    from scipy.sparse import csr_array

    i = np.arange(count).astype(dtype)
    if align_corners:
        position = i * dtype.type((side - 1) / (count - 1) if count > 1 else 0)
    else:
        position = np.maximum((i + dtype.type(0.5)) * dtype.type(step) - dtype.type(0.5), 0)
    low = np.minimum(position.astype(np.intp), side - 1)
    high = np.minimum(low + 1, side - 1)
    f = np.clip(position - low.astype(dtype), 0, 1)
    weights = np.stack([1 - f, f], axis=1).ravel()
    cells = np.stack([low, high], axis=1).ravel()
    return csr_array((weights, cells, np.arange(0, 2 * count + 1, 2)), shape=(count, side))


def _along(matrix: csr_array, x: np.ndarray, axis: int) -> np.ndarray:
    """Multiply one axis of x (N, H, W, C) by a matrix."""
    first = np.moveaxis(x, axis, 0)
    product = matrix @ first.reshape(len(first), -1)
    moved = product.reshape(matrix.shape[0], *first.shape[1:])
    return np.ascontiguousarray(np.moveaxis(moved, 0, axis))


def _sum_blocks(x: np.ndarray, height: int, width: int) -> np.ndarray:
    """Sum of each height x width block of cells of x (N, H, W, C)."""
    total = x[:, ::height, ::width].copy()
    for dy, dx in list(np.ndindex(height, width))[1:]:
        total += x[:, dy::height, dx::width]
    return total
