"""The RoI operators that take the largest of bilinear points: RoIAlign and RoIWarp with a maximum.

The points themselves are linear in the features, ``points = S @ features`` with four weights per row. Of a
bin's points each channel keeps its largest, and the gradient goes back through S.T from the winners alone.

This is the edition for speed; `kernels.plain.roi` computes the same and is the one to learn from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from minimaskrcnn.kernels.fast.engine import tuning
from minimaskrcnn.kernels.fast.engine.layout import channels_first, channels_last
from minimaskrcnn.kernels.fast.roi_geometry import AxisPoints, roi_points
from minimaskrcnn.kernels.fast.roi_matrix import outer_rows
from minimaskrcnn.kernels.roi_rules import RoIRule

if TYPE_CHECKING:
    from scipy import sparse


def point_max(
    x: np.ndarray, rois: np.ndarray, output_size: tuple[int, int], spatial_scale: float, rule: RoIRule
) -> tuple[np.ndarray, np.ndarray]:
    """Largest point of each bin and its row-major number in the bin; 0 and -1 where none is on the map."""
    C = x.shape[1]
    OH, OW = output_size
    features = channels_last(x).reshape(-1, C)  # (N*H*W, C)
    best = np.full((len(rois), OH, OW, C), -np.inf, x.dtype)
    winner = np.full(best.shape, -1, np.int64)
    for some, S, rows, columns in _batches(rois.astype(x.dtype), x.shape, output_size, spatial_scale, rule):
        (K, _, ny), nx = rows.low.shape, columns.low.shape[2]
        points = np.fmax(S @ features, np.finfo(x.dtype).min)  # NaN and -inf count as the lowest number
        points = points.reshape(K, OH, ny, OW, nx, C)
        for iy, ix in np.ndindex(ny, nx):
            point = points[:, :, iy, :, ix]  # (K, OH, OW, C)
            competes = rows.inside[:, :, None, None, iy] & columns.inside[:, None, :, None, ix]
            better = competes & (point > best[some])  # strict: a tie keeps the first
            np.copyto(best[some], point, where=better)
            np.copyto(winner[some], _number(iy, ix, columns), where=better)
    best[winner < 0] = 0
    return channels_first(best), channels_first(winner)


def point_max_backward(
    grad: np.ndarray,
    rois: np.ndarray,
    argmax: np.ndarray,
    x_shape: tuple[int, int, int, int],
    spatial_scale: float,
    rule: RoIRule,
) -> np.ndarray:
    """Each bin hands its gradient to the four cells around the point that won it."""
    N, C, H, W = x_shape
    OH, OW = grad.shape[2:]
    dx = np.zeros((N * H * W, C), grad.dtype)
    grad, winner = grad.transpose(0, 2, 3, 1), argmax.transpose(0, 2, 3, 1)  # (K, OH, OW, C)
    for some, S, rows, columns in _batches(rois.astype(grad.dtype), x_shape, (OH, OW), spatial_scale, rule):
        (K, _, ny), nx = rows.low.shape, columns.low.shape[2]
        points = np.empty((K, OH, ny, OW, nx, C), grad.dtype)
        for iy, ix in np.ndindex(ny, nx):
            won = winner[some] == _number(iy, ix, columns)
            points[:, :, iy, :, ix] = np.where(won, grad[some], 0)
        dx += S.T @ points.reshape(-1, C)
    return channels_first(dx.reshape(N, H, W, C))


def _number(iy: int, ix: int, columns: AxisPoints) -> np.ndarray:
    """Row-major number of the point in each bin, (K, 1, OW, 1); -2 in bins with fewer points in a row."""
    count = columns.count[:, None, :, None]
    return np.where(ix < count, iy * count + ix, -2)


def _batches(
    rois: np.ndarray,
    x_shape: tuple[int, int, int, int],
    output_size: tuple[int, int],
    spatial_scale: float,
    rule: RoIRule,
) -> Iterator[tuple[slice, sparse.csr_array, AxisPoints, AxisPoints]]:
    """A few rois at a time: which, the matrix S whose rows are their points (k, p, iy, q, ix), and those."""
    N, _, H, W = x_shape
    for k in range(0, len(rois), tuning.POINT_MAX_ROIS):
        some = slice(k, k + tuning.POINT_MAX_ROIS)
        rows, columns = roi_points(rois[some], (H, W), output_size, spatial_scale, rule)
        image = rois[some, 0].astype(np.int64)
        yield some, outer_rows(image, _two_cells(rows), _two_cells(columns), (N, H, W)), rows, columns


def _two_cells(points: AxisPoints) -> tuple[np.ndarray, np.ndarray]:
    """Each point as a bin of its own: its two cells (K, P*n, 2) and their weights."""
    K, P, n = points.low.shape
    cells = np.stack([points.low, points.high], axis=-1)
    weight = np.stack([1 - points.upper, points.upper], axis=-1) * points.inside[..., None]
    return cells.reshape(K, P * n, 2), weight.reshape(K, P * n, 2)
