"""The RoI operators as a gather with weights: all points of a box at once, one box after the other.

    point[c, p, i, q, j] = sum over the four cells around (y[p, i], x[q, j]) of weight * map[c, row, column]
    out[k, c, p, q]      = mean (or max) over (i, j) of point[c, p, i, q, j]

Bin (p, q) reads its points i on the y axis times its points j on the x axis. A member of the family (see
``roi_rules``) is another list of points on each axis; whole cells are points that lie on a cell.
"""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

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


def roi_features(
    x: np.ndarray, rois: np.ndarray, output_size: Pair, spatial_scale: float, rule: RoIRule
) -> tuple[np.ndarray, np.ndarray | None]:
    """The mean of the points of each bin, or the largest and which it was."""
    out = np.zeros((len(rois), x.shape[1], *output_size), x.dtype)
    argmax = np.full(out.shape, -1, np.int64)
    for k, roi in enumerate(rois.astype(x.dtype)):
        rows, columns = _axes(roi, x.shape, output_size, spatial_scale, rule)
        point = _read(x[int(roi[0])], rows, columns)  # (C, P, I, Q, J)
        if rule.reduce == "mean":
            out[k] = point.sum(axis=(2, 4)) / _count(rows, columns, x.dtype)
        else:
            out[k], argmax[k] = _largest(point, _names(rows, columns, x.shape[3], rule))
    return out, None if rule.reduce == "mean" else argmax


def roi_features_backward(
    grad: np.ndarray,
    rois: np.ndarray,
    argmax: np.ndarray | None,
    x_shape: Shape,
    spatial_scale: float,
    rule: RoIRule,
) -> np.ndarray:
    """Each bin shares its gradient among its points, or hands it to the winner; a point to its four cells."""
    dx, channel = np.zeros(x_shape, grad.dtype), np.arange(x_shape[1]).reshape(-1, 1, 1, 1, 1)
    for k, roi in enumerate(rois.astype(grad.dtype)):
        rows, columns = _axes(roi, x_shape, grad.shape[2:], spatial_scale, rule)
        dpoint = grad[k][:, :, None, :, None]  # (C, P, Q) -> (C, P, 1, Q, 1)
        if argmax is None:
            dpoint = dpoint / _count(rows, columns, grad.dtype)[:, None, :, None]
        else:
            won = argmax[k][:, :, None, :, None] == _names(rows, columns, x_shape[3], rule)
            dpoint = np.where(won, dpoint, 0)  # (C, P, I, Q, J)
        for row, column, weight in _four_cells(rows, columns):
            np.add.at(dx[int(roi[0])], (channel, row, column), dpoint * weight)
    return dx


