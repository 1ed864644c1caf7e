"""COCO's third way of writing a mask down: polygons, drawn exactly as pycocotools draws them.

The outline is walked on a grid five times finer than the pixels. Read column by column, each place where it
crosses the middle of a column turns what follows inside out. Only these crossings are computed.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from minimaskrcnn.checks import check_pair_of_sides, describe
from minimaskrcnn.errors import InputError

UPSAMPLING = 5  # polygons are drawn on a grid this much finer than the pixels
FARTHEST = 2.0**31  # pixels from the origin, for a corner of a polygon
_AT_ONCE = 2**20  # crossings that are held in memory together


def polygons_to_mask(polygons: Sequence[Sequence[float]], height: int, width: int) -> np.ndarray:
    """The pixels inside any of the polygons.

    Parameters
    ----------
    polygons : each [x0, y0, x1, y1, ...], pixels, closed by itself
    height, width : int

    Returns
    -------
    mask : (height, width) bool

    Raises
    ------
    InputError
        If a polygon has fewer than three corners, or half a corner, or a corner that is not finite or
        farther than `FARTHEST` from the origin.

    Examples
    --------
    >>> polygons_to_mask([[1, 1, 3, 1, 3, 3, 1, 3]], 4, 4).astype(int)
    array([[0, 0, 0, 0],
           [0, 1, 1, 0],
           [0, 1, 1, 0],
           [0, 0, 0, 0]])
    """
    height, width = check_pair_of_sides("polygons_to_mask", (height, width), "the size (height, width)", 0)
    if isinstance(polygons, np.ndarray):
        polygons = polygons.tolist()
    if not isinstance(polygons, tuple | list):
        raise InputError(f"polygons_to_mask: polygons must be a list of them; got {describe(polygons)}.")
    mask = np.zeros((height, width), bool)
    for polygon in polygons:
        mask |= _fill(_corners(polygon), height, width)
    return mask


def _corners(polygon: Sequence[float]) -> np.ndarray:
    """The corners (P, 2) of [x0, y0, x1, y1, ...] as float64."""
    try:
        numbers = np.asarray(polygon, np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"polygons_to_mask: a polygon is a list of numbers; got {polygon!r:.60}.") from None
    if numbers.ndim != 1 or len(numbers) < 6 or len(numbers) % 2:
        raise InputError(
            f"polygons_to_mask: a polygon is [x0, y0, x1, y1, x2, y2, ...], three corners or more; got "
            f"{numbers.size} numbers."
        )
    if not (np.abs(numbers) <= FARTHEST).all():  # NaN is not either
        raise InputError(
            f"polygons_to_mask: a corner of a polygon must lie within {FARTHEST:.0f} pixels of the origin; "
            f"got {polygon!r:.60}."
        )
    return numbers.reshape(-1, 2)


def _fill(corners: np.ndarray, height: int, width: int) -> np.ndarray:
    """Even-odd filling: read column by column, each crossing turns what follows inside out."""
    flat = np.zeros(height * width, bool)
    for x, v in _crossings(corners, width):
        y = np.ceil(np.clip((v + 0.5) / UPSAMPLING - 0.5, 0, height)).astype(np.int64)
        ends = np.concatenate([[0], np.sort(x * height + y), [height * width]])
        flat ^= np.repeat(np.arange(len(ends) - 1) % 2 == 1, np.diff(ends).astype(np.intp))
    return flat.reshape(width, height).T


def _crossings(corners: np.ndarray, width: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Where the outline crosses the middle of a column of pixels: the column, and v on the fine grid.

    An edge is walked one step of the fine grid at a time along its longer side; the other coordinate is
    rounded. It crosses the middle of column x where u goes from ``5 x + 2`` to ``5 x + 3``; v is the smaller
    one of the two points. Only these steps are computed, so that an edge costs what it crosses of the
    picture, however far it goes.
    """
    start = np.trunc(UPSAMPLING * corners + 0.5).astype(np.int64)  # (P, 2)
    end = np.roll(start, -1, axis=0)
    span = np.abs(end - start)
    steep = span[:, 0] < span[:, 1]  # edges that are walked along v
    along = steep.astype(np.int64)
    edge = np.arange(len(start))
    flipped = start[edge, along] > end[edge, along]  # walked from the smaller coordinate
    low, high = (np.where(flipped[:, None], a, b) for a, b in ((end, start), (start, end)))
    slope = (high - low)[edge, 1 - along] / np.maximum(span.max(axis=1), 1)

    middle = UPSAMPLING // 2
    left, right = np.minimum(start[:, 0], end[:, 0]), np.maximum(start[:, 0], end[:, 0])
    first = np.clip(-(-(left - middle) // UPSAMPLING), 0, width)  # the first column crossed by each edge
    count = (np.clip(-(-(right - middle) // UPSAMPLING), first, width) - first).astype(np.intp)
    for chosen in _portions(count):
        of = np.repeat(chosen, count[chosen])  # (crossings,) the edge each belongs to
        x = (
            np.arange(len(of))
            - np.repeat(np.cumsum(count[chosen]) - count[chosen], count[chosen])
            + first[of]
        )
        u = UPSAMPLING * x + middle
        yield x, np.where(steep[of], _v_of_steep(u, low[of], slope[of]), _v_of_flat(u, low[of], slope[of]))


def _portions(count: np.ndarray) -> Iterator[np.ndarray]:
    """Deal the edges that cross anything into portions of about `_AT_ONCE` crossings."""
    crossing = np.flatnonzero(count)
    portion = np.cumsum(count[crossing]) // _AT_ONCE
    yield from np.split(crossing, np.flatnonzero(np.diff(portion)) + 1)


def _v_of_flat(u: np.ndarray, low: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """The smaller v of the points at u and u + 1 of an edge that is walked along u."""
    t = u - low[:, 0]
    here, there = (np.trunc(low[:, 1] + slope * s + 0.5) for s in (t, t + 1))
    return np.minimum(here, there)


def _v_of_steep(u: np.ndarray, low: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """The v of the last point, on an edge that is walked along v, before it passes between u and u + 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        near = np.nan_to_num(np.floor((u + 0.5 - low[:, 0]) / slope), posinf=0, neginf=0)
    # The quotient may be off by one step; the walk itself decides.
    for t in (near - 1, near, near + 1):
        before = np.trunc(low[:, 0] + slope * t + 0.5) <= u
        after = np.trunc(low[:, 0] + slope * (t + 1) + 0.5) <= u
        near = np.where(before != after, t, near)
    return low[:, 1] + near
