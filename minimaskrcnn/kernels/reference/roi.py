"""The RoI operators in loops: every box, bin and sample point by itself, all channels of a cell at once.

A bin is the list of points it reads, and a point is the list of the cells around it with their weights: four
of them, or one where it lies on a cell. So each member of the family (see ``roi_rules``) is the same loops
over another list of points.
"""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from minimaskrcnn.kernels.contract import Pair, Shape
from minimaskrcnn.kernels.roi_rules import ROI_POOL, RoIRule

__all__ = [
    "roi_align",
    "roi_align_backward",
    "roi_features",
    "roi_features_backward",
    "roi_pool",
    "roi_pool_backward",
]


def round_half_away(value: Any) -> int:
    """Nearest whole number, halves away from zero (C's ``round``; Python's goes to the even one)."""
    whole = int(value)
    return whole + (value - whole >= 0.5) - (value - whole <= -0.5)


def axis_points(
    low: Any, high: Any, spatial_scale: Any, bins: int, side: int, rule: RoIRule
) -> list[list[Any]]:
    """For each bin along one axis, the positions it reads, in cells.

    Parameters
    ----------
    low, high : scalars of the features' dtype, the box's two coordinates on this axis, in pixels
    spatial_scale : scalar of the same dtype, cells per pixel
    bins, side : int, the number of bins, and of cells in the map, on this axis
    """
    number = type(low)
    start, end = low * spatial_scale, high * spatial_scale
    if rule.aligned:
        start, end = start - number(0.5), end - number(0.5)
    if rule.quantise_box:
        start, end = number(round_half_away(start)), number(round_half_away(end))
    size = end - start + rule.include_end
    if not rule.aligned:
        size = max(size, number(1))
    step = size / number(bins)

    points = []
    for p in range(bins):
        first, last, length = start + p * step, start + (p + 1) * step, step
        if rule.quantise_bins:
            whole = math.floor(start)
            first = whole + math.floor((start - whole) + p * step)
            last = whole + math.ceil((start - whole) + (p + 1) * step)
            length = number(last - first)
        if rule.sampling_ratio is None:
            points.append(list(range(max(math.ceil(first), 0), min(math.ceil(last), side))))
        else:
            n = rule.sampling_ratio if rule.sampling_ratio > 0 else math.ceil(length)
            points.append([first + (i + number(0.5)) * length / number(n) for i in range(n)])
    return points


def axis_cells(position: Any, side: int) -> list[tuple[int, Any]]:
    """The cells that a position lies between with their linear weights; none where it is off the map."""
    if position < -1 or position > side:
        return []
    position = min(max(position, 0), side - 1)
    low = int(position)
    upper = position - low
    return [(low, 1 - upper), (low + 1, upper)] if upper else [(low, 1)]


def roi_bins(
    rois: np.ndarray,
    x_shape: Shape,
    dtype: np.dtype[Any],
    output_size: Pair,
    spatial_scale: float,
    rule: RoIRule,
) -> Iterator[Any]:
    """Every bin of every roi: its index (k, p, q), its image, and its points in row-major order.

    A point is a list of up to four cells (y, x, weight), none where it is off the map; the bilinear weights
    are the products of the linear weights on the two axes.
    """
    H, W = x_shape[2:]
    OH, OW = output_size
    scale = dtype.type(spatial_scale)
    for k, (image, x1, y1, x2, y2) in enumerate(rois.astype(dtype)):
        rows = [[axis_cells(y, H) for y in ys] for ys in axis_points(y1, y2, scale, OH, H, rule)]
        columns = [[axis_cells(x, W) for x in xs] for xs in axis_points(x1, x2, scale, OW, W, rule)]
        for p, q in np.ndindex(OH, OW):
            pairs = itertools.product(rows[p], columns[q])
            points = [[(y, x, wy * wx) for y, wy in row for x, wx in column] for row, column in pairs]
            yield (k, p, q), int(image), points


def winner_name(s: int, cells: list[tuple[int, int, Any]], W: int, rule: RoIRule) -> int:
    """What argmax records of a winner: its flat cell y*W + x where whole cells are read, else its number."""
    y, x, _ = cells[0]
    return y * W + x if rule.sampling_ratio is None else s


