"""What became of a candidate box: one code for each way out, and who pushed it out.

A detector proposes thousands of boxes and shows a handful. Every other box left at one known step;
a trace stores that step as a small integer, and this file says what the integers mean.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from minimaskrcnn.checks import check_number
from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.checks import as_boxes, as_indices, as_vector

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


class Fates(NamedTuple):
    """What became of N boxes.

    Attributes
    ----------
    fate : (N,) int64, the values of `Fate`
    suppressed_by : (N,) int64, the box that suppressed each; -1 for a box that NMS did not drop
    suppressed_iou : (N,) float, IoU with that box, 0 where there is none
    """

    fate: np.ndarray
    suppressed_by: np.ndarray
    suppressed_iou: np.ndarray


def read_fates(
    filters: Mapping[Fate, np.ndarray],
    boxes: np.ndarray,
    scores: np.ndarray,
    groups: np.ndarray,
    nms_thresh: float,
) -> Fates:
    """The fate of every box, read off the lists of survivors that a chain of filters left.

    Parameters
    ----------
    filters : dict from Fate to integer array
        The filters in their order: the fate of the boxes that each drops, and the indices of those that
        passed it. `Fate.SUPPRESSED` stands for NMS and is not the first.
    boxes : (N, 4) float array, pixels
    scores : (N,) float array, by which NMS went
    groups : (N,) integer array, the level or class within which NMS went
    nms_thresh : float, IoU above which NMS suppressed

    Examples
    --------
    >>> boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 8], [50, 50, 60, 60.0]])
    >>> scores, group = np.array([0.9, 0.8, 0.1]), np.zeros(3, int)
    >>> filters = {Fate.LOW_SCORE: np.array([0, 1]), Fate.SUPPRESSED: np.array([0])}
    >>> read_fates(filters, boxes, scores, group, 0.5).fate
    array([0, 4, 3])
    """
    dropped, passed = list(filters), list(filters.values())
    fate = np.full(len(boxes), dropped[0], np.int64)
    for survivors, next_fate in zip(passed, [*dropped[1:], Fate.KEPT], strict=True):
        fate[survivors] = next_fate
    nms = dropped.index(Fate.SUPPRESSED)
    return Fates(fate, *_suppressors_among(passed[nms - 1], passed[nms], boxes, scores, groups, nms_thresh))


def _suppressors_among(
    entered: np.ndarray,
    survived: np.ndarray,
    boxes: np.ndarray,
    scores: np.ndarray,
    groups: np.ndarray,
    nms_thresh: float,
) -> tuple[np.ndarray, np.ndarray]:
    """`suppressors` of the boxes that entered NMS, in the numbering of all boxes."""
    by, iou = np.full(len(boxes), -1, np.int64), np.zeros(len(boxes), boxes.dtype)
    place = np.full(len(boxes), -1, np.int64)
    place[entered] = np.arange(len(entered))
    local, local_iou = suppressors(
        boxes[entered], scores[entered], place[survived], nms_thresh, groups[entered]
    )
    by[entered] = np.where(local >= 0, entered[np.maximum(local, 0)], -1)
    iou[entered] = local_iou
    return by, iou


def suppressors(
    boxes: np.ndarray,
    scores: np.ndarray,
    keep: np.ndarray,
    iou_threshold: float,
    idxs: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Find, for each box that NMS dropped, the kept box that dropped it.

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
    boxes = as_boxes("suppressors", boxes)
    scores = as_vector("suppressors", scores, "scores", len(boxes))
    keep = as_indices("suppressors", keep, "keep", below=len(boxes))
    iou_threshold = check_number("suppressors", iou_threshold, "iou_threshold")
    by = np.full(len(boxes), -1, np.int64)
    iou = np.zeros(len(boxes), boxes.dtype)
    groups = np.zeros(len(boxes), np.int64)
    if idxs is not None:
        groups = as_indices("suppressors", idxs, "idxs", len(boxes))
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
