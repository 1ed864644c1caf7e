"""Pooling, one window at a time: the largest value and where it was, or the mean."""

import numpy as np

from minimaskrcnn.kernels.contract import Pair, Shape
from minimaskrcnn.kernels.geometry import pool_output_size

__all__ = ["avg_pool2d", "avg_pool2d_backward", "max_pool2d", "max_pool2d_backward"]


def max_pool2d(
    x: np.ndarray, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Largest value under each window, and where it was.

    out[n, c, oy, ox] = max over (ky, kx) of x[n, c, oy*SY - PY + ky*DY, ox*SX - PX + kx*DX]; cells outside
    the map do not compete. Of equal values the first in row-major order wins; a window with a NaN gives
    NaN.
    """
    N, C, H, W = x.shape
    sizes = zip((H, W), kernel, stride, padding, dilation, strict=True)
    OH, OW = (pool_output_size(*axis, ceil_mode) for axis in sizes)
    out = np.empty((N, C, OH, OW), x.dtype)
    argmax = np.empty((N, C, OH, OW), np.int64)
    for n, c, oy, ox in np.ndindex(N, C, OH, OW):
        best, winner = -np.inf, -1
        for ky, kx in np.ndindex(*kernel):
            y = oy * stride[0] - padding[0] + ky * dilation[0]
            x_ = ox * stride[1] - padding[1] + kx * dilation[1]
            if not (0 <= y < H and 0 <= x_ < W):
                continue
            value = x[n, c, y, x_]
            if winner == -1 or value > best or np.isnan(value):
                best, winner = value, y * W + x_
        out[n, c, oy, ox], argmax[n, c, oy, ox] = best, winner
    return out, argmax


def max_pool2d_backward(grad: np.ndarray, argmax: np.ndarray, x_shape: Shape) -> np.ndarray:
    """Each window hands its gradient to the one cell that won it; a cell that won twice gets both."""
    N, C, H, W = x_shape
    dx = np.zeros((N, C, H * W), grad.dtype)
    for n, c, oy, ox in np.ndindex(*grad.shape):
        dx[n, c, argmax[n, c, oy, ox]] += grad[n, c, oy, ox]
    return dx.reshape(x_shape)


def avg_pool2d(
    x: np.ndarray, kernel: Pair, stride: Pair, padding: Pair, ceil_mode: bool, count_include_pad: bool
) -> np.ndarray:
    """Mean of the cells under each window.

    out[n, c, oy, ox] = sum of the window's cells inside the map / count, where count is the number of its
    cells inside the map or, with `count_include_pad`, inside the map and its padding. Beyond that nothing
    counts.
    """
    N, C, H, W = x.shape
    sizes = zip((H, W), kernel, stride, padding, strict=True)
    OH, OW = (pool_output_size(*axis, ceil_mode=ceil_mode) for axis in sizes)
    out = np.empty((N, C, OH, OW), x.dtype)
    for n, c, oy, ox in np.ndindex(N, C, OH, OW):
        cells, count = _window(oy, ox, (H, W), kernel, stride, padding, count_include_pad)
        out[n, c, oy, ox] = x[n, c][cells].sum() / count
    return out


def avg_pool2d_backward(
    grad: np.ndarray,
    x_shape: Shape,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    ceil_mode: bool,
    count_include_pad: bool,
) -> np.ndarray:
    """Each window shares its gradient equally among the cells of its mean; shares of the padding are lost."""
    dx = np.zeros(x_shape, grad.dtype)
    for n, c, oy, ox in np.ndindex(*grad.shape):
        cells, count = _window(oy, ox, x_shape[2:], kernel, stride, padding, count_include_pad)
        dx[n, c][cells] += grad[n, c, oy, ox] / count
    return dx


def _window(
    oy: int,
    ox: int,
    size: Shape,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    count_include_pad: bool,
) -> tuple[tuple[slice, ...], int]:
    """Cells of the map under a window, and how many cells its mean counts."""
    cells, count = [], 1
    for axis, o in enumerate((oy, ox)):
        start = o * stride[axis] - padding[axis]
        stop = start + kernel[axis]
        margin = padding[axis] if count_include_pad else 0
        count *= min(stop, size[axis] + margin) - max(start, -margin)
        cells.append(slice(max(start, 0), min(stop, size[axis])))
    return tuple(cells), count
