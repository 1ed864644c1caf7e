"""Non-maximum suppression with a matrix of IoUs: whom each box would suppress, then one walk down the rows.

IoU(a, b) = intersection / (area(a) + area(b) - intersection)
"""

import numpy as np

__all__ = ["nms"]

ROWS = 256  # of the matrix that are worked out at a time: only their answers, yes or no, are kept


def nms(boxes: np.ndarray, scores: np.ndarray, iou_threshold: float) -> np.ndarray:
    """Indices of the boxes that survive: the best one left stays, and removes those it overlaps too much."""
    order = np.lexsort(
        (-scores, ~np.isnan(scores))
    )  # NaN first, then by falling score; ties keep their order
    boxes, limit = boxes[order], np.float64(iou_threshold)
    blocks = [boxes[i : i + ROWS] for i in range(0, len(boxes), ROWS)]
    suppresses = [row for block in blocks for row in _iou(block, boxes) > limit]  # N rows of (N,)
    alive = np.ones(len(boxes), bool)
    for i, row in enumerate(suppresses):
        if alive[i]:
            alive[i + 1 :] &= ~row[i + 1 :]
    return order[alive].astype(np.int64)


def _iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """IoU (M, N) of all pairs of boxes (M, 4) and (N, 4), in their precision; 0/0 is NaN."""
    ax1, ay1, ax2, ay2 = a.T[:, :, None]  # (M, 1) each, beside (N,)
    bx1, by1, bx2, by2 = b.T
    width = np.maximum(np.minimum(ax2, bx2) - np.maximum(ax1, bx1), 0)
    height = np.maximum(np.minimum(ay2, by2) - np.maximum(ay1, by1), 0)
    intersection = width * height
    union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - intersection
    with np.errstate(divide="ignore", invalid="ignore"):
        return intersection / union
