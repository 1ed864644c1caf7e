"""The second stage: classify and refine each proposal, then draw a mask in what remains.

Training:    sample RoIs -> box head -> two losses; its objects among them -> mask head -> one loss.
Prediction:  all RoIs -> box head -> candidates -> detections; mask head on the detections' boxes only.

Source: Mask R-CNN, section 3; thresholds as in torchvision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minimaskrcnn import nn, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.detection.matcher import Matcher
from minimaskrcnn.detection.probabilities import softmax
from minimaskrcnn.detection.sampler import BalancedSampler
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.models.fates import candidate_fates, show_fates
from minimaskrcnn.models.mask_head import mask_loss, mask_probabilities
from minimaskrcnn.models.postprocess import BoxPostprocess, Candidates, CandidateSelection
from minimaskrcnn.models.roi_extractor import RoIExtractor, as_rois
from minimaskrcnn.models.rpn import BETA
from minimaskrcnn.models.watch import Watch, first_only, unwatched


@dataclass(frozen=True)
class Samples:
    """The RoIs of one picture that are trained on.

    Attributes
    ----------
    boxes : (R, 4) float
    labels : (R,) int64, 0 background
    matched : (R,) int64, index of the object each overlaps most
    deltas : (R, 4) float, what the box head should answer
    """

    boxes: np.ndarray
    labels: np.ndarray
    matched: np.ndarray
    deltas: np.ndarray


@dataclass(frozen=True)
class HeadOutput:
    """What the heads found in one picture, still in the resized picture's pixels.

    Attributes
    ----------
    boxes : (D, 4); labels : (D,) int64; scores : (D,)
    mask_probs : (D, M, M) in [0, 1], each over its box; None without a mask head
    """

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    mask_probs: np.ndarray | None


@dataclass(frozen=True)
class MaskBranch:
    """The three parts that together make masks; leave it out and the model is Faster R-CNN."""

    extractor: RoIExtractor
    head: nn.Module
    predictor: nn.Module


class RoIHeads(nn.Module):
    """Box branch and, if given, mask branch.

    Parameters
    ----------
    box_extractor : RoIExtractor
    box_head, box_predictor : Module
    mask : MaskBranch, optional
    fg_iou_thresh, bg_iou_thresh : float
        RoIs with IoU >= fg are objects, < bg background.
    batch_size_per_image, positive_fraction : int, float
        RoIs sampled from each picture, and the largest part of them that are objects.
    bbox_reg_weights : four floats that scale the deltas
    score_thresh, nms_thresh, detections_per_img : the filters of prediction
    """

    def __init__(
        self,
        box_extractor: RoIExtractor,
        box_head: nn.Module,
        box_predictor: nn.Module,
        mask: MaskBranch | None = None,
        *,
        fg_iou_thresh: float = 0.5,
        bg_iou_thresh: float = 0.5,
        batch_size_per_image: int = 512,
        positive_fraction: float = 0.25,
        bbox_reg_weights: tuple[float, float, float, float] = (10.0, 10.0, 5.0, 5.0),
        score_thresh: float = 0.05,
        nms_thresh: float = 0.5,
        detections_per_img: int = 100,
    ):
        super().__init__()
        self.box_extractor, self.box_head, self.box_predictor = box_extractor, box_head, box_predictor
        self.has_mask = mask is not None
        if mask is not None:
            self.mask_extractor, self.mask_head = mask.extractor, mask.head
            self.mask_predictor = mask.predictor
        self.matcher = Matcher(fg_iou_thresh, bg_iou_thresh)
        self.sampler = BalancedSampler(batch_size_per_image, positive_fraction)
        self.coder = BoxCoder(bbox_reg_weights)
        self.postprocess = BoxPostprocess(self.coder, score_thresh, nms_thresh, detections_per_img)

    # ---- training --------------------------------------------------------------------------------------

    def losses(
        self,
        pyramid: dict[str, Tensor],
        proposals: Sequence[np.ndarray],
        targets: Sequence[Target],
        rng: np.random.Generator,
        watch: Watch = unwatched,
    ) -> dict[str, Tensor]:
        """Classification, box and mask losses over sampled RoIs."""
        samples = [self.sample(boxes, t, rng) for boxes, t in zip(proposals, targets, strict=True)]
        objects = sum(np.count_nonzero(s.labels) for s in samples)
        background = sum(len(s.labels) for s in samples) - objects
        watch("sampled_rois", np.array([objects, background]), ("object_background",))
        rois = as_rois([s.boxes for s in samples])
        logits, deltas = self.box_predictor(self.box_head(self.box_extractor(pyramid, rois)))
        losses = fastrcnn_loss(logits, deltas, samples)
        if self.has_mask:
            losses["loss_mask"] = self._mask_loss(pyramid, samples, targets)
        return losses

    def sample(self, proposals: np.ndarray, target: Target, rng: np.random.Generator) -> Samples:
        """Choose the RoIs of one picture; its true boxes compete too, so that there is something to find."""
        boxes = np.concatenate([proposals, target.boxes.astype(proposals.dtype, copy=False)])
        matched, labels = self.assign(boxes, target)
        picked = np.sort(np.concatenate(self.sampler((labels > 0).astype(np.int64), rng)))
        boxes, matched, labels = boxes[picked], matched[picked], labels[picked]
        if len(target.boxes) == 0:
            return Samples(boxes, labels, matched, np.zeros_like(boxes))
        goal = target.boxes[matched].astype(boxes.dtype, copy=False)
        return Samples(boxes, labels, matched, self.coder.encode(goal, boxes))

    def assign(self, boxes: np.ndarray, target: Target) -> tuple[np.ndarray, np.ndarray]:
        """The object that each box (P, 4) overlaps most (P,), and its label (P,), 0 if not enough."""
        if len(target.boxes) == 0:
            return np.zeros(len(boxes), np.int64), np.zeros(len(boxes), np.int64)
        matched = self.matcher(box_iou(target.boxes.astype(boxes.dtype, copy=False), boxes))
        labels = np.where(matched >= 0, target.labels[np.maximum(matched, 0)], 0)
        return np.maximum(matched, 0), labels

    def _mask_loss(
        self, pyramid: dict[str, Tensor], samples: Sequence[Samples], targets: Sequence[Target]
    ) -> Tensor:
        objects = [np.flatnonzero(s.labels > 0) for s in samples]
        boxes = [s.boxes[o] for s, o in zip(samples, objects, strict=True)]
        labels = [s.labels[o] for s, o in zip(samples, objects, strict=True)]
        matched = [s.matched[o] for s, o in zip(samples, objects, strict=True)]
        return mask_loss(self._mask_logits(pyramid, boxes), boxes, labels, matched, targets)

    def _mask_logits(self, pyramid: dict[str, Tensor], boxes: Sequence[np.ndarray]) -> Tensor:
        return self.mask_predictor(self.mask_head(self.mask_extractor(pyramid, as_rois(boxes))))

    # ---- prediction ------------------------------------------------------------------------------------

    def predict(
        self,
        pyramid: dict[str, Tensor],
        proposals: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
        watch: Watch = unwatched,
    ) -> list[HeadOutput]:
        """Detections of each picture, best first."""
        rois = as_rois(proposals)
        features = self.box_extractor(pyramid, rois)
        logits, deltas = self.box_predictor(self.box_head(features))
        cuts = np.cumsum([len(p) for p in proposals])[:-1]
        found = [
            self._detect(*of_one_picture)
            for of_one_picture in zip(
                np.split(logits.data, cuts),
                np.split(deltas.data, cuts),
                proposals,
                sizes,
                first_only(watch, len(sizes)),
                strict=True,
            )
        ]
        watch("roi_level", self.box_extractor.mapper(proposals[0]), ("proposal",))
        watch("box_features", features.data[: len(proposals[0])], ("proposal", "channel", "y", "x"))
        return self._with_masks(pyramid, found, watch) if self.has_mask else found

    def _detect(
        self,
        logits: np.ndarray,
        deltas: np.ndarray,
        proposals: np.ndarray,
        size: tuple[int, int],
        watch: Watch,
    ) -> HeadOutput:
        scores = softmax(logits, axis=1)
        candidates, refined = self.postprocess.candidates(scores, deltas, proposals, size)
        selection = self.postprocess.select(candidates)
        if watch is not unwatched:
            watch("class_logits", logits, ("proposal", "class"))
            watch("class_scores", scores, ("proposal", "class"))
            watch("box_deltas", deltas.reshape(refined.shape), ("proposal", "class", "dxdydwdh"))
            watch("refined", refined, ("proposal", "class", "xyxy"))
            self._show(candidates, selection, scores, watch)
        kept = selection.kept
        return HeadOutput(candidates.boxes[kept], candidates.labels[kept], candidates.scores[kept], None)

    def _show(
        self, candidates: Candidates, selection: CandidateSelection, scores: np.ndarray, watch: Watch
    ) -> None:
        watch("candidate_roi", candidates.rois, ("candidate",))
        watch("candidate_label", candidates.labels, ("candidate",))
        watch("candidate_score", candidates.scores, ("candidate",))
        watch("candidate_box", candidates.boxes, ("candidate", "xyxy"))
        limit = self.postprocess.nms_thresh
        show_fates(watch, "candidate", lambda: candidate_fates(selection, candidates, scores, limit))
        watch("detection_candidate", selection.kept, ("detection",))

    def _with_masks(
        self, pyramid: dict[str, Tensor], found: Sequence[HeadOutput], watch: Watch
    ) -> list[HeadOutput]:
        boxes = [f.boxes for f in found]
        features = self.mask_extractor(pyramid, as_rois(boxes))
        logits = self.mask_predictor(self.mask_head(features)).data
        cuts = np.cumsum([len(b) for b in boxes])[:-1]
        probs = [
            mask_probabilities(own, f.labels) for own, f in zip(np.split(logits, cuts), found, strict=True)
        ]
        count = len(boxes[0])
        watch("mask_features", features.data[:count], ("detection", "channel", "y", "x"))
        watch("mask_logits", logits[:count], ("detection", "class", "y", "x"))
        watch("mask_probs", probs[0], ("detection", "y", "x"))
        return [HeadOutput(f.boxes, f.labels, f.scores, p) for f, p in zip(found, probs, strict=True)]


def fastrcnn_loss(logits: Tensor, deltas: Tensor, samples: Sequence[Samples]) -> dict[str, Tensor]:
    """Cross-entropy over all sampled RoIs; smooth L1 of the objects' own class's deltas, over all sampled.

    Source: Girshick 2015, "Fast R-CNN", eq. 1-3.

    Parameters
    ----------
    logits : (R, K) Tensor; deltas : (R, 4*K) Tensor, RoIs of all pictures
    """
    labels = np.concatenate([s.labels for s in samples])
    goal = np.concatenate([s.deltas for s in samples]).astype(deltas.dtype)
    objects = np.flatnonzero(labels > 0)
    per_class = deltas.reshape(len(labels), -1, 4)  # (R, K, 4)
    own = per_class[objects, labels[objects]]  # (objects, 4)
    distance = ops.smooth_l1_loss(own, goal[objects], beta=BETA, reduction="sum")
    return {
        "loss_classifier": ops.cross_entropy(logits, labels),
        "loss_box_reg": distance / max(1, len(labels)),
    }
