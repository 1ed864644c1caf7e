"""COCO's third way of writing a mask down: polygons, drawn exactly as pycocotools draws them.

The outline is walked on a grid five times finer than the pixels. Read column by column, each place where it
crosses the middle of a column turns what follows inside out. Only these crossings are computed.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from minimaskrcnn.checks import check_pair_of_sides, describe
from minimaskrcnn.errors import InputError

UPSAMPLING = 5  # polygons are drawn on a grid this much finer than the pixels
FARTHEST = 2.0**31  # pixels from the origin, for a corner of a polygon
_AT_ONCE = 2**20  # corners, and crossings, that are held in memory together


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
    for crop, (x, y) in polygon_crops(polygons, height, width):
        mask[y : y + crop.shape[0], x : x + crop.shape[1]] |= crop
    return mask


def polygon_crops(
    polygons: Sequence[Sequence[float]], height: int, width: int
) -> list[tuple[np.ndarray, tuple[int, int]]]:
    """Each polygon drawn in a window of its own: what it costs depends on its extent, not on the picture's.

    Returns
    -------
    list of (crop, (x, y)), one per polygon
        The pixels (h, w) bool, and where the first of them lies in the picture.

    Raises
    ------
    InputError
        As `polygons_to_mask` does.

    Examples
    --------
    >>> [(crop, corner)] = polygon_crops([[1, 1, 3, 1, 3, 3, 1, 3]], 4, 4)
    >>> crop.all(), crop.shape, corner
    (np.True_, (2, 2), (1, 1))
    """
    outlines = [_corners(polygon) for polygon in polygons]
    portion = np.cumsum([len(corners) for corners in outlines]) // _AT_ONCE
    drawn: list[tuple[np.ndarray, tuple[int, int]]] = []
    for first, last in pairwise([0, *(np.flatnonzero(np.diff(portion)) + 1), len(outlines)]):
        drawn += _fill(outlines[first:last], height, width)
    return drawn


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


def _fill(outlines: list[np.ndarray], height: int, width: int) -> list[tuple[np.ndarray, tuple[int, int]]]:
    """Even-odd filling of many polygons at once: each crossing turns what follows inside out.

    The windows lie one after the other in one row of pixels, each column by column. A closed outline crosses
    a column an even number of times, so nothing of a polygon reaches the next one.
    """
    if not outlines:
        return []
    corners = np.array([len(outline) for outline in outlines])
    begin = np.cumsum(corners) - corners  # (polygons,) the first corner of each
    start = np.trunc(UPSAMPLING * np.concatenate(outlines) + 0.5).astype(np.int64)  # (P, 2)
    following = np.arange(1, len(start) + 1)
    following[begin + corners - 1] = begin  # closed by itself
    low, high = np.minimum.reduceat(start, begin), np.maximum.reduceat(start, begin)  # (polygons, u v)
    x1, x2 = _first_column(low[:, 0], width), _first_column(high[:, 0], width)
    y1, y2 = _row(low[:, 1] - 1, height), _row(high[:, 1] + 1, height)  # a walk rounds by up to one step
    tall = y2 - y1
    pixels = np.cumsum(tall * (x2 - x1))
    offset = pixels - tall * (x2 - x1)
    flat = np.zeros(pixels[-1], bool)
    of_edge = np.repeat(np.arange(len(outlines)), corners)
    for edge, x, v in _crossings(start, start[following], width):
        of = of_edge[edge]
        place = offset[of] + (x - x1[of]) * tall[of] + _row(v, height) - y1[of]
        ends = np.concatenate([[0], np.sort(place), pixels[-1:]])
        flat ^= np.repeat(np.arange(len(ends) - 1) % 2 == 1, np.diff(ends).astype(np.intp))
    crops = np.split(flat, pixels[:-1])
    shapes = zip(crops, (x2 - x1).tolist(), tall.tolist(), strict=True)
    corner = zip(x1.tolist(), y1.tolist(), strict=True)
    return list(zip((crop.reshape(w, h).T for crop, w, h in shapes), corner, strict=True))


def _row(v: np.ndarray, height: int) -> np.ndarray:
    """The first row of pixels whose middle lies at v of the fine grid or below."""
    return np.ceil(np.clip((v + 0.5) / UPSAMPLING - 0.5, 0, height)).astype(np.int64)


def _first_column(u: np.ndarray, width: int) -> np.ndarray:
    """The first column of pixels whose middle lies at u of the fine grid or to its right."""
    return np.clip(-(-(u - UPSAMPLING // 2) // UPSAMPLING), 0, width)


def _crossings(
    start: np.ndarray, end: np.ndarray, width: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Where edges cross the middle of a column of pixels: which edge, the column, and v on the fine grid.

    An edge is walked one step of the fine grid at a time along its longer side; the other coordinate is
    rounded. It crosses the middle of column x where u goes from ``5 x + 2`` to ``5 x + 3``; v is the smaller
    one of the two points. Only these steps are computed, so that an edge costs what it crosses of the
    picture, however far it goes.
    """
    span = np.abs(end - start)
    steep = span[:, 0] < span[:, 1]  # edges that are walked along v
    along = steep.astype(np.int64)
    edge = np.arange(len(start))
    flipped = start[edge, along] > end[edge, along]  # walked from the smaller coordinate
    low, high = (np.where(flipped[:, None], a, b) for a, b in ((end, start), (start, end)))
    slope = (high - low)[edge, 1 - along] / np.maximum(span.max(axis=1), 1)

    first = _first_column(np.minimum(start[:, 0], end[:, 0]), width)  # the first column crossed by each edge
    last = _first_column(np.maximum(start[:, 0], end[:, 0]), width)
    count = (last - first).astype(np.intp)
    for chosen in _portions(count):
        of = np.repeat(chosen, count[chosen])  # (crossings,) the edge each belongs to
        x = (
            np.arange(len(of))
            - np.repeat(np.cumsum(count[chosen]) - count[chosen], count[chosen])
            + first[of]
        )
        u = UPSAMPLING * x + UPSAMPLING // 2
        v = np.where(steep[of], _v_of_steep(u, low[of], slope[of]), _v_of_flat(u, low[of], slope[of]))
        yield of, x, v


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
