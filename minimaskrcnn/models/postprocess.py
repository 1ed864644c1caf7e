"""From class scores and refined boxes to detections: every (RoI, class) pair is a candidate, few remain.

    softmax -> decode each class's deltas -> clip -> score > 0.05 -> drop slivers -> NMS per class -> top 100

Source: torchvision's RoIHeads.postprocess_detections.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minimaskrcnn.detection.boxes import clip_boxes_to_image, remove_small_boxes
from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.detection.nms import batched_nms


@dataclass(frozen=True)
class Candidates:
    """One row for each RoI and foreground class of one picture, RoI by RoI.

    Attributes
    ----------
    boxes : (M, 4), refined for that class and clipped
    labels : (M,) int64, from 1
    scores : (M,), softmax probability
    rois : (M,) int64, the RoI each comes from
    """

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    rois: np.ndarray


@dataclass(frozen=True)
class CandidateSelection:
    """Which candidates passed each filter, as indices into all candidates; `kept` are the detections."""

    confident: np.ndarray
    large: np.ndarray
    after_nms: np.ndarray
    kept: np.ndarray


@dataclass(frozen=True)
class BoxPostprocess:
    """The filters between the box head and the detections.

    Attributes
    ----------
    score_thresh : a candidate needs more than this
    nms_thresh : IoU above which the lower score of one class goes
    detections_per_img : limit over all classes
    min_size : shortest side in pixels
    """

    coder: BoxCoder
    score_thresh: float = 0.05
    nms_thresh: float = 0.5
    detections_per_img: int = 100
    min_size: float = 1e-2

    def candidates(
        self, class_scores: np.ndarray, box_deltas: np.ndarray, proposals: np.ndarray, size: tuple[int, int]
    ) -> tuple[Candidates, np.ndarray]:
        """Candidates of one picture, and the refined boxes (P, K, 4) with background for the record.

        Parameters
        ----------
        class_scores : (P, K), probabilities
        box_deltas : (P, 4*K)
        proposals : (P, 4)
        size : (h, w) that boxes are clipped to
        """
        P, K = class_scores.shape
        decoded = self.coder.decode(box_deltas, proposals)  # (P, K, 4)
        refined = clip_boxes_to_image(decoded.reshape(-1, 4), size).reshape(P, K, 4)
        return (
            Candidates(
                boxes=refined[:, 1:].reshape(-1, 4),  # (P*(K-1), 4)
                labels=np.tile(np.arange(1, K, dtype=np.int64), P),
                scores=class_scores[:, 1:].reshape(-1),
                rois=np.repeat(np.arange(P, dtype=np.int64), K - 1),
            ),
            refined,
        )

    def select(self, candidates: Candidates) -> CandidateSelection:
        """Apply the filters in order."""
        boxes, labels, scores = candidates.boxes, candidates.labels, candidates.scores
        confident = np.flatnonzero(scores > self.score_thresh)
        large = confident[remove_small_boxes(boxes[confident], self.min_size)]
        after_nms = large[batched_nms(boxes[large], scores[large], labels[large], self.nms_thresh)]
        return CandidateSelection(confident, large, after_nms, after_nms[: self.detections_per_img])
