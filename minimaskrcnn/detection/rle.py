"""COCO's ways of writing a mask down: run lengths, their compressed string, and polygons.

A mask is read column by column; ``counts`` are the lengths of its runs, zeros first. The compressed string
stores each count from the fourth on as the difference from the count two before (a run is about as long as in
the column to its left), with five bits per character. Results equal those of pycocotools, bit for bit.
Polygons have a file of their own, and are drawn from here too.
"""

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from minimaskrcnn.checks import describe
from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.checks import as_bool
from minimaskrcnn.detection.polygons import polygons_to_mask
from minimaskrcnn.errors import InputError

__all__ = [
    "area",
    "decode",
    "decode_crop",
    "encode",
    "encode_all",
    "mask_to_counts",
    "pixels_of_strings",
    "polygons_to_mask",
    "run_lengths",
    "sides",
    "to_bbox",
]

MAX_PIXELS = 2**30  # of one mask; a gigabyte
_LONGEST = 12  # characters of one number in a compressed string: 60 bits
_AT_ONCE = 2**20  # characters of many strings that are decoded together


def encode(mask: np.ndarray) -> dict[str, Any]:
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
    mask = as_bool("rle.encode", mask, "mask")
    if mask.ndim != 2:
        raise InputError(f"rle.encode: mask must be (H, W); got {describe(mask)}.")
    height, width = mask.shape
    return {"size": [height, width], "counts": _to_string(mask_to_counts(mask))}


def encode_all(masks: np.ndarray | BoxMasks) -> list[dict[str, Any]]:
    """Compressed run lengths of every mask; each is read in its window only.

    Parameters
    ----------
    masks : (N, H, W) bool array, or `BoxMasks`

    Examples
    --------
    >>> encode_all(np.array([[[0, 1], [1, 1]]], bool))
    [{'size': [2, 2], 'counts': '13'}]
    """
    masks = BoxMasks.of(masks)
    height, width = masks.shape[1:]
    encoded = []
    for crop, (x1, y1, x2, y2) in zip(masks.crops, masks.windows.tolist(), strict=True):
        strip = np.zeros((height, x2 - x1), bool)  # the columns of the picture in which the mask has pixels
        strip[y1:y2] = crop
        counts = mask_to_counts(strip)
        counts[0] += height * x1  # the columns before the window are zeros
        behind = height * (width - x2)  # and so are those behind it
        if len(counts) % 2:  # the last run is of zeros
            counts[-1] += behind
        elif behind:
            counts.append(behind)
        encoded.append({"size": [height, width], "counts": _to_string(counts)})
    return encoded


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


