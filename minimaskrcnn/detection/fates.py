"""What became of a candidate box: one code for each way out, and who pushed it out.

A detector proposes thousands of boxes and shows a handful. Every other box left at one known step;
a trace stores that step as a small integer, and this file says what the integers mean.
"""

from enum import IntEnum

import numpy as np

from minimaskrcnn.detection.boxes import box_iou

BLOCK = 32  # winners compared at once; most losers fall to the first few, so most pairs need no IoU


class Fate(IntEnum):
    """Why a candidate survived or not; `Fate(code).sentence` says it in words.

    >>> Fate(4).name, Fate.SUPPRESSED.sentence
    ('SUPPRESSED', 'a better box of the same group overlaps it by more than the NMS threshold')
    """

    KEPT = 0
    BELOW_TOP_K = 1
    TOO_SMALL = 2
    LOW_SCORE = 3
    SUPPRESSED = 4
    OVER_LIMIT = 5
    BACKGROUND = 6

    @property
    def sentence(self) -> str:
        """What this fate means, in words."""
        return SENTENCES[self]


SENTENCES = {
    Fate.KEPT: "it survived every filter of this stage",
    Fate.BELOW_TOP_K: "too many boxes of its level have a higher objectness (top-k before NMS)",
    Fate.TOO_SMALL: "a side is shorter than the minimum once the box is clipped to the picture",
    Fate.LOW_SCORE: "its score does not pass the score threshold",
    Fate.SUPPRESSED: "a better box of the same group overlaps it by more than the NMS threshold",
    Fate.OVER_LIMIT: "it survived NMS, but enough boxes with higher scores fill the limit",
    Fate.BACKGROUND: "its class is background, which is never a detection",
}


def suppressors(
    boxes: np.ndarray,
    scores: np.ndarray,
    keep: np.ndarray,
    iou_threshold: float,
    idxs: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """For each box that NMS dropped, the kept box that dropped it.

    Greedy NMS walks down the scores; the first kept box j with `IoU(i, j) > iou_threshold` removes box i.

    Parameters
    ----------
    boxes : (N, 4) float array, all boxes that entered NMS, pixels
    scores : (N,) float array
    keep : (K,) integer array, indices of *all* boxes NMS kept, in any order and before any limit
    iou_threshold : the threshold NMS used
    idxs : (N,) integer array, optional
        Class or level of each box; only boxes of one group suppress each other.

    Returns
    -------
    by : (N,) int64, index of the suppressor, -1 for a kept box
    iou : (N,) dtype of `boxes`, IoU with the suppressor, 0 for a kept box

    Examples
    --------
    >>> boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 8], [50, 50, 60, 60.0]])
    >>> suppressors(boxes, np.array([0.9, 0.8, 0.7]), np.array([0, 2]), 0.5)
    (array([-1,  0, -1]), array([0. , 0.8, 0. ]))
    """
    by = np.full(len(boxes), -1, np.int64)
    iou = np.zeros(len(boxes), boxes.dtype)
    groups = np.zeros(len(boxes), np.int64) if idxs is None else idxs
    kept = np.zeros(len(boxes), bool)
    kept[keep] = True
    for group in np.unique(groups[kept]):
        winners = _by_score(np.flatnonzero(kept & (groups == group)), scores)
        losers = np.flatnonzero(~kept & (groups == group))
        for start in range(0, len(winners), BLOCK):
            block = winners[start : start + BLOCK]
            overlap = box_iou(boxes[losers], boxes[block])  # (losers, block)
            guilty = overlap.astype(np.float64) > iou_threshold
            first, found = guilty.argmax(axis=1), guilty.any(axis=1)
            by[losers[found]] = block[first[found]]
            iou[losers[found]] = overlap[found, first[found]]
            losers = losers[~found]
    return by, iou


def _by_score(index: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The order in which NMS visits boxes: best score first, ties by index."""
    return index[np.argsort(-scores[index], kind="stable")]
