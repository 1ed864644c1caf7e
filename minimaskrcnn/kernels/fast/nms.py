"""Non-maximum suppression, one kept box against all that are left at a time."""

import numpy as np


def nms(boxes: np.ndarray, scores: np.ndarray, iou_threshold: float) -> np.ndarray:
    """Indices of the boxes that survive, best score first; see the reference edition for the rules."""
    order = np.argsort(-scores, kind="stable")
    x1, y1, x2, y2 = boxes[order].T
    area = (x2 - x1) * (y2 - y1)
    alive = np.arange(len(order))
    keep = []
    while len(alive):
        best, alive = alive[0], alive[1:]
        keep.append(order[best])
        width = np.maximum(np.minimum(x2[best], x2[alive]) - np.maximum(x1[best], x1[alive]), 0)
        height = np.maximum(np.minimum(y2[best], y2[alive]) - np.maximum(y1[best], y1[alive]), 0)
        intersection = width * height
        with np.errstate(invalid="ignore", divide="ignore"):
            iou = intersection / (area[best] + area[alive] - intersection)
        alive = alive[~(iou.astype(np.float64) > iou_threshold)]
    return np.array(keep, np.int64)