def decode(rle: dict[str, Any]) -> np.ndarray:
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
        If the counts are not a run-length encoding of a mask of that size, or the mask has more than
        `MAX_PIXELS` pixels.

    Examples
    --------
    >>> decode({"size": [2, 2], "counts": [1, 3]}).astype(int)
    array([[0, 1],
           [1, 1]])
    """
    runs = run_lengths(rle)
    height, width = sides(rle["size"])
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs.astype(np.intp))
    return flat.reshape(width, height).T  # columns -> (H, W)


def decode_crop(rle: dict[str, Any]) -> tuple[np.ndarray, tuple[int, int]]:
    """The mask cut to the smallest window (h, w) that holds it, and the window's corner x, y in the picture.

    Only the columns of the window are ever held in memory. Errors are those of `decode`.

    Examples
    --------
    >>> decode_crop({"size": [3, 3], "counts": [4, 2, 3]})
    (array([[ True],
           [ True]]), (1, 1))
    """
    runs = run_lengths(rle)
    height, _ = sides(rle["size"])
    ends = np.cumsum(runs)
    ones = 2 * np.flatnonzero(runs[1::2]) + 1  # (runs of ones,) their places among all runs
    if not len(ones):
        return np.zeros((0, 0), bool), (0, 0)
    x1, x2 = int(ends[ones[0] - 1]) // height, (int(ends[ones[-1]]) - 1) // height + 1
    edges = np.concatenate([[x1 * height], np.clip(ends, x1 * height, x2 * height)])
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, np.diff(edges).astype(np.intp))
    strip = flat.reshape(x2 - x1, height).T  # columns -> (H, w)
    rows = np.flatnonzero(strip.any(axis=1))
    y1, y2 = int(rows[0]), int(rows[-1]) + 1
    return strip[y1:y2].copy(), (x1, y1)


def area(rle: dict[str, Any]) -> int:
    """Number of pixels in the mask.

    Examples
    --------
    >>> area({"size": [2, 2], "counts": [1, 3]})
    3
    """
    return int(run_lengths(rle)[1::2].sum())


def to_bbox(rle: dict[str, Any]) -> list[float]:
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


def run_lengths(rle: dict[str, Any]) -> np.ndarray:
    """Run lengths (R,) int64 of any form of encoding, checked against its size.

    No count may exceed the number of pixels. This is asked before the counts are added up, because a sum
    that wraps round in 64 bits may be right by accident.

    Raises
    ------
    InputError
        As `decode` does.

    Examples
    --------
    >>> run_lengths({"size": [2, 2], "counts": "13"})
    array([1, 3])
    """
    if not isinstance(rle, dict) or "size" not in rle or "counts" not in rle:
        raise InputError("rle: expected {'size': [height, width], 'counts': ...}.")
    height, width = sides(rle["size"])
    pixels, counts = height * width, rle["counts"]
    if isinstance(counts, bytes):
        counts = counts.decode("latin-1")
    runs = _from_string(counts, pixels) if isinstance(counts, str) else _from_list(counts)
    bounded = not runs.size or (int(runs.min()) >= 0 and int(runs.max()) <= pixels)
    total = int(runs.sum()) if bounded else sum(runs.tolist())
    if total != pixels or not bounded:
        raise InputError(
            f"rle: counts add up to {total} but size [{height}, {width}] has {pixels} pixels, or a count is "
            "negative; the counts are damaged, or size is not [height, width]."
        )
    return runs.astype(np.int64, copy=False)


def sides(size: Any) -> tuple[int, int]:
    """Height and width, once they are known to be whole numbers of a bearable product."""
    try:
        height, width = (operator.index(int(side) if side == int(side) else side) for side in size)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"rle: size is {size!r:.60}; expected two whole numbers [height, width].") from None
    if height < 0 or width < 0 or height * width > MAX_PIXELS:
        raise InputError(
            f"rle: size is {size!r:.60}; expected sides from 0 on and at most {MAX_PIXELS:,} pixels."
        )
    return height, width


def _from_list(counts: Any) -> np.ndarray:
    """Run lengths of the uncompressed form, (R,) of whole numbers."""
    try:
        runs = np.asarray(counts)
    except (ValueError, OverflowError, TypeError):
        runs = np.array(None)
    if runs.ndim != 1 or (runs.size and runs.dtype.kind not in "iu"):
        raise InputError(
            f"rle: counts is {counts!r:.60}; expected a list of whole numbers, or a compressed string."
        )
    return runs


def _to_string(counts: Sequence[int]) -> str:
    """Write five bits per character, low bits first; bit 5 says that more follow; the sign is extended."""
    characters = []
    for i, count in enumerate(counts):
        value = count - counts[i - 2] if i > 2 else count
        more = True
        while more:
            bits, value = value & 0x1F, value >> 5
            more = value != (-1 if bits & 0x10 else 0)
            characters.append(chr(48 + bits + 0x20 * more))
    return "".join(characters)


def _from_string(string: str, pixels: int) -> np.ndarray:
    """Run lengths (R,) int64 of a compressed string, of which no number may exceed `pixels`."""
    codes = np.frombuffer(string.encode("utf-32-le", "surrogatepass"), np.uint32)  # (characters,)
    bits = codes.astype(np.int64) - 48
    strange = np.flatnonzero((bits < 0) | (bits >= 64))
    if len(strange):
        raise InputError(
            f"rle: counts holds {string[strange[0]]!r}, which no compressed RLE string does; it is damaged."
        )
    if not len(bits):
        return bits
    if bits[-1] & 0x20:
        raise InputError("rle: counts ends in the middle of a number; the string is cut short.")
    first, length = _numbers(bits)
    if length.max() > _LONGEST:
        raise InputError(f"rle: counts holds a number of {length.max()} characters; the string is damaged.")
    values = _values(bits, first, length)
    if np.abs(values).max() > pixels:
        raise InputError(f"rle: counts holds a number beyond {pixels}, the pixels of the mask.")
    values[1::2] = np.cumsum(values[1::2])  # from the fourth on a number is the change from the second
    values[2::2] = np.cumsum(values[2::2])  # before it
    return values


def _numbers(bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each number begins among the characters, and how many it has: (R,) each."""
    last = np.flatnonzero((bits & 0x20) == 0)
    first = np.concatenate([[0], last[:-1] + 1])
    return first, last - first + 1


