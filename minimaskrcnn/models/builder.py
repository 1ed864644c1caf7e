"""Build a model from a `Config`: one short function per part, in the order of the picture's path.

    transform -> backbone (body and neck) -> RPN -> RoI heads

Each function takes the Generator that draws the weights. Without a Generator the weights are zeros, to be
loaded from a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from minimaskrcnn import nn
from minimaskrcnn.detection.anchors import AnchorGenerator
from minimaskrcnn.models.box_head import BoxPredictor, ConvFCHead, Res5BoxHead, TwoMLPHead
from minimaskrcnn.models.bricks import Norm
from minimaskrcnn.models.config import NORM_GROUPS, Config
from minimaskrcnn.models.fpn import BackboneLastMap, BackboneWithFPN, Body, FeaturePyramid
from minimaskrcnn.models.freezing import freeze_backbone
from minimaskrcnn.models.keypoint_head import KeypointHead, KeypointPredictor
from minimaskrcnn.models.mask_head import MaskHeadFPN, MaskMLPPredictor, MaskPredictor
from minimaskrcnn.models.mask_output import MASK_RULES
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.mobilenet import MobileNetV3
from minimaskrcnn.models.paste import RULES
from minimaskrcnn.models.resnet import BasicBlock, Bottleneck, ResNet, residual_stage
from minimaskrcnn.models.roi_extractor import RoIExtractor
from minimaskrcnn.models.roi_heads import RoIHeads
from minimaskrcnn.models.roi_records import KeypointBranch, MaskBranch
from minimaskrcnn.models.rpn import RegionProposalNetwork, RPNHead
from minimaskrcnn.models.transform import ImageTransform

Rng = np.random.Generator | None

NORMS: dict[str, Callable[..., nn.Module]] = {
    "frozen": nn.FrozenBatchNorm2d,
    "batch": nn.BatchNorm2d,
    "group": partial(nn.GroupNorm, NORM_GROUPS),
}
BLOCKS: dict[str, type[BasicBlock] | type[Bottleneck]] = {"basic": BasicBlock, "bottleneck": Bottleneck}


def build_model(config: Config, rng: Rng = None) -> MaskRCNN:
    """Build the whole detector."""
    backbone = build_backbone(config, rng)
    rpn = build_rpn(config, backbone.out_channels, rng)
    heads = build_heads(config, backbone, rng)
    transform = build_transform(config)
    model = MaskRCNN(transform, backbone, rpn, heads, config.num_classes, config, RULES[config.paste])
    freeze_backbone(model, config.trainable_backbone_layers)
    return model


def describe_model(config: Config) -> MaskRCNN:
    """The detector with the shapes of its weights, but without memory for them until `load_state_dict`."""
    with nn.init.described():
        return build_model(config)


def build_transform(config: Config) -> ImageTransform:
    """Build the transform, which turns pictures into a batch."""
    return ImageTransform(
        config.min_size,
        config.max_size,
        config.image_mean,
        config.image_std,
        config.size_divisible,
        config.fixed_size,
    )


# ---- backbone ------------------------------------------------------------------------------------------


def build_backbone(config: Config, rng: Rng = None) -> BackboneWithFPN | BackboneLastMap:
    """Build the body, with a pyramid on top of it or with its last map only."""
    body = build_body(config, rng)
    if config.neck == "last_map" or config.out_channels is None:
        return BackboneLastMap(body, config.out_channels, rng=rng)
    fpn = FeaturePyramid(
        body.out_channels, config.out_channels, config.extra_level, build_head_norm(config), rng=rng
    )
    return BackboneWithFPN(body, fpn)


def build_body(config: Config, rng: Rng = None) -> Body:
    """Build the network that computes the first maps."""
    if config.body == "mobilenet_v3_large":
        return MobileNetV3(build_norm(config), rng=rng)
    return build_resnet(config, rng)


def build_resnet(config: Config, rng: Rng = None) -> ResNet:
    """Build the residual network. If the box head is res5, the last stage is left for the head."""
    stages = len(config.blocks) - (config.box_head == "res5")
    return ResNet(
        BLOCKS[config.block],
        config.stem_channels,
        config.planes[:stages],
        config.blocks[:stages],
        config.stage_strides[:stages],
        build_norm(config),
        dilate=(False, *config.replace_stride_with_dilation)[:stages],
        stem_kernel=config.stem_kernel,
        stem_pool=config.stem_pool,
        rng=rng,
    )


def build_norm(config: Config) -> Norm:
    """Return a function that takes a number of channels and returns a norm layer of the body."""
    return partial(NORMS[config.norm], eps=config.norm_eps)


def build_head_norm(config: Config) -> Norm | None:
    """The same for the pyramid and the heads, or None."""
    return None if config.head_norm == "none" else partial(NORMS[config.head_norm], eps=config.norm_eps)


# ---- RPN -----------------------------------------------------------------------------------------------


def build_rpn(config: Config, channels: int, rng: Rng = None) -> RegionProposalNetwork:
    """Build the RPN, with one size of anchor on each level of a pyramid, or all sizes on every map."""
    sizes: list[tuple[float, ...]] = [(size,) for size in config.anchor_sizes]
    if config.neck == "last_map" or config.all_sizes_on_each_level:
        sizes = [config.anchor_sizes] * config.levels
    anchors = AnchorGenerator(sizes, config.aspect_ratios)
    return RegionProposalNetwork(
        anchors,
        RPNHead(channels, anchors.num_anchors_per_location()[0], config.rpn_conv_depth, rng=rng),
        fg_iou_thresh=config.rpn_fg_iou_thresh,
        bg_iou_thresh=config.rpn_bg_iou_thresh,
        batch_size_per_image=config.rpn_batch_size_per_image,
        positive_fraction=config.rpn_positive_fraction,
        pre_nms_top_n=(config.rpn_pre_nms_top_n_train, config.rpn_pre_nms_top_n_test),
        post_nms_top_n=(config.rpn_post_nms_top_n_train, config.rpn_post_nms_top_n_test),
        nms_thresh=config.rpn_nms_thresh,
        score_thresh=config.rpn_score_thresh,
    )


# ---- heads ---------------------------------------------------------------------------------------------


def build_heads(config: Config, backbone: BackboneWithFPN | BackboneLastMap, rng: Rng = None) -> RoIHeads:
    """Build the second stage: a box branch, a mask branch and a keypoint branch.

        two_mlp   RoI 7x7   -> fc6 -> fc7 -> class and box
        conv_fc   RoI 7x7   -> convolutions -> fc -> class and box
                  RoI 14x14 -> convolutions -> deconvolution -> mask 28x28   (mask_head: fcn)
                  RoI 14x14 -> three fully connected layers  -> mask 28x28   (mask_head: mlp)
                  RoI 14x14 -> convolutions -> deconvolution -> heat maps 56x56
        res5      RoI 7x7   -> res5 -> average -> class and box
                               res5 -> deconvolution -> mask 14x14

    Source: Mask R-CNN, figure 4, right and left. Its caption gives res5 a 7x7 RoI and stride 1.
    """
    channels, strides = backbone.out_channels, backbone.strides[: len(backbone.body.out_strides)]
    extractor = build_extractor(config, strides, config.box_output_size)
    res5, mask_extractor = None, build_extractor(config, strides, config.mask_output_size)
    if config.box_head == "res5":
        res5, mask_extractor = build_res5(config, channels, rng), extractor
    if config.draw_masks_first:
        mask = build_mask_branch(config, channels, mask_extractor, res5, rng)
        head, predictor = build_box_branch(config, channels, res5, rng)
    else:
        head, predictor = build_box_branch(config, channels, res5, rng)
        mask = build_mask_branch(config, channels, mask_extractor, res5, rng)
    return RoIHeads(
        extractor,
        head,
        predictor,
        mask,
        build_keypoint_branch(config, channels, strides, rng),
        fg_iou_thresh=config.box_fg_iou_thresh,
        bg_iou_thresh=config.box_bg_iou_thresh,
        batch_size_per_image=config.box_batch_size_per_image,
        positive_fraction=config.box_positive_fraction,
        bbox_reg_weights=config.bbox_reg_weights,
        score_thresh=config.box_score_thresh,
        nms_thresh=config.box_nms_thresh,
        detections_per_img=config.box_detections_per_img,
    )


def build_extractor(config: Config, strides: Sequence[int], output_size: int) -> RoIExtractor:
    """Build the extractor, which reads the features of each RoI from the level that fits its size."""
    return RoIExtractor(
        strides, output_size, config.roi_operator, config.sampling_ratio, config.canonical_scale
    )


def build_res5(config: Config, channels: int, rng: Rng = None) -> nn.Sequential:
    """Build the last stage of the ResNet, which is applied to each RoI."""
    last = config.planes[-1], config.blocks[-1], config.stage_strides[-1]
    return residual_stage(BLOCKS[config.block], channels, *last, build_norm(config), rng=rng)


def build_box_branch(
    config: Config, channels: int, res5: nn.Sequential | None, rng: Rng = None
) -> tuple[TwoMLPHead | ConvFCHead | Res5BoxHead, BoxPredictor]:
    """Build the layers from RoI features to one vector, and from the vector to class logits and deltas."""
    if res5 is not None:
        return Res5BoxHead(res5), BoxPredictor(_res5_width(config), config.num_classes, rng=rng)
    head: TwoMLPHead | ConvFCHead
    side, width = config.box_output_size, config.representation_size
    if config.box_head == "conv_fc":
        head = ConvFCHead(channels, side, config.box_layers, width, build_head_norm(config), rng=rng)
    else:
        head = TwoMLPHead(channels * side**2, width, rng=rng)
    return head, BoxPredictor(width, config.num_classes, rng=rng)


def build_mask_branch(
    config: Config, channels: int, extractor: RoIExtractor, res5: nn.Sequential | None, rng: Rng = None
) -> MaskBranch | None:
    """Build the layers from RoI features to one mask for each class, or to a class-agnostic one."""
    if not config.masks:
        return None
    rule = MASK_RULES[config.mask_output]
    masks = rule.channels(config.num_classes)
    if config.mask_head == "mlp":
        cells, side = config.mask_output_size**2, 2 * config.mask_output_size
        mlp = TwoMLPHead(channels * cells, config.representation_size, rng=rng)
        return MaskBranch(
            extractor, mlp, MaskMLPPredictor(config.representation_size, masks, side, rng=rng), rule
        )
    head: nn.Module | None = res5
    if head is None:
        head = MaskHeadFPN(channels, config.mask_layers, build_head_norm(config), rng=rng)
    width = _res5_width(config) if res5 is not None else [channels, *config.mask_layers][-1]
    return MaskBranch(extractor, head, MaskPredictor(width, config.mask_dim_reduced, masks, rng=rng), rule)


def build_keypoint_branch(
    config: Config, channels: int, strides: Sequence[int], rng: Rng = None
) -> KeypointBranch | None:
    """Build the layers from RoI features to one heat map for each keypoint."""
    if not config.keypoints:
        return None
    layers = (2 * channels,) * 8 if config.keypoint_layers is None else config.keypoint_layers
    return KeypointBranch(
        build_extractor(config, strides, config.keypoint_output_size),
        KeypointHead(channels, layers, rng=rng),
        KeypointPredictor([channels, *layers][-1], config.keypoints, rng=rng),
    )


def _res5_width(config: Config) -> int:
    return config.planes[-1] * BLOCKS[config.block].expansion
