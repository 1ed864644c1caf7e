"""Where the bins of the rois read, for all rois at once and one axis at a time.

The two axes of a box never meet before the last step: a bin of the output is a *product* of a bin in y and a bin in
x. So the geometry is worked out on the axes, whose arrays are tiny, and only the result is spread over the plane.
"""

from typing import NamedTuple

import numpy as np

from minimaskrcnn.kernels.roi_rules import RoIRule


class AxisPoints(NamedTuple):
    """The points that every bin reads along one axis. K rois, P bins, at most n points a bin."""

    low: np.ndarray  # (K, P, n) int64, the cell at or before the point
    high: np.ndarray  # (K, P, n) int64, the cell after it
    upper: np.ndarray  # (K, P, n) float, the weight of ``high``; ``low`` has the rest
    inside: np.ndarray  # (K, P, n) bool, False where there is no such point or it is off the map
    count: np.ndarray  # (K, P) int64, points of the bin, those off the map included


def round_half_away(value: np.ndarray) -> np.ndarray:
    """Nearest whole number, halves away from zero, as C's ``round``; exact, since ``value - trunc`` is."""
    whole = np.trunc(value)
    return whole + np.copysign(np.abs(value - whole) >= 0.5, value)


def axis_bins(edges: np.ndarray, spatial_scale: float, bins: int, rule: RoIRule):
    """First and last edge (K, P) and length (K, P) of every bin on one axis, in cells.

    Parameters
    ----------
    edges : (K, 2) float array, the boxes' two coordinates on the axis in pixels, in the features' precision
    spatial_scale : float, cells per pixel
    bins : int, P
    rule : RoIRule
    """
    dtype = edges.dtype.type
    start, end = (edges * dtype(spatial_scale) - dtype(0.5 if rule.aligned else 0)).T
    if rule.quantise_box:
        start, end = round_half_away(start), round_half_away(end)
        size = np.maximum(end - start + 1, 1)
    else:
        size = end - start if rule.aligned else np.maximum(end - start, 1)
    step = (size / dtype(bins))[:, None]  # (K, 1)
    start = start[:, None]  # (K, 1)
    p = np.arange(bins, dtype=dtype)
    if not rule.quantise_bins:
        return start + p * step, start + (p + 1) * step, np.broadcast_to(step, (len(edges), bins))
    whole = np.floor(start)
    first = whole + np.floor((start - whole) + p * step)
    last = whole + np.ceil((start - whole) + (p + 1) * step)
    return first, last, last - first


def axis_points(
    edges: np.ndarray, spatial_scale: float, bins: int, side: int, rule: RoIRule
) -> AxisPoints:
    """The points of every bin on one axis; ``side`` is the number of cells of the map on it."""
    first, last, length = axis_bins(edges, spatial_scale, bins, rule)
    if rule.sampling_ratio is None:
        start = np.clip(np.ceil(first), 0, side)
        count = np.maximum(np.clip(np.ceil(last), 0, side) - start, 0).astype(np.int64)
    elif rule.sampling_ratio > 0:
        count = np.full(first.shape, rule.sampling_ratio)
    else:
        count = np.maximum(np.ceil(length), 0).astype(np.int64)

    i = np.arange(count.max(initial=0))
    if rule.sampling_ratio is None:
        position = start[..., None] + i.astype(first.dtype)
    else:
        n = np.maximum(count, 1).astype(first.dtype)[..., None]
        position = first[..., None] + (i.astype(first.dtype) + first.dtype.type(0.5)) * length[..., None] / n
    inside = (i < count[..., None]) & (position >= -1) & (position <= side)
    position = np.clip(np.where(inside, position, 0), 0, side - 1)
    low = position.astype(np.int64)
    return AxisPoints(low, np.minimum(low + 1, side - 1), position - low.astype(first.dtype), inside, count)


def merged_weights(points: AxisPoints, side: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean over a bin's points as weights on the consecutive cells they touch.

    Neighbouring points often share a cell: two points half a cell apart touch two or three cells, not four.

    Returns
    -------
    first : (K, P) int64, the first cell of each bin
    weight : (K, P, T) float, of the cells first, first + 1, ...
    """
    low = np.where(points.inside, points.low, side)
    first = low.min(axis=-1, initial=side)  # (K, P)
    first = np.where(first == side, 0, first)
    last = np.where(points.inside, points.high, 0).max(axis=-1, initial=0)  # (K, P)
    width = int((last - first).max(initial=0)) + 1
    each = np.where(points.inside, 1 / np.maximum(points.count, 1)[..., None], 0)  # (K, P, n)
    row = np.arange(first.size).reshape(first.shape)[..., None] * width - first[..., None]  # (K, P, 1)
    cells = np.concatenate([row + points.low, row + points.high])[np.concatenate([points.inside] * 2)]
    shares = np.concatenate([each * (1 - points.upper), each * points.upper])
    shares = shares[np.concatenate([points.inside] * 2)]
    weight = np.bincount(cells, shares, minlength=first.size * width)
    return first, weight.reshape(*first.shape, width).astype(points.upper.dtype)
