"""The second stage: classify and refine each proposal, then draw a mask in each box that remains.

Training:    sample RoIs -> box head -> two losses; the RoIs of objects -> mask head -> one loss.
Prediction:  all RoIs -> box head -> candidates -> detections; mask head only on the boxes of detections.

A keypoint head works as the mask head does.
Source: Mask R-CNN, sections 3 and 5; thresholds as in torchvision.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from minimaskrcnn import nn, ops
from minimaskrcnn.autograd import Tensor, scope
from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.detection.keypoints import locate_keypoints
from minimaskrcnn.detection.matcher import Matcher
from minimaskrcnn.detection.probabilities import softmax
from minimaskrcnn.detection.sampler import BalancedSampler
from minimaskrcnn.detection.stages import BoxStages, KeypointStages, MaskStages
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.models.keypoint_head import keypoint_loss
from minimaskrcnn.models.losses import Losses, box_loss
from minimaskrcnn.models.mask_head import mask_loss
from minimaskrcnn.models.postprocess import BoxPostprocess, list_candidates
from minimaskrcnn.models.roi_extractor import RoIExtractor, as_rois
from minimaskrcnn.models.roi_records import (
    BoxOutput,
    HeadOutput,
    KeypointBranch,
    MapOutput,
    MaskBranch,
    Samples,
)


class RoIHeads(nn.Module):
    """The box branch and, if there are any, the mask branch and the keypoint branch.

    Parameters
    ----------
    box_extractor : RoIExtractor
    box_head, box_predictor : Module
    mask : MaskBranch, optional
    keypoint : KeypointBranch, optional
    fg_iou_thresh, bg_iou_thresh : float
        RoIs with an IoU of at least `fg_iou_thresh` represent objects, those below `bg_iou_thresh`
        represent background.
    batch_size_per_image, positive_fraction : int, float
        Number of RoIs sampled per picture, and the largest share of them that represents objects.
    bbox_reg_weights : four floats that scale the deltas
    score_thresh, nms_thresh, detections_per_img : the filters of prediction, see `BoxPostprocess`
    """

    def __init__(
        self,
        box_extractor: RoIExtractor,
        box_head: nn.Module,
        box_predictor: nn.Module,
        mask: MaskBranch | None = None,
        keypoint: KeypointBranch | None = None,
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
            self.mask_predictor, self.mask_rule = mask.predictor, mask.rule
        self.has_keypoints = keypoint is not None
        if keypoint is not None:
            self.keypoint_extractor, self.keypoint_head = keypoint.extractor, keypoint.head
            self.keypoint_predictor = keypoint.predictor
        self.matcher = Matcher(fg_iou_thresh, bg_iou_thresh)
        self.sampler = BalancedSampler(batch_size_per_image, positive_fraction)
        self.coder = BoxCoder(bbox_reg_weights)
        self.postprocess = BoxPostprocess(self.coder, score_thresh, nms_thresh, detections_per_img)

    # ---- the networks -----------------------------------------------------------------------------------

    def classify(self, pyramid: dict[str, Tensor], proposals: Sequence[np.ndarray]) -> BoxOutput:
        """Run the box branch on the proposals (P_n, 4) of each picture n."""
        with self.scope():
            with scope("box_extractor"):
                features = self.box_extractor(pyramid, as_rois(proposals))
            logits, deltas = self.box_predictor(self.box_head(features))
        return BoxOutput(list(proposals), features, logits, deltas)

    def draw(self, pyramid: dict[str, Tensor], boxes: Sequence[np.ndarray]) -> MapOutput:
        """Run the mask branch on the boxes (D_n, 4) of each picture n."""
        with self.scope():
            with scope("mask_extractor"):
                features = self.mask_extractor(pyramid, as_rois(boxes))
            return MapOutput(features, self.mask_predictor(self.mask_head(features)))

    def heat(self, pyramid: dict[str, Tensor], boxes: Sequence[np.ndarray]) -> MapOutput:
        """Run the keypoint branch on the boxes (D_n, 4) of each picture n."""
        with self.scope():
            with scope("keypoint_extractor"):
                features = self.keypoint_extractor(pyramid, as_rois(boxes))
            return MapOutput(features, self.keypoint_predictor(self.keypoint_head(features)))

    # ---- prediction ------------------------------------------------------------------------------------

    def predict(
        self,
        pyramid: dict[str, Tensor],
        proposals: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[HeadOutput]:
        """Return the detections of each picture, best first, without the steps that led to them."""
        found = [detections_of(boxes) for boxes in self.detect(self.classify(pyramid, proposals), sizes)]
        boxes = [f.boxes for f in found]
        if self.has_mask:
            masks = self.segment(self.draw(pyramid, boxes), [f.labels for f in found])
            found = [with_masks(f, m) for f, m in zip(found, masks, strict=True)]
        if self.has_keypoints:
            points = self.locate(self.heat(pyramid, boxes), boxes)
            found = [with_keypoints(f, p) for f, p in zip(found, points, strict=True)]
        return found

    def detect(self, output: BoxOutput, sizes: Sequence[tuple[int, int]]) -> Iterator[BoxStages]:
        """Yield the steps from RoIs to detections, picture by picture, each computed when it is needed.

        Parameters
        ----------
        output : BoxOutput
        sizes : (h, w) of each picture without its padding

        Raises
        ------
        InputError
            If a number that the box head gives is NaN or infinite.
        """
        check_activations(output.logits, output.deltas)
        cuts = np.cumsum([len(rois) for rois in output.proposals])[:-1]
        arrays = (np.split(x.data, cuts) for x in (output.features, output.logits, output.deltas))
        for features, logits, deltas, rois, size in zip(*arrays, output.proposals, sizes, strict=True):
            scores = softmax(logits, axis=1)
            refined = self.postprocess.refine(deltas, rois, size)
            candidates = list_candidates(scores, refined)
            yield BoxStages(
                self.box_extractor.mapper(rois),
                features,
                logits,
                scores,
                deltas.reshape(refined.shape),  # (P, 4*K) -> (P, K, 4)
                refined,
                candidates,
                self.postprocess.select_detections(candidates),
            )

    def segment(self, output: MapOutput, labels: Sequence[np.ndarray]) -> Iterator[MaskStages]:
        """Yield the masks of the detections, picture by picture, for their labels (D_n,)."""
        for features, logits, own in zip(*_by_picture(output, labels), labels, strict=True):
            yield MaskStages(features, logits, self.mask_rule.probabilities(logits, own))

    def locate(self, output: MapOutput, boxes: Sequence[np.ndarray]) -> Iterator[KeypointStages]:
        """Yield the keypoints of the detections, picture by picture, in their boxes (D_n, 4)."""
        for features, heatmaps, own in zip(*_by_picture(output, boxes), boxes, strict=True):
            yield KeypointStages(features, heatmaps, *locate_keypoints(heatmaps, own))

    # ---- training --------------------------------------------------------------------------------------

    def losses(
        self,
        pyramid: dict[str, Tensor],
        proposals: Sequence[np.ndarray],
        targets: Sequence[Target],
        rng: np.random.Generator,
    ) -> Losses:
        """Compute the losses of the classes, boxes, masks and keypoints over the sampled RoIs."""
        samples = [
            self.select_training_samples(boxes, target, rng)
            for boxes, target in zip(proposals, targets, strict=True)
        ]
        output = self.classify(pyramid, [s.boxes for s in samples])
        with self.scope():
            terms = fastrcnn_loss(output.logits, output.deltas, samples)
        if self.has_mask:
            terms["loss_mask"] = self._mask_loss(pyramid, samples, targets)
        if self.has_keypoints:
            terms["loss_keypoint"] = self._keypoint_loss(pyramid, samples, targets)
        objects = sum(int(np.count_nonzero(s.labels)) for s in samples)
        background = sum(len(s.labels) for s in samples) - objects
        return Losses(terms, {"fg_rois": objects, "bg_rois": background})

    def _mask_loss(
        self, pyramid: dict[str, Tensor], samples: Sequence[Samples], targets: Sequence[Target]
    ) -> Tensor:
        """Compute the mask loss of the samples that represent objects."""
        objects = [s.objects() for s in samples]
        boxes, labels = [o.boxes for o in objects], [o.labels for o in objects]
        logits = self.draw(pyramid, boxes).logits
        with self.scope():
            return mask_loss(logits, boxes, labels, [o.matched for o in objects], targets, self.mask_rule)

    def _keypoint_loss(
        self, pyramid: dict[str, Tensor], samples: Sequence[Samples], targets: Sequence[Target]
    ) -> Tensor:
        """Compute the keypoint loss of the samples that represent objects."""
        objects = [s.objects() for s in samples]
        boxes = [o.boxes for o in objects]
        points = [
            t.keypoints[o.matched] for o, t in zip(objects, targets, strict=True) if t.keypoints is not None
        ]
        heatmaps = self.heat(pyramid, boxes).logits
        with self.scope():
            return keypoint_loss(heatmaps, boxes, points)

    def select_training_samples(
        self, proposals: np.ndarray, target: Target, rng: np.random.Generator
    ) -> Samples:
        """Sample the RoIs of one picture from its proposals and true boxes, and compute their targets."""
        boxes = np.concatenate([proposals, target.boxes.astype(proposals.dtype, copy=False)])
        labels, matched = self.assign_targets_to_proposals(boxes, target)
        picked = np.sort(np.concatenate(self.sampler((labels > 0).astype(np.int64), rng)))
        boxes, labels, matched = boxes[picked], labels[picked], matched[picked]
        if len(target.boxes) == 0:
            return Samples(boxes, labels, matched, np.zeros_like(boxes))
        goal = target.boxes[matched].astype(boxes.dtype, copy=False)
        return Samples(boxes, labels, matched, self.coder.encode(goal, boxes))

    def assign_targets_to_proposals(self, boxes: np.ndarray, target: Target) -> tuple[np.ndarray, np.ndarray]:
        """Return the label (P,) of each box (P, 4) and the index (P,) of the object it overlaps most."""
        if len(target.boxes) == 0:
            return np.zeros(len(boxes), np.int64), np.zeros(len(boxes), np.int64)
        matched = self.matcher(box_iou(target.boxes.astype(boxes.dtype, copy=False), boxes))
        labels = np.where(matched >= 0, target.labels[np.maximum(matched, 0)], 0)
        return labels, np.maximum(matched, 0)


def check_activations(*values: Tensor) -> None:
    """Refuse predictions that are no finite numbers: they pass every filter as "no object here".

    Raises
    ------
    InputError
        If some value is NaN or infinite.
    """
    if not all(np.isfinite(value.data).all() for value in values):
        raise InputError(
            "predict: the activations of the network became NaN or infinite, so it can tell nothing of this "
            "picture. Its weights are too large; use a checkpoint from before training diverged."
        )


def detections_of(stages: BoxStages) -> HeadOutput:
    """Return the candidates that passed every filter."""
    found, kept = stages.candidates, stages.selection.kept
    return HeadOutput(found.boxes[kept], found.labels[kept], found.scores[kept])


def with_masks(found: HeadOutput, stages: MaskStages) -> HeadOutput:
    """Return the detections with their masks."""
    return replace(found, mask_probs=stages.probs)


def with_keypoints(found: HeadOutput, stages: KeypointStages) -> HeadOutput:
    """Return the detections with their keypoints."""
    return replace(found, keypoints=stages.points, keypoint_scores=stages.scores)


def _by_picture(output: MapOutput, boxes: Sequence[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """Cut features and logits into those of each picture, which has as many as it has boxes."""
    cuts = np.cumsum([len(of_picture) for of_picture in boxes])[:-1]
    return (np.split(x.data, cuts) for x in (output.features, output.logits))


def fastrcnn_loss(logits: Tensor, deltas: Tensor, samples: Sequence[Samples]) -> dict[str, Tensor]:
    """Compute the two losses of the box branch.

    The class loss is the cross-entropy over all sampled RoIs. The box loss is the smooth L1 loss of the
    deltas of the true class, for the RoIs that represent objects, divided by the number of all sampled RoIs.

    Source: Girshick 2015, "Fast R-CNN", eq. 1-3.

    Parameters
    ----------
    logits : (R, K) Tensor
        Class logits for the sampled RoIs of all pictures.
    deltas : (R, 4*K) Tensor
        Deltas for the same RoIs.
    samples : sequence of Samples, one per picture
    """
    labels = np.concatenate([s.labels for s in samples])
    goal = np.concatenate([s.deltas for s in samples]).astype(deltas.dtype)
    objects = np.flatnonzero(labels > 0)
    per_class = deltas.reshape(len(labels), -1, 4)  # (R, K, 4)
    own = per_class[objects, labels[objects]]  # (objects, 4)
    distance = box_loss(own, goal[objects], len(labels))
    return {"loss_classifier": ops.cross_entropy(logits, labels), "loss_box_reg": distance}
