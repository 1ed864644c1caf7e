"""The whole detector, in the order in which a picture passes through it.

    transform -> backbone -> RPN -> RoI heads -> restore

Training and prediction are two methods, `losses` and `predict`, so that each has one return type.
Source: He et al. 2017, "Mask R-CNN"; the pieces and their names are torchvision's.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from minimaskrcnn import nn
from minimaskrcnn.autograd import Tensor, no_grad
from minimaskrcnn.checks import describe
from minimaskrcnn.detection.boxes import resize_boxes
from minimaskrcnn.detection.keypoints import resize_keypoints
from minimaskrcnn.detection.skeleton import Skeleton, numbered
from minimaskrcnn.detection.stages import PictureStages
from minimaskrcnn.detection.structures import Detections, Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.inspection.assembly import assemble
from minimaskrcnn.inspection.context import TraceContext
from minimaskrcnn.inspection.trace import Trace
from minimaskrcnn.models.config import Config
from minimaskrcnn.models.fpn import Backbone
from minimaskrcnn.models.losses import Losses
from minimaskrcnn.models.paste import Paste, rounded
from minimaskrcnn.models.roi_heads import (
    RoIHeads,
    check_activations,
    detections_of,
    with_keypoints,
    with_masks,
)
from minimaskrcnn.models.roi_records import HeadOutput
from minimaskrcnn.models.rpn import RegionProposalNetwork
from minimaskrcnn.models.transform import ImageTransform, Size, check_images

_lock = threading.Lock()
_evaluations: dict[nn.Module, tuple[int, list[tuple[nn.Module, bool]]]] = {}
"""The models that predict now: in how many threads, and the mode that each of their modules had before."""


class MaskRCNN(nn.Module):
    """Mask R-CNN; without a mask branch in its heads it is Faster R-CNN, with keypoints Keypoint R-CNN.

    Parameters
    ----------
    transform : ImageTransform
    backbone : Backbone
    rpn : RegionProposalNetwork
    roi_heads : RoIHeads
    num_classes : int
        Number of classes, including background.
    paste : callable
        The function that turns 28x28 probabilities into masks of the picture's size: `paste.rounded`, which
        is torchvision's, or `paste.unrounded`.
    config : Config, optional
        All settings, which a checkpoint stores so that the model can be built again.

    Attributes
    ----------
    class_names : tuple of str
        The names by label, background first; "class 1", "class 2", ... until they are set.
    skeleton : Skeleton or None
        The names of the keypoints and the limbs between them; None without a keypoint branch.
    prepare : tuple of str
        The steps that prepared the pictures of the training set (`data.preparation`). If you read pictures
        for `predict`, prepare them in the same way first: `data.prepare(image, model.prepare)`.
    """

    class_names: tuple[str, ...]

    def __init__(
        self,
        transform: ImageTransform,
        backbone: Backbone,
        rpn: RegionProposalNetwork,
        roi_heads: RoIHeads,
        num_classes: int,
        config: Config | None = None,
        paste: Paste = rounded,
    ):
        super().__init__()
        self.paste = paste
        self.transform, self.num_classes, self.config = transform, num_classes, config
        self.backbone, self.rpn, self.roi_heads = backbone, rpn, roi_heads
        self.class_names = numbered_classes(num_classes)
        keypoints = 0 if config is None else config.keypoints
        self.skeleton: Skeleton | None = numbered(keypoints) if keypoints else None
        self.prepare: tuple[str, ...] = ()

    @property
    def dtype(self) -> np.dtype:
        """The float type of the weights; pictures are converted to it."""
        return self.parameters()[0].dtype

    def losses(
        self,
        images: Sequence[np.ndarray],
        targets: Sequence[Target],
        rng: np.random.Generator,
    ) -> Losses:
        """Compute the losses of a batch, whose sum training minimises.

        There are five: one less without masks, one more with keypoints.

        Parameters
        ----------
        images : sequence of (3, H, W) float arrays in [0, 1]
        targets : sequence of Target, one per picture; crowds are ignored
        rng : Generator that samples anchors and RoIs

        Raises
        ------
        InputError
            If the numbers of pictures and targets differ, or one of them is not valid.
        """
        check_images(images)
        if not isinstance(targets, tuple | list) or len(images) != len(targets) or not images:
            raise InputError(
                f"losses: got {len(images)} images and targets {describe(targets)}; pass one Target for each."
            )
        for image, target in zip(images, targets, strict=True):
            self._check_target(image, target)
        targets = [_without_crowd(target) for target in targets]
        batch, resized = self.transform(images, targets, self.dtype)
        pyramid = self.backbone(Tensor(batch.images)).pyramid
        output = self.rpn(batch, pyramid)
        proposals = [stages.proposals for stages in self.rpn.propose(output, batch.sizes)]
        losses = self.rpn.losses(output.anchors, output.objectness, output.deltas, resized, rng)
        return losses | self.roi_heads.losses(pyramid, proposals, resized, rng)

    def _check_target(self, image: np.ndarray, target: Target) -> None:
        if not isinstance(target, Target):
            raise InputError(f"losses: expected a Target for each image; got {describe(target)}.")
        target.validate(image.shape, self.num_classes)
        if self.roi_heads.has_mask and target.masks is None:
            raise InputError(
                f"losses: the target of image {target.image_id} has no masks, but the model has a mask head; "
                "add masks (N, H, W), or build the model with masks=False."
            )
        count = 0 if self.config is None else self.config.keypoints
        if count and (target.keypoints is None or target.keypoints.shape[1] != count):
            raise InputError(
                f"losses: the target of image {target.image_id} needs keypoints (N, {count}, 3) for this "
                f"model; got {describe(target.keypoints)}."
            )

    def predict(self, images: Sequence[np.ndarray]) -> list[Detections]:
        """Find the objects of each picture: best first, in pixels of that picture, masks thresholded at 0.5.

        `predict` keeps only what the next stage needs; `trace` keeps everything.

        Parameters
        ----------
        images : sequence of (3, H, W) float arrays in [0, 1]
        """
        check_images(images)
        if not images:
            return []
        with no_grad(), _evaluating(self):
            batch, _ = self.transform(images, None, self.dtype)
            pyramid = self.backbone(Tensor(batch.images)).pyramid
            output = self.rpn(batch, pyramid)
            check_activations(output.objectness, output.deltas)
            proposals = [stages.proposals for stages in self.rpn.propose(output, batch.sizes)]
            found = self.roi_heads.predict(pyramid, proposals, batch.sizes)
        return [
            restore(f, size, original, self.paste)
            for f, size, original in zip(found, batch.sizes, batch.original_sizes, strict=True)
        ]

    forward = predict

    def trace(self, image: np.ndarray) -> Trace:
        """Predict one picture (3, H, W) and keep every stage by name, with names for its axes."""
        stages = self.stages(image)
        return assemble(stages, self._context(stages.strides))

    def stages(self, image: np.ndarray) -> PictureStages:
        """Predict one picture (3, H, W) as `predict` does, and keep the result of every step."""
        heads = self.roi_heads
        with no_grad(), _evaluating(self):
            batch, _ = self.transform([image], None, self.dtype)
            maps = self.backbone(Tensor(batch.images))
            output = self.rpn(batch, maps.pyramid)
            check_activations(output.objectness, output.deltas)
            [rpn] = self.rpn.propose(output, batch.sizes)
            [boxes] = heads.detect(heads.classify(maps.pyramid, [rpn.proposals]), batch.sizes)
            found, masks, points = detections_of(boxes), None, None
            if heads.has_mask:
                [masks] = heads.segment(heads.draw(maps.pyramid, [found.boxes]), [found.labels])
                found = with_masks(found, masks)
            if heads.has_keypoints:
                [points] = heads.locate(heads.heat(maps.pyramid, [found.boxes]), [found.boxes])
                found = with_keypoints(found, points)
        height, width = batch.sizes[0]
        return PictureStages(
            image=image,
            transformed=batch.images[0, :, :height, :width],
            backbone={name: features.data[0] for name, features in maps.body.items()},
            pyramid={name: features.data[0] for name, features in maps.pyramid.items()},
            strides=output.strides,
            rpn=rpn,
            boxes=boxes,
            masks=masks,
            keypoints=points,
            detection_boxes=found.boxes,
            detections=restore(found, batch.sizes[0], batch.original_sizes[0], self.paste),
        )

    def anchors(self, image: np.ndarray) -> np.ndarray:
        """The anchors (A, 4) that the RPN starts from in one picture (3, H, W), pixels of the resized one."""
        with no_grad(), _evaluating(self):
            batch, _ = self.transform([image], None, self.dtype)
            return self.rpn(batch, self.backbone(Tensor(batch.images)).pyramid).anchors

    def _context(self, strides: dict[str, Size]) -> TraceContext:
        """Collect what the arrays of a trace do not contain: names, strides, thresholds and rules."""
        rpn, heads, post = self.rpn, self.roi_heads, self.roi_heads.postprocess
        return TraceContext(
            class_names=self.class_names,
            skeleton=self.skeleton,
            strides=strides,
            paste_rule=getattr(self.paste, "__name__", "unknown"),
            roi_operator=heads.box_extractor.operator,
            sampling_ratio=heads.box_extractor.sampling_ratio,
            rpn_fg_iou_thresh=rpn.matcher.high_threshold,
            rpn_bg_iou_thresh=rpn.matcher.low_threshold,
            rpn_pre_nms_top_n=rpn.pre_nms_top_n[1],
            rpn_post_nms_top_n=rpn.post_nms_top_n[1],
            rpn_nms_thresh=rpn.nms_thresh,
            rpn_score_thresh=rpn.score_thresh,
            rpn_min_size=rpn.min_size,
            box_fg_iou_thresh=heads.matcher.high_threshold,
            box_bg_iou_thresh=heads.matcher.low_threshold,
            box_score_thresh=post.score_thresh,
            box_nms_thresh=post.nms_thresh,
            box_detections_per_img=post.detections_per_img,
        )


def restore(found: HeadOutput, size: Size, original: Size, paste: Paste = rounded) -> Detections:
    """Carry boxes and keypoints from the resized picture to the original one, and paste the masks there."""
    boxes = resize_boxes(found.boxes, size, original)
    masks = points = None
    if found.mask_probs is not None:
        masks = paste(found.mask_probs, found.boxes, size, original, 0.5)
    if found.keypoints is not None:
        points = resize_keypoints(found.keypoints, size, original)
    return Detections(boxes, found.labels, found.scores, masks, points, found.keypoint_scores)


def _without_crowd(target: Target) -> Target:
    """Drop the crowd regions of a target: each covers many objects, so there is no single one to learn."""
    single = ~target.iscrowd
    if single.all():
        return target
    return replace(
        target,
        boxes=target.boxes[single],
        labels=target.labels[single],
        masks=None if target.masks is None else target.masks[single],
        iscrowd=target.iscrowd[single],
        keypoints=None if target.keypoints is None else target.keypoints[single],
    )


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, the modes from before afterwards.

    Where several threads predict at once, the first to come takes note of the modes and the last to go puts
    them back: one that came in between would take the evaluation mode of another for the model's own.
    """
    with _lock:
        inside, before = _evaluations.get(model, (0, []))
        if not inside:
            before = [(module, module.training) for _, module in model.named_modules()]
            model.eval()
        _evaluations[model] = inside + 1, before
    try:
        yield
    finally:
        with _lock:
            inside, before = _evaluations.pop(model)
            if inside > 1:
                _evaluations[model] = inside - 1, before
            else:
                for module, training in before:
                    module.training = training


def numbered_classes(num_classes: int) -> tuple[str, ...]:
    """Return placeholder names for classes without names.

    >>> numbered_classes(3)
    ('background', 'class 1', 'class 2')
    """
    return ("background", *(f"class {label}" for label in range(1, num_classes)))
