"""From class scores and refined boxes to detections: every (RoI, class) pair is a candidate, and few remain.

    softmax -> decode each class's deltas -> clip -> score > 0.05 -> drop slivers -> NMS per class -> top 100

Source: torchvision's RoIHeads.postprocess_detections.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minimaskrcnn.detection.boxes import clip_boxes_to_image, remove_small_boxes
from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.detection.nms import batched_nms
from minimaskrcnn.detection.stages import Candidates, CandidateSelection


@dataclass(frozen=True)
class BoxPostprocess:
    """The filters between the box head and the detections.

    Attributes
    ----------
    score_thresh : float
        A candidate is kept if its score is greater than this.
    nms_thresh : float
        Of two boxes of one class with a greater IoU, NMS drops the one with the lower score.
    detections_per_img : int
        Largest number of detections per picture, over all classes.
    min_size : float
        Boxes with a shorter side are dropped, in pixels.
    """

    coder: BoxCoder
    score_thresh: float = 0.05
    nms_thresh: float = 0.5
    detections_per_img: int = 100
    min_size: float = 1e-2

    def refine(self, deltas: np.ndarray, proposals: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Apply the deltas of each class to each proposal, and clip the boxes (P, K, 4) to the picture.

        Parameters
        ----------
        deltas : (P, 4*K)
        proposals : (P, 4)
        size : (h, w) of the picture, in pixels
        """
        decoded = self.coder.decode(deltas, proposals)  # (P, K, 4)
        return clip_boxes_to_image(decoded.reshape(-1, 4), size).reshape(decoded.shape)

    def select_detections(self, candidates: Candidates) -> CandidateSelection:
        """Apply the filters in order."""
        boxes, labels, scores = candidates.boxes, candidates.labels, candidates.scores
        confident = np.flatnonzero(scores > self.score_thresh)
        large = confident[remove_small_boxes(boxes[confident], self.min_size)]
        after_nms = large[batched_nms(boxes[large], scores[large], labels[large], self.nms_thresh)]
        kept = after_nms[: self.detections_per_img]
        return CandidateSelection(confident, large, after_nms, kept, self.nms_thresh)


def list_candidates(scores: np.ndarray, refined: np.ndarray) -> Candidates:
    """List every foreground class of every RoI, given scores (P, K) and refined boxes (P, K, 4)."""
    P, K = scores.shape
    return Candidates(
        boxes=refined[:, 1:].reshape(-1, 4),  # (P*(K-1), 4)
        labels=np.tile(np.arange(1, K, dtype=np.int64), P),
        scores=scores[:, 1:].reshape(-1),
        rois=np.repeat(np.arange(P, dtype=np.int64), K - 1),
    )
