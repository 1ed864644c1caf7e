"""Where the bins of the rois read, for all rois at once and one axis at a time.

The two axes of a box never meet before the last step: a bin of the output is the *product* of a bin in y and
a bin in x. So the geometry is worked out on the axes, whose arrays are tiny, and only the result is spread
over the plane.

This is the edition for speed; `kernels.plain.roi` computes the same and is the one to learn from.
"""

from dataclasses import dataclass

import numpy as np

from minimaskrcnn.kernels.roi_rules import RoIRule


@dataclass
class AxisPoints:
    """The points that every bin reads along one axis: K rois, P bins, at most n points per bin.

    Parameters
    ----------
    low, high : (K, P, n) intp, the cell at or before each point, and the one after it
    upper : (K, P, n) float, the weight of ``high``; ``low`` has the rest
    inside : (K, P, n) bool, False where there is no such point or it is off the map
    count : (K, P) intp, points of each bin, those off the map included
    """

    low: np.ndarray
    high: np.ndarray
    upper: np.ndarray
    inside: np.ndarray
    count: np.ndarray


def roi_points(
    rois: np.ndarray, size: tuple[int, int], output_size: tuple[int, int], spatial_scale: float, rule: RoIRule
) -> tuple[AxisPoints, AxisPoints]:
    """The points of every roi (K, 5) on the y axis and on the x axis of a map of that size (H, W)."""
    y_edges, x_edges = rois[:, [2, 4]], rois[:, [1, 3]]
    return (
        axis_points(y_edges, spatial_scale, output_size[0], size[0], rule),
        axis_points(x_edges, spatial_scale, output_size[1], size[1], rule),
    )


def axis_points(edges: np.ndarray, spatial_scale: float, bins: int, side: int, rule: RoIRule) -> AxisPoints:
    """The points of every bin on one axis.

    Parameters
    ----------
    edges : (K, 2) float array, the boxes' two coordinates on the axis in pixels, in the features' precision
    spatial_scale : float, cells per pixel
    bins : int, P
    side : int, cells of the map on this axis
    rule : RoIRule
    """
    first, last, length = axis_bins(edges, spatial_scale, bins, rule)
    if rule.sampling_ratio is None:  # cell i is the point at i, and cells off the map do not count
        first = np.clip(np.ceil(first), 0, side)
        count = np.maximum(np.clip(np.ceil(last), 0, side) - first, 0).astype(np.intp)
    elif rule.sampling_ratio > 0:
        count = np.full(first.shape, rule.sampling_ratio)
    else:
        count = np.maximum(np.ceil(length), 0).astype(np.intp)

    i = np.arange(count.max(initial=0))
    position = first[..., None] + i.astype(first.dtype)  # (K, P, n)
    if rule.sampling_ratio is not None:
        n = np.maximum(count, 1).astype(first.dtype)[..., None]
        position = first[..., None] + (i.astype(first.dtype) + first.dtype.type(0.5)) * length[..., None] / n
    inside = (i < count[..., None]) & (position >= -1) & (position <= side)
    position = np.clip(np.where(inside, position, 0), 0, side - 1)
    low = position.astype(np.intp)
    return AxisPoints(low, np.minimum(low + 1, side - 1), position - low.astype(first.dtype), inside, count)


def axis_bins(
    edges: np.ndarray, spatial_scale: float, bins: int, rule: RoIRule
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First edge, last edge and length (K, P) of every bin on one axis, in cells."""
    dtype = edges.dtype.type
    start, end = (edges * dtype(spatial_scale) - dtype(0.5 if rule.aligned else 0)).T  # (K,) each
    if rule.quantise_box:
        start, end = round_half_away(start), round_half_away(end)
    size = end - start + rule.include_end
    if not rule.aligned:
        size = np.maximum(size, 1)
    step, start = (size / dtype(bins))[:, None], start[:, None]  # (K, 1)
    p = np.arange(bins, dtype=dtype)
    if not rule.quantise_bins:
        return start + p * step, start + (p + 1) * step, np.broadcast_to(step, (len(edges), bins))
    whole = np.floor(start)
    first = whole + np.floor((start - whole) + p * step)
    last = whole + np.ceil((start - whole) + (p + 1) * step)
    return first, last, last - first


def round_half_away(value: np.ndarray) -> np.ndarray:
    """Nearest whole number, halves away from zero, as C's ``round``; exact, since ``value - trunc`` is."""
    whole = np.trunc(value)
    return whole + np.copysign(np.abs(value - whole) >= 0.5, value)


def merged_weights(points: AxisPoints) -> tuple[np.ndarray, np.ndarray]:
    """The mean over a bin's points as weights of the consecutive cells they touch.

    Neighbouring points often share a cell: two points half a cell apart touch two or three cells, not four.

    Returns
    -------
    first : (K, P) intp, the first cell of each bin
    weight : (K, P, T) float, of the cells first, first + 1, ...
    """
    far = np.iinfo(np.intp).max
    first = np.where(points.inside, points.low, far).min(axis=-1, initial=far)  # (K, P)
    first[first == far] = 0  # a bin that reads nothing
    last = np.where(points.inside, points.high, 0).max(axis=-1, initial=0)
    T = int((last - first).max(initial=0)) + 1

    share = points.inside / np.maximum(points.count, 1)[..., None]  # (K, P, n)
    row = np.arange(first.size).reshape(first.shape)[..., None] * T - first[..., None]
    slots = np.stack([row + points.low, row + points.high])[:, points.inside]
    shares = np.stack([share * (1 - points.upper), share * points.upper])[:, points.inside]
    weight = np.bincount(slots.ravel(), shares.ravel(), minlength=first.size * T)
    return first, weight.reshape(*first.shape, T).astype(points.upper.dtype)
