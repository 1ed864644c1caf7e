"""COCO's ways of writing a mask down: run lengths, their compressed string, and polygons.

A mask is read column by column; ``counts`` are the lengths of its runs, zeros first. The compressed string
stores each count from the fourth on as the difference from the count two before (a run is about as long as in
the column to its left), five bits a character. Results equal those of pycocotools, bit for bit.
"""

from collections.abc import Sequence

import numpy as np

from minimaskrcnn.errors import InputError

UPSAMPLING = 5  # polygons are drawn on a grid this much finer than the pixels


def encode(mask: np.ndarray) -> dict:
    """Compressed run lengths of a mask.

    Parameters
    ----------
    mask : (H, W) bool array

    Returns
    -------
    rle : {"size": [H, W], "counts": str}

    Examples
    --------
    >>> encode(np.array([[0, 1], [1, 1]], bool))
    {'size': [2, 2], 'counts': '13'}
    """
    height, width = mask.shape
    return {"size": [height, width], "counts": _to_string(mask_to_counts(mask))}


def mask_to_counts(mask: np.ndarray) -> list[int]:
    """Run lengths of a mask, column by column and zeros first: COCO's uncompressed form.

    Examples
    --------
    >>> mask_to_counts(np.array([[1, 0], [1, 1]], bool))
    [0, 2, 1, 1]
    """
    flat = np.asarray(mask, bool).ravel(order="F")
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    start = [0, 0] if flat[:1].any() else [0]
    return np.diff(np.concatenate([start, changes, [flat.size]])).astype(int).tolist()


def decode(rle: dict) -> np.ndarray:
    """The mask of a run-length encoding, compressed or not.

    Parameters
    ----------
    rle : {"size": [H, W], "counts": str, bytes, or list of int}

    Returns
    -------
    mask : (H, W) bool

    Raises
    ------
    InputError
        If the counts are not a run-length encoding of a mask of that size.

    Examples
    --------
    >>> decode({"size": [2, 2], "counts": [1, 3]}).astype(int)
    array([[0, 1],
           [1, 1]])
    """
    height, width = rle["size"]
    runs = _counts(rle)
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return flat.reshape(width, height).T  # columns -> (H, W)


def area(rle: dict) -> int:
    """Number of pixels in the mask.

    Examples
    --------
    >>> area({"size": [2, 2], "counts": [1, 3]})
    3
    """
    return int(_counts(rle)[1::2].sum())


def to_bbox(rle: dict) -> list[float]:
    """The smallest box around the mask in COCO's form [x, y, width, height]; zeros for an empty mask.

    Examples
    --------
    >>> to_bbox({"size": [3, 3], "counts": [4, 2, 3]})
    [1.0, 1.0, 1.0, 2.0]
    """
    mask = decode(rle)
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return [0.0, 0.0, 0.0, 0.0]
    x, y = columns[0], rows[0]
    return [float(x), float(y), float(columns[-1] - x + 1), float(rows[-1] - y + 1)]


def _counts(rle: dict) -> np.ndarray:
    """Run lengths (R,) int64 of any form of encoding, checked against its size."""
    counts = rle["counts"]
    if isinstance(counts, bytes):
        counts = counts.decode("ascii", "replace")
    runs = np.array(_from_string(counts) if isinstance(counts, str) else counts, np.int64)
    height, width = rle["size"]
    if (runs < 0).any() or runs.sum() != height * width:
        raise InputError(
            f"rle: counts add up to {runs.sum()} but size [{height}, {width}] has {height * width} pixels; "
            "the string is damaged, or size is not [height, width]"
        )
    return runs


def _to_string(counts: Sequence[int]) -> str:
    """Five bits a character, low bits first; bit 5 says that more follow, and the sign is extended."""
    characters = []
    for i, count in enumerate(counts):
        value = count - counts[i - 2] if i > 2 else count
        more = True
        while more:
            bits, value = value & 0x1F, value >> 5
            more = value != (-1 if bits & 0x10 else 0)
            characters.append(chr(48 + bits + 0x20 * more))
    return "".join(characters)


def _from_string(string: str) -> list[int]:
    counts: list[int] = []
    value = shift = 0
    for character in string:
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            raise InputError(
                f"rle: counts holds {character!r}, which no compressed RLE string does; is it damaged?"
            )
        value |= (bits & 0x1F) << shift
        shift += 5
        if not bits & 0x20:
            value -= (bits & 0x10) << (shift - 4)  # the sign bit weighs -2**(shift - 1) instead of +
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value = shift = 0
    return counts


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
        If a polygon has fewer than three corners, or half a corner.

    Examples
    --------
    >>> polygons_to_mask([[1, 1, 3, 1, 3, 3, 1, 3]], 4, 4).astype(int)
    array([[0, 0, 0, 0],
           [0, 1, 1, 0],
           [0, 1, 1, 0],
           [0, 0, 0, 0]])
    """
    mask = np.zeros((height, width), bool)
    for polygon in polygons:
        if len(polygon) < 6 or len(polygon) % 2:
            raise InputError(
                f"polygons_to_mask: a polygon is [x0, y0, x1, y1, x2, y2, ...], three corners or more; got "
                f"{len(polygon)} numbers"
            )
        mask |= _fill(np.asarray(polygon, np.float64).reshape(-1, 2), height, width)
    return mask


def _fill(corners: np.ndarray, height: int, width: int) -> np.ndarray:
    """Even-odd filling down each column: a pixel is inside when an odd number of crossings lie above it."""
    u, v = _outline(corners)
    step = np.flatnonzero(u[1:] != u[:-1])  # where the outline moves on to another fine column
    x = (np.minimum(u[step], u[step + 1]) + 0.5) / UPSAMPLING - 0.5
    y = (np.minimum(v[step], v[step + 1]) + 0.5) / UPSAMPLING - 0.5
    centre = (
        (x == np.floor(x)) & (x >= 0) & (x <= width - 1)
    )  # only fine columns in the middle of a pixel count
    y = np.ceil(np.clip(y[centre], 0, height)).astype(np.int64)
    crossing = x[centre].astype(np.int64) * height + y  # position in the mask read column by column
    toggles = np.bincount(crossing, minlength=height * width + 1)[: height * width]
    return (np.cumsum(toggles) % 2 == 1).reshape(width, height).T


def _outline(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every point (u, v) of the closed outline on the fine grid, edge after edge, one unit step at a time."""
    start = np.trunc(UPSAMPLING * corners + 0.5).astype(np.int64)  # (P, 2)
    end = np.roll(start, -1, axis=0)
    span = np.abs(end - start)
    steep = span[:, 0] < span[:, 1]  # edges that are walked along y
    length = span.max(axis=1)
    along, across = (np.where(steep, a, b) for a, b in ((1, 0), (0, 1)))
    edge = np.arange(len(start))
    flipped = (
        start[edge, along] > end[edge, along]
    )  # drawn from the smaller coordinate, whichever way it runs
    low, high = (np.where(flipped[:, None], a, b) for a, b in ((end, start), (start, end)))
    slope = (high - low)[edge, across] / np.maximum(length, 1)

    of = np.repeat(edge, length + 1)  # (points,) the edge each point belongs to
    t = np.arange(len(of)) - np.repeat(np.cumsum(length + 1) - length - 1, length + 1)
    t = np.where(flipped[of], length[of] - t, t)
    walked = low[of, along[of]] + t
    drifted = np.trunc(low[of, across[of]] + slope[of] * t + 0.5).astype(np.int64)
    return np.where(steep[of], drifted, walked), np.where(steep[of], walked, drifted)
