"""The published models: ResNet with frozen-size pyramid and heads, torchvision's defaults and names.

maskrcnn_resnet_fpn(50)  has the layers, state names and thresholds of maskrcnn_resnet50_fpn
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minimaskrcnn import nn
from minimaskrcnn.detection.anchors import AnchorGenerator
from minimaskrcnn.errors import InputError
from minimaskrcnn.models.box_head import BoxPredictor, TwoMLPHead
from minimaskrcnn.models.fpn import BackboneWithFPN, FeaturePyramid
from minimaskrcnn.models.mask_head import MaskHeadFPN, MaskPredictor
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.resnet import BasicBlock, Block, Bottleneck, Norm, ResNet
from minimaskrcnn.models.roi_extractor import RoIExtractor
from minimaskrcnn.models.roi_heads import MaskBranch, RoIHeads
from minimaskrcnn.models.rpn import RegionProposalNetwork, RPNHead
from minimaskrcnn.models.transform import ImageTransform

DEPTHS: dict[int, tuple[Block, tuple[int, ...]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
}
ANCHOR_SIZES = (32, 64, 128, 256, 512)
RATIOS = (0.5, 1.0, 2.0)


def resnet(
    depth: int, norm: Norm = nn.FrozenBatchNorm2d, *, rng: np.random.Generator | None = None
) -> ResNet:
    """ResNet-18, -34, -50 or -101 with stages at strides 4, 8, 16, 32."""
    if depth not in DEPTHS:
        raise InputError(f"resnet: depth {depth} is unknown; choose one of {', '.join(map(str, DEPTHS))}.")
    block, blocks = DEPTHS[depth]
    return ResNet(block, 64, (64, 128, 256, 512), blocks, (1, 2, 2, 2), norm, rng=rng)


def maskrcnn_fpn(
    body: ResNet,
    num_classes: int,
    *,
    channels: int = 256,
    box_width: int = 1024,
    mask_widths: Sequence[int] | None = (256, 256, 256, 256),
    anchor_sizes: Sequence[float] = ANCHOR_SIZES,
    min_size: int = 800,
    max_size: int = 1333,
    rpn_batch_size_per_image: int = 256,
    rpn_pre_nms_top_n: tuple[int, int] = (2000, 1000),
    rpn_post_nms_top_n: tuple[int, int] = (2000, 1000),
    box_batch_size_per_image: int = 512,
    box_score_thresh: float = 0.05,
    box_detections_per_img: int = 100,
    roi_operator: str = "roi_align",
    rng: np.random.Generator | None = None,
) -> MaskRCNN:
    """Pyramid P2-P6, heads and thresholds of torchvision's maskrcnn_*_fpn around a given body.

    Parameters
    ----------
    body : ResNet
    num_classes : int, with background
    channels : int, of the pyramid
    box_width : int, of the two fully connected layers
    mask_widths : of the mask head's 3x3 convolutions; None makes Faster R-CNN
    anchor_sizes : one for each level, the RPN's extra level included; pixels
    min_size, max_size : shorter and longer side after resizing; pixels
    rpn_pre_nms_top_n, rpn_post_nms_top_n : (training, prediction)
    rpn_batch_size_per_image, box_batch_size_per_image : anchors and RoIs sampled for the losses
    box_score_thresh, box_detections_per_img : filters of prediction
    roi_operator : a name in `roi_extractor.OPERATORS`
    rng : Generator that draws the weights; without it they are zeros, to be loaded
    """
    backbone = BackboneWithFPN(body, FeaturePyramid(body.out_channels, channels, extra_level=True, rng=rng))
    anchors = AnchorGenerator(tuple((size,) for size in anchor_sizes), (RATIOS,) * len(anchor_sizes))
    rpn = RegionProposalNetwork(
        anchors,
        RPNHead(channels, anchors.num_anchors_per_location()[0], rng=rng),
        batch_size_per_image=rpn_batch_size_per_image,
        pre_nms_top_n=rpn_pre_nms_top_n,
        post_nms_top_n=rpn_post_nms_top_n,
    )
    mask = None
    if mask_widths is not None:
        mask = MaskBranch(
            RoIExtractor(body.out_strides, 14, roi_operator),
            MaskHeadFPN(channels, mask_widths, rng=rng),
            MaskPredictor(mask_widths[-1], mask_widths[-1], num_classes, rng=rng),
        )
    heads = RoIHeads(
        RoIExtractor(body.out_strides, 7, roi_operator),
        TwoMLPHead(channels * 7 * 7, box_width, rng=rng),
        BoxPredictor(box_width, num_classes, rng=rng),
        mask,
        batch_size_per_image=box_batch_size_per_image,
        score_thresh=box_score_thresh,
        detections_per_img=box_detections_per_img,
    )
    return MaskRCNN(ImageTransform(min_size, max_size), backbone, rpn, heads, num_classes)
