"""Non-maximum suppression in loops: the best box left stays, and removes those that overlap it too much."""

import math
from collections.abc import Sequence

import numpy as np

__all__ = ["nms"]


def nms(boxes: np.ndarray, scores: np.ndarray, iou_threshold: float) -> np.ndarray:
    """Indices of the boxes that survive, best score first; of equal scores the first index goes first.

    A box goes when its IoU with a kept one exceeds the threshold; a NaN (two empty boxes) never does.
    """
    corners = [tuple(box) for box in boxes]  # NumPy's own numbers: they stay in the boxes' precision
    alive = sorted(range(len(boxes)), key=lambda i: (not math.isnan(scores[i]), -scores[i]))
    keep = []
    with np.errstate(divide="ignore", invalid="ignore"):
        while alive:
            best = alive.pop(0)
            keep.append(best)
            alive = [i for i in alive if not float(iou(corners[best], corners[i])) > iou_threshold]
    return np.array(keep, np.int64)


def iou(a: Sequence[np.floating], b: Sequence[np.floating]) -> np.floating:
    """Intersection over union of two boxes, in their own precision; 0/0 is NaN."""
    ax1, ay1, ax2, ay2 = a
    bx1, by1, bx2, by2 = b
    width, height = min(ax2, bx2) - max(ax1, bx1), min(ay2, by2) - max(ay1, by1)
    intersection = max(width, 0 * width) * max(height, 0 * height)
    return intersection / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - intersection)
