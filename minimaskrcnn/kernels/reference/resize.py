"""Resizing, one output cell at a time: copy the nearest source cell, or interpolate between four.

Two conventions say where an output cell lies in the source. By default cells are areas: the centre of output
cell i is at (i + 0.5)*step - 0.5. With `align_corners` cells are points, and the first and last of both maps
coincide.
"""

import math

import numpy as np

from minimaskrcnn.kernels.contract import Pair, Shape, Step

__all__ = ["resize_bilinear", "resize_bilinear_backward", "resize_nearest", "resize_nearest_backward"]


def resize_nearest(x: np.ndarray, size: Pair, step: Step) -> np.ndarray:
    """Copy: out[n, c, oy, ox] = x[n, c, floor(oy*step_y), floor(ox*step_x)]."""
    N, C, H, W = x.shape
    out = np.empty((N, C, *size), x.dtype)
    for n, c, oy, ox in np.ndindex(*out.shape):
        y, x_ = _nearest(oy, step[0], H), _nearest(ox, step[1], W)
        out[n, c, oy, ox] = x[n, c, y, x_]
    return out


def resize_nearest_backward(grad: np.ndarray, x_shape: Shape, step: Step) -> np.ndarray:
    """Each output cell hands its gradient to the cell it copied."""
    H, W = x_shape[2:]
    dx = np.zeros(x_shape, grad.dtype)
    for n, c, oy, ox in np.ndindex(*grad.shape):
        y, x_ = _nearest(oy, step[0], H), _nearest(ox, step[1], W)
        dx[n, c, y, x_] += grad[n, c, oy, ox]
    return dx


def resize_bilinear(x: np.ndarray, size: Pair, step: Step, align_corners: bool) -> np.ndarray:
    """Weighted mean of the four source cells around each output cell; positions are clamped to the map."""
    N, C, H, W = x.shape
    out = np.zeros((N, C, *size), x.dtype)
    for n, c, oy, ox in np.ndindex(*out.shape):
        for y, wy in _two_cells(oy, size[0], H, step[0], align_corners, x.dtype):
            for x_, wx in _two_cells(ox, size[1], W, step[1], align_corners, x.dtype):
                out[n, c, oy, ox] += wy * wx * x[n, c, y, x_]
    return out


def resize_bilinear_backward(grad: np.ndarray, x_shape: Shape, step: Step, align_corners: bool) -> np.ndarray:
    """Each output cell hands its gradient to its four source cells, by their weights."""
    (H, W), (OH, OW) = x_shape[2:], grad.shape[2:]
    dx = np.zeros(x_shape, grad.dtype)
    for n, c, oy, ox in np.ndindex(*grad.shape):
        for y, wy in _two_cells(oy, OH, H, step[0], align_corners, grad.dtype):
            for x_, wx in _two_cells(ox, OW, W, step[1], align_corners, grad.dtype):
                dx[n, c, y, x_] += wy * wx * grad[n, c, oy, ox]
    return dx


def _nearest(i: int, step: float, side: int) -> int:
    return min(math.floor(np.float32(i) * np.float32(step)), side - 1)


def _two_cells(
    i: int, count: int, side: int, step: float, align_corners: bool, dtype: np.dtype
) -> list[tuple[int, np.floating]]:
    """Source cells on both sides of output cell i along one axis, with their weights."""
    real, half = dtype.type, dtype.type(0.5)
    if align_corners:
        position = real(i) * real((side - 1) / (count - 1) if count > 1 else 0)
    else:
        position = (real(i) + half) * real(step) - half
    position = min(max(position, real(0)), real(side - 1))
    low = math.floor(position)
    high = min(low + 1, side - 1)
    fraction = position - real(low)
    return [(low, 1 - fraction), (high, fraction)]
