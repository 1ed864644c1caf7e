"""Non-maximum suppression in blocks: the next 128 boxes settle matters among themselves, then clear the rest.

Within a block, the boxes that one box suppresses are the bits of one integer. Those that a block keeps meet
all that are left in tables of overlaps, a tile at a time so that a table stays in the cache: the same (boxes
kept) x (boxes left) comparisons as in the loops, at the speed of array operations.

This is the edition for speed; `kernels.plain.suppression` computes the same and is the one to learn from.
"""

import numpy as np

from minimaskrcnn.kernels.fast.engine import tuning
from minimaskrcnn.kernels.fast.engine.memory import Workspace

__all__ = ["nms"]


def nms(boxes: np.ndarray, scores: np.ndarray, iou_threshold: float) -> np.ndarray:
    """Indices of the boxes that survive, best score first; see the reference edition for the rules."""
    limit = largest_not_above(iou_threshold, boxes.dtype)
    left = by_falling_score(scores)
    sides = boxes[left].T  # x1, y1, x2, y2: (4, N)
    sides = np.vstack([sides, (sides[2] - sides[0]) * (sides[3] - sides[1])])  # and the area: (5, N)
    keep = [left[:0]]
    while len(left):
        block = sides[:, : tuning.NMS_BLOCK]
        kept = survivors(exceeds(block, block, limit))
        keep.append(left[kept])
        sides, left, block = sides[:, tuning.NMS_BLOCK :], left[tuning.NMS_BLOCK :], block[:, kept]
        tiles = [
            exceeds(block, sides[:, i : i + tuning.NMS_TILE], limit).any(axis=0)
            for i in range(0, len(left), tuning.NMS_TILE)
        ]
        stays = ~np.concatenate([left[:0].astype(bool), *tiles])
        sides, left = sides[:, stays], left[stays]
    return np.concatenate(keep).astype(np.int64, copy=False)


def by_falling_score(scores: np.ndarray) -> np.ndarray:
    """Indices by falling score, equal ones in their own order; sorted from the back: NaN comes first."""
    return len(scores) - 1 - np.argsort(scores[::-1], kind="stable")[::-1]


def largest_not_above(threshold: float, dtype: np.dtype) -> np.floating:
    """What stands for a double among IoUs of less precision: iou > threshold just when iou > this."""
    limit = dtype.type(threshold)
    return np.nextafter(limit, dtype.type(-np.inf)) if float(limit) > threshold else limit


def exceeds(a: np.ndarray, b: np.ndarray, limit: np.floating) -> np.ndarray:
    """Whether the IoU of each pair exceeds the limit, (M, N) bool; 0/0 does not.

    Parameters
    ----------
    a, b : (5, M), (5, N) float arrays, rows x1 y1 x2 y2 area; the IoU is worked out in their precision
    """
    x1, y1, x2, y2, area = a[:, :, None]  # (M, 1) each
    with Workspace() as w:
        intersection, height, other = w.array("overlaps", (3, a.shape[1], b.shape[1]), a.dtype)
        np.minimum(x2, b[2], out=intersection)
        intersection -= np.maximum(x1, b[0], out=other)
        np.maximum(intersection, 0, out=intersection)  # so far the width
        np.minimum(y2, b[3], out=height)
        height -= np.maximum(y1, b[1], out=other)
        intersection *= np.maximum(height, 0, out=height)
        union = np.add(area, b[4], out=other)
        union -= intersection
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.divide(intersection, union, out=intersection) > limit


def survivors(suppresses: np.ndarray) -> list[int]:
    """Rows of a square table that no surviving row before them suppresses."""
    victims = [int.from_bytes(row.tobytes(), "little") for row in np.packbits(suppresses, 1, "little")]
    kept, gone = [], 0
    for i, bits in enumerate(victims):
        if not gone >> i & 1:
            kept.append(i)
            gone |= bits
    return kept
