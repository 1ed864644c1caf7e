"""Resizing as a gather: for each output row and column the source cells it reads, then one fancy index.

    nearest:   out[:, :, oy, ox] = x[:, :, row[oy], column[ox]]
    bilinear:  out[:, :, oy, ox] = sum over two rows and two columns of weight * x[:, :, row, column]

Backward, `np.add.at` scatters through the same indices: it adds every time where a cell was read twice.
"""

from itertools import product

import numpy as np

from minimaskrcnn.kernels.contract import Pair, Shape, Step

__all__ = ["resize_bilinear", "resize_bilinear_backward", "resize_nearest", "resize_nearest_backward"]


def resize_nearest(x: np.ndarray, size: Pair, step: Step) -> np.ndarray:
    """out[n, c, oy, ox] = x[n, c, floor(oy*step_y), floor(ox*step_x)]."""
    rows, columns = _nearest(size[0], step[0], x.shape[2]), _nearest(size[1], step[1], x.shape[3])
    return x[:, :, rows[:, None], columns]


def resize_nearest_backward(grad: np.ndarray, x_shape: Shape, step: Step) -> np.ndarray:
    """dx[n, c, floor(oy*step_y), floor(ox*step_x)] += grad[n, c, oy, ox]."""
    (OH, OW), (H, W) = grad.shape[2:], x_shape[2:]
    rows, columns = _nearest(OH, step[0], H), _nearest(OW, step[1], W)
    dx = np.zeros(x_shape, grad.dtype)
    _add_at(dx, rows[:, None], columns, grad)
    return dx


def resize_bilinear(x: np.ndarray, size: Pair, step: Step, align_corners: bool) -> np.ndarray:
    """out[n, c, oy, ox] = sum over the four cells around (oy, ox) of weight * x[n, c, row, column]."""
    out = np.zeros((*x.shape[:2], *size), x.dtype)
    for rows, columns, weight in _four_cells(x.shape[2:], size, step, align_corners, x.dtype):
        out += x[:, :, rows, columns] * weight
    return out


def resize_bilinear_backward(grad: np.ndarray, x_shape: Shape, step: Step, align_corners: bool) -> np.ndarray:
    """dx[n, c, row, column] += grad[n, c, oy, ox] * weight, for the four cells around (oy, ox)."""
    dx = np.zeros(x_shape, grad.dtype)
    for rows, columns, weight in _four_cells(x_shape[2:], grad.shape[2:], step, align_corners, grad.dtype):
        _add_at(dx, rows, columns, grad * weight)
    return dx


def _add_at(dx: np.ndarray, rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
    """dx[:, :, rows, columns] += values, adding every time where a cell is named twice."""
    image, channel = (np.arange(n) for n in dx.shape[:2])
    np.add.at(dx, (image[:, None, None, None], channel[:, None, None], rows, columns), values)


def _nearest(count: int, step: float, side: int) -> np.ndarray:
    """The source cell (count,) of each output cell on one axis; positions in float32, as in torch."""
    position = np.floor(np.arange(count, dtype=np.float32) * np.float32(step))
    return np.minimum(position, side - 1).astype(np.intp)


def _four_cells(
    side: Shape, size: Shape, step: Step, align_corners: bool, dtype: np.dtype
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Rows (OH, 1), columns (OW,) and weights (OH, OW) of the four cells around each output cell."""
    y, x = (_two_cells(*axis, align_corners, dtype) for axis in zip(size, side, step, strict=True))
    return [(rows[:, None], columns, wy[:, None] * wx) for (rows, wy), (columns, wx) in product(y, x)]


def _two_cells(
    count: int, side: int, step: float, align_corners: bool, dtype: np.dtype
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The cells (count,) before and behind each output cell on one axis, with their weights."""
    i = np.arange(count, dtype=dtype)
    if align_corners:
        position = i * dtype.type((side - 1) / (count - 1) if count > 1 else 0)
    else:
        position = (i + dtype.type(0.5)) * dtype.type(step) - dtype.type(0.5)
    position = np.clip(position, 0, side - 1)
    low = np.floor(position)
    upper = position - low  # weight of the cell behind
    high = np.minimum(low + 1, side - 1)
    return [(low.astype(np.intp), 1 - upper), (high.astype(np.intp), upper)]
