"""Two lists of detections of one picture, compared without regard to order.

On most weights some decision of top-k, NMS or a threshold hangs on the last digits, and two correct programs
answer lists that differ in a few places. So each recorded detection is looked for: same label, nearest box.
"""

from __future__ import annotations

import numpy as np

from minimaskrcnn.detection.boxes import box_iou


def unmatched(got: dict[str, np.ndarray], want: dict[str, np.ndarray], iou: float = 0.95) -> np.ndarray:
    """Indices of recorded detections for which there is no detection of that label with at least this IoU.

    Both dicts hold "boxes" (D, 4), "labels" (D,) and "scores" (D,).
    """
    overlap = box_iou(want["boxes"], got["boxes"])  # (recorded, ours)
    same = (want["labels"][:, None] == got["labels"]) & (abs(want["scores"][:, None] - got["scores"]) < 0.01)
    return np.flatnonzero(np.where(same, overlap, 0).max(axis=1, initial=0) < iou)
