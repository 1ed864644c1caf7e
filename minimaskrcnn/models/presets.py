"""Ready-made models. Each preset is one function of plain settings, so that a checkpoint can name it.

mini     residual backbone, pyramid P2-P4, about a million parameters: trains on a laptop in minutes
mini_c4  the same body without a pyramid, and the paper's other heads (figure 4 left)

The full-size ones are in `published`; `build` knows them all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minimaskrcnn.detection.anchors import AnchorGenerator
from minimaskrcnn.errors import InputError
from minimaskrcnn.models.box_head import BoxPredictor, Res5BoxHead, TwoMLPHead
from minimaskrcnn.models.fpn import BackboneOneMap, BackboneWithFPN, FeaturePyramid
from minimaskrcnn.models.large_stride import mini_stride16
from minimaskrcnn.models.mask_head import MaskHeadFPN, MaskPredictor
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.mini_body import GREY_MEAN, GREY_STD, group_norm, mini_body
from minimaskrcnn.models.paste import unrounded
from minimaskrcnn.models.published import (
    RATIOS,
    fasterrcnn_resnet50_fpn,
    maskrcnn_resnet50_fpn,
    resnet_c4,
    resnet_c5,
    resnet_fpn,
)
from minimaskrcnn.models.resnet import BasicBlock, residual_stage
from minimaskrcnn.models.roi_extractor import RoIExtractor
from minimaskrcnn.models.roi_heads import MaskBranch, RoIHeads
from minimaskrcnn.models.rpn import RegionProposalNetwork, RPNHead
from minimaskrcnn.models.transform import ImageTransform


def mini(
    num_classes: int,
    *,
    anchor_sizes: Sequence[float] = (16, 32, 64),
    roi_operator: str = "roi_align",
    masks: bool = True,
    image_size: tuple[int, int] = (128, 256),
    proposals: tuple[int, int] = (300, 200),
    samples: tuple[int, int] = (128, 64),
    score_thresh: float = 0.05,
    detections_per_img: int = 100,
    rng: np.random.Generator | None = None,
) -> MaskRCNN:
    """A small Mask R-CNN with everything in it: about a million parameters.

    Parameters
    ----------
    num_classes : int
        With background.
    anchor_sizes : three floats
        Side in pixels of the anchors on P2, P3, P4 (strides 4, 8, 16), each at ratios 1/2, 1, 2.
    roi_operator : str
        A name in `roi_extractor.OPERATORS`: roi_align, roi_pool, roi_warp, ...
    masks : bool
        Without them this is Faster R-CNN.
    image_size : (min, max)
        The shorter side is resized to min unless the longer would pass max. Pixels.
    proposals : (training, prediction)
        How many a picture.
    samples : (anchors, RoIs)
        How many of each the losses of a picture are taken over; pictures full of objects need more.
    score_thresh : float
        A detection needs more than this.
    detections_per_img : int
    rng : Generator, optional
        Draws the weights; without it they are zeros, to be loaded.
    """
    config = {
        "preset": "mini",
        "num_classes": num_classes,
        "anchor_sizes": list(anchor_sizes),
        "roi_operator": roi_operator,
        "masks": masks,
        "image_size": list(image_size),
        "proposals": list(proposals),
        "samples": list(samples),
        "score_thresh": score_thresh,
        "detections_per_img": detections_per_img,
    }
    channels = 64
    body = mini_body(rng)
    backbone = BackboneWithFPN(body, FeaturePyramid(body.out_channels, channels, extra_level=False, rng=rng))
    rpn = _mini_rpn(tuple((size,) for size in anchor_sizes), channels, proposals, samples[0], rng)
    box_head = TwoMLPHead(channels * 7 * 7, 128, rng=rng)
    box_predictor = BoxPredictor(128, num_classes, rng=rng)
    mask = None
    if masks:
        mask = MaskBranch(
            RoIExtractor(body.out_strides, 14, roi_operator, canonical_scale=112),
            MaskHeadFPN(channels, (64, 64), rng=rng),
            MaskPredictor(64, 64, num_classes, rng=rng),
        )
    heads = RoIHeads(
        RoIExtractor(body.out_strides, 7, roi_operator, canonical_scale=112),
        box_head,
        box_predictor,
        mask,
        batch_size_per_image=samples[1],
        score_thresh=score_thresh,
        detections_per_img=detections_per_img,
    )
    return MaskRCNN(_mini_transform(image_size), backbone, rpn, heads, num_classes, config, unrounded)


def mini_c4(
    num_classes: int,
    *,
    anchor_sizes: Sequence[float] = (16, 32, 64),
    roi_operator: str = "roi_align",
    image_size: tuple[int, int] = (128, 256),
    proposals: tuple[int, int] = (300, 200),
    samples: tuple[int, int] = (128, 64),
    detections_per_img: int = 100,
    rng: np.random.Generator | None = None,
) -> MaskRCNN:
    """The mini body without a pyramid and with the paper's C4 heads: one more residual stage on each RoI.

    Parameters are those of `mini`; all anchors sit on the one map, of stride 16. The mask branch uses the
    same residual stage as the box branch, then a 2x deconvolution: masks are 14x14.
    """
    config = {
        "preset": "mini_c4",
        "num_classes": num_classes,
        "anchor_sizes": list(anchor_sizes),
        "roi_operator": roi_operator,
        "image_size": list(image_size),
        "proposals": list(proposals),
        "samples": list(samples),
        "detections_per_img": detections_per_img,
    }
    backbone = BackboneOneMap(mini_body(rng))
    rpn = _mini_rpn((tuple(anchor_sizes),), backbone.out_channels, proposals, samples[0], rng)
    res5 = residual_stage(BasicBlock, backbone.out_channels, 128, 1, 1, group_norm, rng=rng)
    extractor = RoIExtractor(backbone.strides, 7, roi_operator)
    heads = RoIHeads(
        extractor,
        Res5BoxHead(res5),
        BoxPredictor(128, num_classes, rng=rng),
        MaskBranch(extractor, res5, MaskPredictor(128, 64, num_classes, rng=rng)),
        batch_size_per_image=samples[1],
        detections_per_img=detections_per_img,
    )
    return MaskRCNN(_mini_transform(image_size), backbone, rpn, heads, num_classes, config, unrounded)


def _mini_rpn(
    sizes: Sequence[Sequence[float]],
    channels: int,
    proposals: tuple[int, int],
    samples: int,
    rng: np.random.Generator | None,
) -> RegionProposalNetwork:
    anchors = AnchorGenerator(sizes, (RATIOS,) * len(sizes))
    head = RPNHead(channels, anchors.num_anchors_per_location()[0], rng=rng)
    train, predict = proposals
    return RegionProposalNetwork(
        anchors,
        head,
        batch_size_per_image=samples,
        pre_nms_top_n=(2 * train, 2 * predict),
        post_nms_top_n=(train, predict),
    )


def _mini_transform(image_size: tuple[int, int]) -> ImageTransform:
    return ImageTransform(image_size[0], image_size[1], GREY_MEAN, GREY_STD, size_divisible=16)


PRESETS: dict[str, Callable[..., MaskRCNN]] = {
    "mini": mini,
    "mini_c4": mini_c4,
    "mini_stride16": mini_stride16,
    "maskrcnn_resnet50_fpn": maskrcnn_resnet50_fpn,
    "fasterrcnn_resnet50_fpn": fasterrcnn_resnet50_fpn,
    "resnet_fpn": resnet_fpn,
    "resnet_c4": resnet_c4,
    "resnet_c5": resnet_c5,
}


def build(config: dict[str, Any], rng: np.random.Generator | None = None) -> MaskRCNN:
    """The model that a `config` (of `MaskRCNN.config`) describes.

    Raises
    ------
    InputError
        If the preset or one of its settings is unknown.
    """
    settings = dict(config)
    name = settings.pop("preset", None)
    if name not in PRESETS:
        raise InputError(f"preset {name!r} is unknown; choose one of {', '.join(PRESETS)}.")
    try:
        return PRESETS[name](**settings, rng=rng)
    except TypeError as error:
        raise InputError(f"preset {name!r} does not take these settings: {error}.") from error
