"""Non-maximum suppression in loops: the best box left keeps its place and removes those that overlap it too much."""

import numpy as np


def overlap(a: np.ndarray, b: np.ndarray):
    """Intersection over union of two boxes, in their own precision; 0/0 is NaN."""
    width = max(min(a[2], b[2]) - max(a[0], b[0]), a.dtype.type(0))
    height = max(min(a[3], b[3]) - max(a[1], b[1]), a.dtype.type(0))
    intersection = width * height
    area_a = (a[2] - a[0]) * (a[3] - a[1])
    area_b = (b[2] - b[0]) * (b[3] - b[1])
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return intersection / (area_a + area_b - intersection)


def nms(boxes: np.ndarray, scores: np.ndarray, iou_threshold: float) -> np.ndarray:
    """Indices of the boxes that survive, best score first; of equal scores the first index goes first.

    A box goes when its IoU with a kept one exceeds the threshold; a NaN (two empty boxes) never does.

    Parameters
    ----------
    boxes : (N, 4) float array, x1 y1 x2 y2
    scores : (N,) float array
    iou_threshold : float

    Returns
    -------
    keep : (M,) int64
    """
    alive = [int(i) for i in np.argsort(-scores, kind="stable")]
    keep = []
    while alive:
        best = alive.pop(0)
        keep.append(best)
        alive = [i for i in alive if not float(overlap(boxes[best], boxes[i])) > iou_threshold]
    return np.array(keep, np.int64)