def roi_align(
    x: np.ndarray,
    rois: np.ndarray,
    output_size: Pair,
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> np.ndarray:
    """Mean of bilinear points, nothing rounded: He et al. 2017, section 3."""
    rule = RoIRule(False, False, sampling_ratio, "mean", aligned)
    return roi_features(x, rois, output_size, spatial_scale, rule)[0]


def roi_align_backward(
    grad: np.ndarray,
    rois: np.ndarray,
    x_shape: Shape,
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> np.ndarray:
    """Each bin shares its gradient among its points, and a point among its four cells."""
    rule = RoIRule(False, False, sampling_ratio, "mean", aligned)
    return roi_features_backward(grad, rois, None, x_shape, spatial_scale, rule)


def roi_pool(
    x: np.ndarray, rois: np.ndarray, output_size: Pair, spatial_scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Largest cell of each rounded bin and its flat index y*W + x: Girshick 2015."""
    out, argmax = roi_features(x, rois, output_size, spatial_scale, ROI_POOL)
    assert argmax is not None
    return out, argmax


def roi_pool_backward(grad: np.ndarray, rois: np.ndarray, argmax: np.ndarray, x_shape: Shape) -> np.ndarray:
    """dx[image, c, argmax] += grad[k, c, p, q] where the bin is not empty."""
    N, C, H, W = x_shape
    dx = np.zeros((N, C, H * W), grad.dtype)
    k, c, p, q = np.nonzero(argmax >= 0)
    image, cell = rois[k, 0].astype(np.intp), argmax[k, c, p, q].astype(np.intp)
    np.add.at(dx, (image, c, cell), grad[k, c, p, q])
    return dx.reshape(x_shape)  # (N, C, H*W) -> (N, C, H, W)


class Points(NamedTuple):
    """The points that every bin reads on one axis: P bins, up to I points each."""

    low: np.ndarray  # (P, I) intp, the cell at or before the point
    high: np.ndarray  # (P, I) intp, the cell behind it
    upper: np.ndarray  # (P, I) float, the weight of `high`; `low` has the rest
    inside: np.ndarray  # (P, I) bool, False where there is no such point, or it is off the map
    number: np.ndarray  # (P,) intp, how many points a bin has, those off the map included


def _axes(
    roi: np.ndarray, x_shape: Shape, output_size: Shape, spatial_scale: float, rule: RoIRule
) -> tuple[Points, Points]:
    """The points of one roi (image, x1, y1, x2, y2) on the y axis and on the x axis."""
    (OH, OW), (H, W) = output_size, x_shape[2:]
    _, x1, y1, x2, y2 = roi * roi.dtype.type(spatial_scale)  # pixels -> cells
    return _points(np.array([y1, y2]), OH, H, rule), _points(np.array([x1, x2]), OW, W, rule)


def _points(box: np.ndarray, bins: int, side: int, rule: RoIRule) -> Points:
    """Steps 1 to 4 of ``roi_rules`` on one axis, for a box (2,) in cells."""
    number = box.dtype.type
    first, last, length = _bins(box - number(0.5) if rule.aligned else box, bins, rule)  # (P,) each
    if rule.sampling_ratio is None:
        first, last = np.clip(np.ceil([first, last]), 0, side)
        count = np.maximum(last - first, 0)
    else:
        count = np.full(bins, rule.sampling_ratio) if rule.sampling_ratio > 0 else np.ceil(length)
    count = np.maximum(count, 0).astype(np.intp)
    i = np.arange(max(count.max(), 1))
    if rule.sampling_ratio is None:
        position = first[:, None] + i.astype(number)  # (P, I)
    else:
        n = np.maximum(count, 1).astype(number)
        position = first[:, None] + (i.astype(number) + number(0.5)) * length[:, None] / n[:, None]
    inside = (i < count[:, None]) & (position >= -1) & (position <= side)
    position = np.clip(position, 0, side - 1)
    low = position.astype(np.intp)
    return Points(low, np.minimum(low + 1, side - 1), position - low.astype(number), inside, count)


def _bins(box: np.ndarray, bins: int, rule: RoIRule) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First edge, last edge and length (P,) of every bin of a box (2,) in cells."""
    number = box.dtype.type
    if rule.quantise_box:
        whole = np.trunc(box)
        box = whole + np.copysign(np.abs(box - whole) >= 0.5, box)  # halves away from zero
    size = box[1] - box[0] + rule.include_end
    if not rule.aligned:
        size = max(size, number(1))
    start, step = box[0], size / number(bins)
    p = np.arange(bins).astype(number)
    if not rule.quantise_bins:
        return start + p * step, start + (p + 1) * step, np.full(bins, step)
    whole = np.floor(start)
    first, last = np.floor(start - whole + p * step), np.ceil(start - whole + (p + 1) * step)
    return whole + first, whole + last, last - first


def _four_cells(rows: Points, columns: Points) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Row (P, I, 1, 1), column (Q, J) and weight (P, I, Q, J) of the four cells around each point."""
    ys, xs = (
        [(axis.low, (1 - axis.upper) * axis.inside), (axis.high, axis.upper * axis.inside)]
        for axis in (rows, columns)
    )
    for (row, wy), (column, wx) in product(ys, xs):
        yield row[:, :, None, None], column, wy[:, :, None, None] * wx


def _read(x: np.ndarray, rows: Points, columns: Points) -> np.ndarray:
    """The points (C, P, I, Q, J) of a map (C, H, W). A cell of weight 0 is not read: it may be infinite."""
    point = np.zeros((len(x), *rows.low.shape, *columns.low.shape), x.dtype)
    for row, column, weight in _four_cells(rows, columns):
        if weight.any():
            point += np.multiply(x[:, row, column], weight, where=weight != 0, out=np.zeros_like(point))
    return point


def _count(rows: Points, columns: Points, dtype: np.dtype) -> np.ndarray:
    """By what a mean (P, Q) divides: the number of the bin's points, or 1 where it has none."""
    return np.maximum(rows.number[:, None] * columns.number, 1).astype(dtype)


def _names(rows: Points, columns: Points, W: int, rule: RoIRule) -> np.ndarray:
    """What argmax calls each point (P, I, Q, J): cell y*W + x, or the number in its bin; -2 off the map."""
    if rule.sampling_ratio is None:
        name = rows.low[:, :, None, None] * W + columns.low
    else:
        i, j = (np.arange(axis.low.shape[1]) for axis in (rows, columns))
        name = i[:, None, None] * columns.number[:, None] + j  # (I, Q, J), the same for every p
    return np.where(rows.inside[:, :, None, None] & columns.inside, name, -2)


def _largest(point: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Largest point (C, P, Q) of each bin and its name, the first of equal ones; 0 and -1 without any."""
    C, P, I, Q, J = point.shape
    point = np.fmax(point, np.finfo(point.dtype).min)  # NaN and -inf count as the lowest number
    point = np.where(names >= 0, point, -np.inf).transpose(0, 1, 3, 2, 4).reshape(C, P, Q, I * J)
    names = names.transpose(0, 2, 1, 3).reshape(1, P, Q, I * J)  # (P, I, Q, J) -> (1, P, Q, I*J)
    winner = point.argmax(axis=-1)[..., None]
    best, name = (np.take_along_axis(a, winner, axis=-1)[..., 0] for a in (point, names))
    return np.where(name >= 0, best, 0), np.where(name >= 0, name, -1)
