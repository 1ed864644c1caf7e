"""What each stage of the detector found in one picture: small records of plain arrays.

    PictureStages
        rpn    RPNStages     anchors -> logits and deltas -> decoded -> clipped -> selection -> proposals
        boxes  BoxStages     proposals -> class scores, refined boxes -> candidates -> selection -> detections
        masks  MaskStages    detections -> one mask for each
        keypoints  KeypointStages   detections -> a heat map for each keypoint -> its peak

The models return these records and `inspection` reads them, so they stand below both. Letters: A anchors,
P proposals, K classes with background, M candidates (P times K - 1), D detections.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from minimaskrcnn.detection.fates import Fate, Fates, read_fates
from minimaskrcnn.detection.structures import Detections


@dataclass(frozen=True)
class ProposalSelection:
    """Which anchors passed each filter of the RPN, in the order of the filters.

    Attributes
    ----------
    top_k : (n,) int64, indices into all anchors: those of high objectness on their level, best first on each
    large : those of `top_k` that are no slivers once clipped
    confident : those of `large` whose probability reaches the threshold
    after_nms : those of `confident` that NMS kept on their level, best first over all levels
    kept : (P,) the first of `after_nms`, as many as the limit lets pass: the proposals
    nms_thresh : float, the IoU above which NMS suppressed
    """

    top_k: np.ndarray
    large: np.ndarray
    confident: np.ndarray
    after_nms: np.ndarray
    kept: np.ndarray
    nms_thresh: float


@dataclass(frozen=True)
class RPNStages:
    """One picture in the region proposal network: every anchor on its way to a proposal.

    Attributes
    ----------
    anchors : (A, 4) float, xyxy, pixels of the resized picture; may reach over its edges
    levels : (A,) int64, the feature map of each anchor, 0 the finest
    objectness : (A,) float, logits
    deltas : (A, 4) float, (dx, dy, dw, dh)
    decoded : (A, 4) float, the anchors moved by their deltas
    clipped : (A, 4) float, `decoded` cut at the edges of the picture
    scores : (A,) float, probability of an object: the sigmoid of `objectness`
    selection : ProposalSelection
    """

    anchors: np.ndarray
    levels: np.ndarray
    objectness: np.ndarray
    deltas: np.ndarray
    decoded: np.ndarray
    clipped: np.ndarray
    scores: np.ndarray
    selection: ProposalSelection

    @property
    def proposals(self) -> np.ndarray:
        """The proposals (P, 4), best first, pixels of the resized picture."""
        return self.clipped[self.selection.kept]

    @cached_property
    def fates(self) -> Fates:
        """What became of every anchor; worked out when it is first read."""
        chosen = self.selection
        filters = {
            Fate.BELOW_TOP_K: chosen.top_k,
            Fate.TOO_SMALL: chosen.large,
            Fate.LOW_SCORE: chosen.confident,
            Fate.SUPPRESSED: chosen.after_nms,
            Fate.OVER_LIMIT: chosen.kept,
        }
        return read_fates(filters, self.clipped, self.scores, self.levels, chosen.nms_thresh)


@dataclass(frozen=True)
class Candidates:
    """Every pair of an RoI and a foreground class, RoI by RoI.

    Attributes
    ----------
    boxes : (M, 4) float, refined for that class and clipped
    labels : (M,) int64, from 1
    scores : (M,) float, softmax probability
    rois : (M,) int64, the RoI that each comes from
    """

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    rois: np.ndarray


@dataclass(frozen=True)
class CandidateSelection:
    """Which candidates passed each filter behind the box head, in the order of the filters.

    Attributes
    ----------
    confident : (n,) int64, indices into all candidates: those whose score is above the threshold
    large : those of `confident` that are no slivers
    after_nms : those of `large` that NMS kept in their class, best first over all classes
    kept : (D,) the first of `after_nms`, as many as the limit lets pass: the detections
    nms_thresh : float, the IoU above which NMS suppressed
    """

    confident: np.ndarray
    large: np.ndarray
    after_nms: np.ndarray
    kept: np.ndarray
    nms_thresh: float


@dataclass(frozen=True)
class BoxStages:
    """One picture in the box branch: from its proposals, here called RoIs, to its detections.

    Attributes
    ----------
    levels : (P,) int64, the feature map that each RoI was read from, 0 the finest
    features : (P, C, y, x) float, what the RoI operator read there
    logits : (P, K) float
    scores : (P, K) float, the softmax of `logits`
    deltas : (P, K, 4) float, (dx, dy, dw, dh) for each class
    refined : (P, K, 4) float, the RoIs moved by their deltas and clipped
    candidates : Candidates
    selection : CandidateSelection
    """

    levels: np.ndarray
    features: np.ndarray
    logits: np.ndarray
    scores: np.ndarray
    deltas: np.ndarray
    refined: np.ndarray
    candidates: Candidates
    selection: CandidateSelection

    @cached_property
    def fates(self) -> Fates:
        """What became of every candidate; worked out when it is first read."""
        chosen, found = self.selection, self.candidates
        filters = {
            Fate.LOW_SCORE: chosen.confident,
            Fate.TOO_SMALL: chosen.large,
            Fate.SUPPRESSED: chosen.after_nms,
            Fate.OVER_LIMIT: chosen.kept,
        }
        fates = read_fates(filters, found.boxes, found.scores, found.labels, chosen.nms_thresh)
        background = (self.scores.argmax(1) == 0)[found.rois]  # (M,): background is likeliest in its RoI
        fate = np.where(background & (fates.fate == Fate.LOW_SCORE), Fate.BACKGROUND, fates.fate)
        return fates._replace(fate=fate)


@dataclass(frozen=True)
class MaskStages:
    """One picture in the mask branch.

    Attributes
    ----------
    features : (D, C, y, x) float, what the RoI operator read inside each detection
    logits : (D, K, side, side) float, a mask for every class; K = 1 if masks are class-agnostic
    probs : (D, side, side) float in [0, 1], the mask of each detection's own class
    """

    features: np.ndarray
    logits: np.ndarray
    probs: np.ndarray


@dataclass(frozen=True)
class KeypointStages:
    """One picture in the keypoint branch.

    Attributes
    ----------
    features : (D, C, y, x) float, what the RoI operator read inside each detection
    heatmaps : (D, K, side, side) float, logits, a map over the box for every keypoint
    points : (D, K, 3) float, x and y of each peak, pixels of the resized picture, and 1
    scores : (D, K) float, the value of each peak
    """

    features: np.ndarray
    heatmaps: np.ndarray
    points: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class PictureStages:
    """One picture in the whole model.

    Attributes
    ----------
    image : (3, H, W) float in [0, 1], as it was given
    transformed : (3, h, w) float, normalised and resized
    backbone : dict from name to (C, y, x) float, the maps of the residual stages, finest first
    pyramid : dict from name to (C, y, x) float, the maps that carry anchors, finest first
    strides : dict from name to (y, x), pixels between neighbouring cells of the maps that carry anchors
    rpn : RPNStages
    boxes : BoxStages
    masks : MaskStages, or None without a mask branch
    keypoints : KeypointStages, or None without a keypoint branch
    detection_boxes : (D, 4) float, pixels of the resized picture
    detections : Detections, in pixels of the given picture
    """

    image: np.ndarray
    transformed: np.ndarray
    backbone: dict[str, np.ndarray]
    pyramid: dict[str, np.ndarray]
    strides: dict[str, tuple[int, int]]
    rpn: RPNStages
    boxes: BoxStages
    masks: MaskStages | None
    keypoints: KeypointStages | None
    detection_boxes: np.ndarray
    detections: Detections
