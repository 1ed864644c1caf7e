"""The numbers around the layers: torchvision's keyword arguments of FasterRCNN, with its names and defaults.

settings = Settings(min_size=480, rpn_nms_thresh=0.6)
settings.transform()   settings.rpn(anchors, head)   settings.heads(extractor, head, predictor, mask)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from minimaskrcnn import nn
from minimaskrcnn.detection.anchors import AnchorGenerator
from minimaskrcnn.models.roi_extractor import RoIExtractor
from minimaskrcnn.models.roi_heads import MaskBranch, RoIHeads
from minimaskrcnn.models.rpn import RegionProposalNetwork, RPNHead
from minimaskrcnn.models.transform import IMAGENET_MEAN, IMAGENET_STD, ImageTransform


@dataclass(frozen=True)
class Settings:
    """What a detector needs to know beside its layers.

    Attributes
    ----------
    min_size, max_size : int
        The shorter side is resized to min unless the longer would pass max. Pixels.
    image_mean, image_std : three floats, on the [0, 1] scale
    rpn_pre_nms_top_n_train, ..._test : int
        Anchors of each level that go into NMS.
    rpn_post_nms_top_n_train, ..._test : int
        Proposals a picture.
    rpn_nms_thresh, rpn_score_thresh : float
        IoU above which the lower score goes; least probability of an object.
    rpn_fg_iou_thresh, rpn_bg_iou_thresh : float
        Anchors with IoU >= fg are objects, < bg background; the rest is not trained on.
    rpn_batch_size_per_image, rpn_positive_fraction : int, float
        Anchors the losses of a picture are taken over, and the largest part of them that are objects.
    box_score_thresh, box_nms_thresh, box_detections_per_img : float, float, int
        The filters of prediction.
    box_fg_iou_thresh, box_bg_iou_thresh, box_batch_size_per_image, box_positive_fraction
        As for the RPN, for RoIs.
    bbox_reg_weights : four floats that scale the deltas of the box head
    """

    min_size: int = 800
    max_size: int = 1333
    image_mean: Sequence[float] = IMAGENET_MEAN
    image_std: Sequence[float] = IMAGENET_STD
    rpn_pre_nms_top_n_train: int = 2000
    rpn_pre_nms_top_n_test: int = 1000
    rpn_post_nms_top_n_train: int = 2000
    rpn_post_nms_top_n_test: int = 1000
    rpn_nms_thresh: float = 0.7
    rpn_fg_iou_thresh: float = 0.7
    rpn_bg_iou_thresh: float = 0.3
    rpn_batch_size_per_image: int = 256
    rpn_positive_fraction: float = 0.5
    rpn_score_thresh: float = 0.0
    box_score_thresh: float = 0.05
    box_nms_thresh: float = 0.5
    box_detections_per_img: int = 100
    box_fg_iou_thresh: float = 0.5
    box_bg_iou_thresh: float = 0.5
    box_batch_size_per_image: int = 512
    box_positive_fraction: float = 0.25
    bbox_reg_weights: Sequence[float] = (10.0, 10.0, 5.0, 5.0)

    def as_config(self) -> dict[str, Any]:
        """The settings as a checkpoint keeps them: JSON has lists, no tuples."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }

    def transform(self) -> ImageTransform:
        """The way in."""
        return ImageTransform(self.min_size, self.max_size, tuple(self.image_mean), tuple(self.image_std))

    def rpn(self, anchors: AnchorGenerator, head: RPNHead) -> RegionProposalNetwork:
        """The first stage around its anchors and its layers."""
        return RegionProposalNetwork(
            anchors,
            head,
            fg_iou_thresh=self.rpn_fg_iou_thresh,
            bg_iou_thresh=self.rpn_bg_iou_thresh,
            batch_size_per_image=self.rpn_batch_size_per_image,
            positive_fraction=self.rpn_positive_fraction,
            pre_nms_top_n=(self.rpn_pre_nms_top_n_train, self.rpn_pre_nms_top_n_test),
            post_nms_top_n=(self.rpn_post_nms_top_n_train, self.rpn_post_nms_top_n_test),
            nms_thresh=self.rpn_nms_thresh,
            score_thresh=self.rpn_score_thresh,
        )

    def heads(
        self, extractor: RoIExtractor, head: nn.Module, predictor: nn.Module, mask: MaskBranch | None
    ) -> RoIHeads:
        """The second stage around its layers; without `mask` it is Faster R-CNN's."""
        dx, dy, dw, dh = self.bbox_reg_weights
        return RoIHeads(
            extractor,
            head,
            predictor,
            mask,
            fg_iou_thresh=self.box_fg_iou_thresh,
            bg_iou_thresh=self.box_bg_iou_thresh,
            batch_size_per_image=self.box_batch_size_per_image,
            positive_fraction=self.box_positive_fraction,
            bbox_reg_weights=(dx, dy, dw, dh),
            score_thresh=self.box_score_thresh,
            nms_thresh=self.box_nms_thresh,
            detections_per_img=self.box_detections_per_img,
        )
