"""Pooling by windows: the largest number of each, or the mean.

    out[n, c, oy, ox] = max (or mean) over (ky, kx) of window[n, c, oy, ox, ky, kx]

A second map, of cell numbers or of ones, is read through the same windows: it says what lies outside.
"""

import numpy as np

from minimaskrcnn.kernels.contract import Pair, Shape
from minimaskrcnn.kernels.geometry import pool_output_size
from minimaskrcnn.kernels.plain.windows import stamp, windows

__all__ = ["avg_pool2d", "avg_pool2d_backward", "max_pool2d", "max_pool2d_backward"]

Margins = tuple[Pair, Pair]


def max_pool2d(
    x: np.ndarray, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The largest number of each window, and its cell; of equal ones the first, of several NaN the last."""
    (H, W), area = x.shape[2:], kernel[0] * kernel[1]
    margins = _margins((H, W), kernel, stride, padding, dilation, ceil_mode)
    cells = np.arange(H * W, dtype=np.intp).reshape(H, W)
    value = windows(_pad(x, margins, -np.inf), kernel, stride, dilation)
    cell = windows(_pad(cells, margins, -1), kernel, stride, dilation)
    value = value.reshape(*value.shape[:4], area)  # (N, C, OH, OW, KH, KW) -> (N, C, OH, OW, KH*KW)
    cell = cell.reshape(1, 1, *cell.shape[:2], area)  # (OH, OW, KH, KW) -> (1, 1, OH, OW, KH*KW)
    out = value.max(axis=-1)
    first = ((value == out[..., None]) & (cell >= 0)).argmax(axis=-1)
    last_nan = area - 1 - np.isnan(value)[..., ::-1].argmax(axis=-1)
    winner = np.where(np.isnan(out), last_nan, first)  # (N, C, OH, OW), which of the window's KH*KW
    return out, np.take_along_axis(cell, winner[..., None], axis=-1)[..., 0].astype(np.int64)


def max_pool2d_backward(grad: np.ndarray, argmax: np.ndarray, x_shape: Shape) -> np.ndarray:
    """dx[n, c, argmax] += grad[n, c, oy, ox]; `np.add.at` adds every time where a cell won twice."""
    N, C, H, W = x_shape
    dx = np.zeros((N, C, H * W), grad.dtype)
    image, channel = np.arange(N).reshape(N, 1, 1, 1), np.arange(C).reshape(C, 1, 1)
    np.add.at(dx, (image, channel, argmax.astype(np.intp)), grad)
    return dx.reshape(x_shape)  # (N, C, H*W) -> (N, C, H, W)


def avg_pool2d(
    x: np.ndarray, kernel: Pair, stride: Pair, padding: Pair, ceil_mode: bool, count_include_pad: bool
) -> np.ndarray:
    """out[n, c, oy, ox] = sum of window[n, c, oy, ox] / count[oy, ox]."""
    margins = _margins(x.shape[2:], kernel, stride, padding, (1, 1), ceil_mode)
    total = windows(_pad(x, margins, 0), kernel, stride, (1, 1)).sum(axis=(-2, -1))
    return total / _counts(x.shape, kernel, stride, padding, margins, count_include_pad, x.dtype)


def avg_pool2d_backward(
    grad: np.ndarray,
    x_shape: Shape,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    ceil_mode: bool,
    count_include_pad: bool,
) -> np.ndarray:
    """dwindow[n, c, oy, ox, ky, kx] = grad[n, c, oy, ox] / count[oy, ox], stamped on dx."""
    margins = _margins(x_shape[2:], kernel, stride, padding, (1, 1), ceil_mode)
    share = grad / _counts(x_shape, kernel, stride, padding, margins, count_include_pad, grad.dtype)
    padded = _pad(np.zeros(x_shape, grad.dtype), margins, 0)
    stamp(padded, np.broadcast_to(share[..., None, None], (*share.shape, *kernel)), stride, (1, 1))
    (PY, PX), (H, W) = padding, x_shape[2:]
    return padded[:, :, PY : PY + H, PX : PX + W]


def _margins(
    size: Shape, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool
) -> Margins:
    """Cells before and behind the map on both axes, so that just the windows there are fit."""

    def margin(side: int, k: int, s: int, p: int, d: int) -> Pair:
        last = (pool_output_size(side, k, s, p, d, ceil_mode) - 1) * s  # where the last window starts
        return p, max(last + (k - 1) * d + 1 - side - p, 0)

    y, x = (margin(*axis) for axis in zip(size, kernel, stride, padding, dilation, strict=True))
    return y, x


def _counts(
    x_shape: Shape,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    margins: Margins,
    count_include_pad: bool,
    dtype: np.dtype,
) -> np.ndarray:
    """How many cells (OH, OW) each mean counts: a map of ones, seen through the windows."""
    ones = np.ones(x_shape[2:], dtype)
    if count_include_pad:
        ones = np.pad(ones, [(p, p) for p in padding], constant_values=1)
        (_, below), (_, right) = margins
        margins = (0, max(below - padding[0], 0)), (0, max(right - padding[1], 0))
    return windows(_pad(ones, margins, 0), kernel, stride, (1, 1)).sum(axis=(-2, -1))


def _pad(x: np.ndarray, margins: Margins, value: float) -> np.ndarray:
    """The last two axes longer by the margins, filled with a value."""
    return np.pad(x, [(0, 0)] * (x.ndim - 2) + list(margins), constant_values=value)
