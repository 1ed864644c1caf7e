"""What became of every anchor and of every candidate: read off the filters' own index lists.

Only a watcher asks for this, and only when it is read; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from minimaskrcnn.detection.fates import Fate, suppressors

if TYPE_CHECKING:
    from minimaskrcnn.models.postprocess import Candidates, CandidateSelection
    from minimaskrcnn.models.rpn import ProposalSelection
    from minimaskrcnn.models.watch import Watch

Fates = tuple[np.ndarray, np.ndarray, np.ndarray]  # fate, suppressed by, at which IoU


def show_fates(watch: Watch, kind: str, work_out: Callable[[], Fates]) -> None:
    """Hand over the three stages of "anchor" or "candidate"; `work_out` runs once, when one is read."""
    once = cache(work_out)
    for place, stage in enumerate(("fate", "suppressed_by", "suppressed_iou")):
        watch(f"{kind}_{stage}", lambda place=place: once()[place], (kind,))  # type: ignore[misc]


def anchor_fates(
    selection: ProposalSelection,
    boxes: np.ndarray,
    scores: np.ndarray,
    levels: np.ndarray,
    nms_thresh: float,
    min_size: float,
) -> Fates:
    """Fate (A,), the anchor that suppressed it (A,) or -1, and at which IoU (A,)."""
    fate = np.full(len(boxes), Fate.BELOW_TOP_K, np.int64)
    sides = boxes[selection.top_k, 2:] - boxes[selection.top_k, :2]
    fate[selection.top_k] = np.where((sides < min_size).any(1), Fate.TOO_SMALL, Fate.LOW_SCORE)
    fate[selection.large] = Fate.SUPPRESSED
    fate[selection.after_nms] = Fate.OVER_LIMIT
    fate[selection.kept] = Fate.KEPT
    by, iou = _spread(selection.large, selection.after_nms, boxes, scores, levels, nms_thresh)
    return fate, by, iou


def candidate_fates(
    selection: CandidateSelection, candidates: Candidates, class_scores: np.ndarray, nms_thresh: float
) -> Fates:
    """Fate (M,), the candidate that suppressed it (M,) or -1, and at which IoU (M,).

    `class_scores` (P, K) say where background is the likeliest class of a candidate's RoI.
    """
    background = (class_scores.argmax(1) == 0)[candidates.rois]
    fate = np.where(background, Fate.BACKGROUND, Fate.LOW_SCORE).astype(np.int64)
    fate[selection.confident] = Fate.TOO_SMALL
    fate[selection.large] = Fate.SUPPRESSED
    fate[selection.after_nms] = Fate.OVER_LIMIT
    fate[selection.kept] = Fate.KEPT
    boxes, scores, labels = candidates.boxes, candidates.scores, candidates.labels
    by, iou = _spread(selection.large, selection.after_nms, boxes, scores, labels, nms_thresh)
    return fate, by, iou


def _spread(
    entered: np.ndarray,
    survived: np.ndarray,
    boxes: np.ndarray,
    scores: np.ndarray,
    groups: np.ndarray,
    nms_thresh: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Suppressors among `entered`, written back to the numbering of all boxes."""
    by, iou = np.full(len(boxes), -1, np.int64), np.zeros(len(boxes), boxes.dtype)
    place = np.full(len(boxes), -1, np.int64)
    place[entered] = np.arange(len(entered))
    local, local_iou = suppressors(
        boxes[entered], scores[entered], place[survived], nms_thresh, groups[entered]
    )
    by[entered] = np.where(local >= 0, entered[np.maximum(local, 0)], -1)
    iou[entered] = local_iou
    return by, iou
