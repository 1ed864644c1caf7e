"""The RoI operators that take the largest: of whole cells (RoIPool), or of bilinear points."""

import numpy as np

from minimaskrcnn.kernels.fast.roi_geometry import AxisPoints, axis_points
from minimaskrcnn.kernels.fast.roi_planes import channels_first, channels_last, outer_rows
from minimaskrcnn.kernels.roi_rules import RoIRule


def cell_max(
    x: np.ndarray, rois: np.ndarray, output_size: tuple[int, int], spatial_scale: float, rule: RoIRule
) -> tuple[np.ndarray, np.ndarray]:
    """Largest cell of each bin and its flat index y*W + x; 0 and -1 for an empty bin."""
    N, C, H, W = x.shape
    OH, OW = output_size
    rois = rois.astype(x.dtype)
    rows = axis_points(rois[:, [2, 4]], spatial_scale, OH, H, rule)
    columns = axis_points(rois[:, [1, 3]], spatial_scale, OW, W, rule)
    features = channels_last(x).reshape(N, H, W, C)
    out = np.zeros((len(rois), OH, OW, C), x.dtype)
    argmax = np.full(out.shape, -1)
    for k, p, q in np.ndindex(len(rois), OH, OW):
        h, w = rows.count[k, p], columns.count[k, q]
        if h and w:
            top, left = rows.low[k, p, 0], columns.low[k, q, 0]
            block = features[int(rois[k, 0]), top : top + h, left : left + w].reshape(h * w, C)
            winner = block.argmax(axis=0)  # (C,)
            out[k, p, q] = np.take_along_axis(block, winner[None], axis=0)[0]
            argmax[k, p, q] = (top + winner // w) * W + left + winner % w
    return out.transpose(0, 3, 1, 2), argmax.transpose(0, 3, 1, 2)


def cell_max_backward(
    grad: np.ndarray, rois: np.ndarray, argmax: np.ndarray, x_shape: tuple[int, int, int, int]
) -> np.ndarray:
    """Each bin hands its gradient to the one cell that won it."""
    N, C, H, W = x_shape
    won = argmax >= 0
    image = rois[:, 0].astype(np.int64)[:, None, None, None]
    cells = ((image * C + np.arange(C)[:, None, None]) * (H * W) + argmax)[won]
    return np.bincount(cells, grad[won], minlength=N * C * H * W).astype(grad.dtype).reshape(x_shape)


def point_rows(image: np.ndarray, rows: AxisPoints, columns: AxisPoints, shape: tuple[int, int, int]):
    """The sparse matrix with one row for each point (k, p, iy, q, ix), and which of them compete (K,P,Q,ny,nx)."""
    axes = []
    for points in (rows, columns):
        K, P, n = points.low.shape
        upper = np.where(points.high > points.low, points.upper, 0)
        weight = np.where(points.inside[..., None], np.stack([1 - upper, upper], axis=-1), 0)
        axes.append((points.low.reshape(K, P * n), weight.astype(upper.dtype).reshape(K, P * n, 2)))
    competes = rows.inside[:, :, None, :, None] & columns.inside[:, None, :, None, :]
    return outer_rows(image, *axes, shape), competes


def point_max(
    x: np.ndarray, rois: np.ndarray, output_size: tuple[int, int], spatial_scale: float, rule: RoIRule
) -> tuple[np.ndarray, np.ndarray]:
    """Largest bilinear point of each bin and its row-major number in the bin; 0 and -1 where none is on the map."""
    N, C, H, W = x.shape
    rois = rois.astype(x.dtype)
    rows = axis_points(rois[:, [2, 4]], spatial_scale, output_size[0], H, rule)
    columns = axis_points(rois[:, [1, 3]], spatial_scale, output_size[1], W, rule)
    S, competes = point_rows(rois[:, 0].astype(np.int64), rows, columns, (N, H, W))
    K, P, Q, ny, nx = competes.shape
    values = (S @ channels_last(x)).reshape(K, P, ny, Q, nx, C).transpose(0, 1, 3, 2, 4, 5)
    values = np.where(competes[..., None], values, -np.inf).reshape(K, P, Q, ny * nx, C)
    if not ny * nx:
        return np.zeros((K, C, P, Q), x.dtype), np.full((K, C, P, Q), -1)
    winner = values.argmax(axis=3)  # (K, P, Q, C)
    out = np.take_along_axis(values, winner[:, :, :, None], axis=3)[:, :, :, 0]
    number = winner // nx * columns.count[:, None, :, None] + winner % nx  # counted without the padding
    empty = ~competes.any(axis=(3, 4))[..., None]
    out, number = np.where(empty, x.dtype.type(0), out), np.where(empty, -1, number)
    return out.transpose(0, 3, 1, 2), number.transpose(0, 3, 1, 2)


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
    rois = rois.astype(grad.dtype)
    rows = axis_points(rois[:, [2, 4]], spatial_scale, grad.shape[2], H, rule)
    columns = axis_points(rois[:, [1, 3]], spatial_scale, grad.shape[3], W, rule)
    S, competes = point_rows(rois[:, 0].astype(np.int64), rows, columns, (N, H, W))
    K, P, Q, ny, nx = competes.shape
    n = np.maximum(columns.count, 1)[:, None, :, None]
    won = argmax.transpose(0, 2, 3, 1)  # (K, P, Q, C)
    number = np.where(won < 0, -1, won // n * nx + won % n)
    points = np.where(
        number[:, :, :, None] == np.arange(ny * nx)[:, None], grad.transpose(0, 2, 3, 1)[:, :, :, None], 0
    )
    points = points.reshape(K, P, Q, ny, nx, C).transpose(0, 1, 3, 2, 4, 5).reshape(-1, C)
    return channels_first(S.T @ points, (N, H, W))