def roi_features(
    x: np.ndarray, rois: np.ndarray, output_size: Pair, spatial_scale: float, rule: RoIRule
) -> tuple[np.ndarray, np.ndarray | None]:
    """A grid of bins for every roi, each the mean or the largest of the points the rule reads in it."""
    out = np.zeros((len(rois), x.shape[1], *output_size), x.dtype)
    argmax = np.full(out.shape, -1, np.int64) if rule.reduce == "max" else None
    lowest = np.finfo(x.dtype).min
    for (k, p, q), n, points in roi_bins(rois, x.shape, x.dtype, output_size, spatial_scale, rule):
        best = np.full(x.shape[1], -np.inf, x.dtype)  # (C,)
        for s, cells in enumerate(points):
            value = np.zeros_like(best)
            for i, j, weight in cells:
                value += x[n, :, i, j] * weight
            if argmax is None:
                out[k, :, p, q] += value / x.dtype.type(len(points))
            elif cells:
                value = np.fmax(value, lowest)  # NaN and -inf count as the lowest number
                better = value > best
                best[better] = value[better]
                out[k, better, p, q] = value[better]
                argmax[k, better, p, q] = winner_name(s, cells, x.shape[3], rule)
    return out, argmax


def roi_features_backward(
    grad: np.ndarray,
    rois: np.ndarray,
    argmax: np.ndarray | None,
    x_shape: Shape,
    spatial_scale: float,
    rule: RoIRule,
) -> np.ndarray:
    """Each bin hands its gradient to the cells it read, in the proportion in which it read them.

    A mean spreads it evenly over its points; a maximum gives all of it to the winning point of each channel.
    """
    dx = np.zeros(x_shape, grad.dtype)
    for (k, p, q), n, points in roi_bins(rois, x_shape, grad.dtype, grad.shape[2:], spatial_scale, rule):
        for s, cells in enumerate(points):
            share = grad[k, :, p, q]  # (C,)
            if argmax is None:
                share = share / grad.dtype.type(len(points))
            elif cells:
                won = argmax[k, :, p, q] == winner_name(s, cells, x_shape[3], rule)
                share = np.where(won, share, 0)
            for i, j, weight in cells:
                dx[n, :, i, j] += share * weight
    return dx


def roi_align(
    x: np.ndarray,
    rois: np.ndarray,
    output_size: Pair,
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> np.ndarray:
    """Mean of bilinear points, nothing rounded: He et al. 2017, section 3. Returns (K, C, OH, OW)."""
    return roi_features(x, rois, output_size, spatial_scale, align_rule(sampling_ratio, aligned))[0]


def roi_align_backward(
    grad: np.ndarray,
    rois: np.ndarray,
    x_shape: Shape,
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> np.ndarray:
    """Gradient of ``roi_align`` with respect to the features, of shape x_shape."""
    rule = align_rule(sampling_ratio, aligned)
    return roi_features_backward(grad, rois, None, x_shape, spatial_scale, rule)


def align_rule(sampling_ratio: int, aligned: bool) -> RoIRule:
    """RoIAlign as a member of the family."""
    return RoIRule(False, False, sampling_ratio, "mean", aligned)


def roi_pool(
    x: np.ndarray, rois: np.ndarray, output_size: Pair, spatial_scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Largest cell of each rounded bin and its flat index y*W + x (-1: empty bin): Girshick 2015."""
    out, argmax = roi_features(x, rois, output_size, spatial_scale, ROI_POOL)
    assert argmax is not None
    return out, argmax


def roi_pool_backward(grad: np.ndarray, rois: np.ndarray, argmax: np.ndarray, x_shape: Shape) -> np.ndarray:
    """Each bin hands its gradient to the one cell that won it; a cell that won in several bins adds them."""
    N, C, H, W = x_shape
    dx = np.zeros((N, C, H * W), grad.dtype)
    for k, c, p, q in np.ndindex(*grad.shape):
        if argmax[k, c, p, q] >= 0:
            dx[int(rois[k, 0]), c, argmax[k, c, p, q]] += grad[k, c, p, q]
    return dx.reshape(x_shape)  # (N, C, H*W) -> (N, C, H, W)