def _values(bits: np.ndarray, first: np.ndarray, length: np.ndarray) -> np.ndarray:
    """The signed numbers (R,) int64 that the characters write down."""
    shift = 5 * (np.arange(len(bits)) - np.repeat(first, length)) % 64  # longer numbers are refused anyway
    values = np.add.reduceat((bits & 0x1F) << shift, first)
    negative = (bits[first + length - 1] & 0x10) != 0
    return values - np.where(
        negative, np.int64(1) << (5 * length % 64), 0
    )  # the sign bit weighs - instead of +


def pixels_of_strings(strings: Sequence[str], pixels: Sequence[int]) -> np.ndarray:
    """Count the mask pixels of many compressed strings at once; -1 for a string that is damaged.

    This decodes a million characters in one go, because a file may hold a hundred thousand short strings.
    `run_lengths` says what is wrong with one.

    Parameters
    ----------
    strings : (S,) texts
    pixels : (S,) height times width of each mask

    Returns
    -------
    area : (S,) int64

    Examples
    --------
    >>> pixels_of_strings(["13", "1", "?"], [4, 4, 4])
    array([ 3, -1, -1])
    """
    sizes, areas = np.asarray(pixels, np.int64), np.full(len(strings), -1)
    plain = np.array([bool(s) and s.isascii() for s in strings], bool)
    characters = np.array([len(s) for s in strings], np.int64)
    chosen = np.flatnonzero(plain)
    portion = np.cumsum(characters[chosen]) // _AT_ONCE
    for part in np.split(chosen, np.flatnonzero(np.diff(portion)) + 1):
        if len(part):
            areas[part] = _areas([strings[i] for i in part], characters[part], sizes[part])
    return areas


def _areas(strings: list[str], characters: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """`pixels_of_strings` for texts of plain characters, none of them empty."""
    bits = np.frombuffer("".join(strings).encode("ascii"), np.uint8).astype(np.int64) - 48
    begin = np.cumsum(characters) - characters  # (S,) of each string among the characters
    sound = ~np.logical_or.reduceat((bits < 0) | (bits >= 64), begin)
    sound &= (bits[begin + characters - 1] & 0x20) == 0
    keep = np.repeat(sound, characters)
    if not keep.any():
        return np.full(len(strings), -1)
    bits, begin = bits[keep], np.cumsum(characters[sound]) - characters[sound]
    first, length = _numbers(bits)
    start = np.searchsorted(first, begin)  # (S',) of each sound string among the numbers
    of = np.repeat(np.arange(len(start)), np.diff(np.append(start, len(first))))  # (R,) whose number it is
    size, values = pixels[sound], _values(bits, first, length)
    bounded = (length <= _LONGEST) & (np.abs(values) <= size[of])
    values = np.where(bounded, values, 0)
    place = np.arange(len(values)) - start[of]
    runs = np.where(place == 0, values, 0)
    for parity, least in ((1, 1), (0, 2)):  # changes add up along every second number of a string
        member = (place % 2 == parity) & (place >= least)
        total = np.cumsum(np.where(member, values, 0))
        runs += np.where(member, total - total[start][of], 0)
    whole = np.logical_and.reduceat(bounded & (runs >= 0) & (runs <= size[of]), start)
    whole &= np.add.reduceat(runs, start) == size
    areas = np.full(len(strings), -1)
    areas[sound] = np.where(whole, np.add.reduceat(np.where(place % 2 == 1, runs, 0), start), -1)
    return areas
