"""The published detectors: a ResNet, three kinds of feature maps, torchvision's defaults and names.

resnet_fpn   pyramid P2-P6 (figure 4 right); maskrcnn_resnet50_fpn and fasterrcnn_resnet50_fpn are two of it
resnet_c4    one map of stride 16, the last residual stage on each RoI (figure 4 left)
resnet_c5    one map of stride 32 (table 2d), or of stride 16 by dilation; heads as with a pyramid

Each is Mask R-CNN, and with masks=False Faster R-CNN. Source: He et al. 2017, "Mask R-CNN".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np

from minimaskrcnn import nn
from minimaskrcnn.detection.anchors import AnchorGenerator
from minimaskrcnn.errors import InputError
from minimaskrcnn.models.box_head import BoxPredictor, Res5BoxHead, TwoMLPHead
from minimaskrcnn.models.fpn import BackboneOneMap, BackboneWithFPN, FeaturePyramid
from minimaskrcnn.models.freezing import freeze_backbone
from minimaskrcnn.models.mask_head import MaskHeadFPN, MaskPredictor
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.resnet import BasicBlock, Block, Bottleneck, Norm, ResNet, residual_stage
from minimaskrcnn.models.roi_extractor import RoIExtractor
from minimaskrcnn.models.roi_heads import MaskBranch, RoIHeads
from minimaskrcnn.models.rpn import RegionProposalNetwork, RPNHead
from minimaskrcnn.models.settings import Settings

DEPTHS: dict[int, tuple[Block, tuple[int, ...]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
}
STEM, PLANES, STRIDES = 64, (64, 128, 256, 512), (1, 2, 2, 2)
ANCHOR_SIZES = (32, 64, 128, 256, 512)
RATIOS = (0.5, 1.0, 2.0)
BOX_WIDTH, MASK_WIDTHS = 1024, (256, 256, 256, 256)

# One map instead of five levels: as many boxes into NMS as all levels together (Detectron's numbers).
ONE_MAP = {"rpn_pre_nms_top_n_train": 12000, "rpn_pre_nms_top_n_test": 6000}
# Mask R-CNN, section 3.1: 64 sampled RoIs and 300 proposals for C4, against 512 and 1000 with a pyramid.
C4 = {**ONE_MAP, "rpn_post_nms_top_n_test": 300, "box_batch_size_per_image": 64}

# What the first COCO weights of maskrcnn_resnet50_fpn and fasterrcnn_resnet50_fpn were trained with.
COCO_V1 = {"norm": "frozen", "norm_eps": 0.0}


# ---- bodies --------------------------------------------------------------------------------------------


def resnet(
    depth: int,
    norm: Norm = nn.FrozenBatchNorm2d,
    *,
    stages: int = 4,
    replace_stride_with_dilation: Sequence[bool] = (False, False, False),
    rng: np.random.Generator | None = None,
) -> ResNet:
    """ResNet-18, -34, -50 or -101 without its classifier: maps C2-C5 at strides 4, 8, 16, 32.

    Parameters
    ----------
    depth : 18, 34, 50 or 101
    norm : callable (channels) -> Module
    stages : int
        How many of the four residual stages to build, from the stem on.
    replace_stride_with_dilation : three bools
        Whether stages 2, 3, 4 keep their resolution, with their taps moved apart instead.
    rng : Generator, optional
        Draws the weights; without it they are zeros, to be loaded.
    """
    block, blocks = _depth(depth)
    dilate = (False, *replace_stride_with_dilation)[:stages]
    return ResNet(
        block, STEM, PLANES[:stages], blocks[:stages], STRIDES[:stages], norm, dilate=dilate, rng=rng
    )


def _depth(depth: int) -> tuple[Block, tuple[int, ...]]:
    if depth not in DEPTHS:
        raise InputError(f"resnet: depth {depth} is unknown; choose one of {', '.join(map(str, DEPTHS))}.")
    return DEPTHS[depth]


def norm_layer(norm: str, eps: float) -> Norm:
    """Batch norm by name: "frozen" is constant, "batch" is trained and follows the batches."""
    layers: dict[str, Callable[..., nn.Module]] = {"frozen": nn.FrozenBatchNorm2d, "batch": nn.BatchNorm2d}
    if norm not in layers:
        raise InputError(f"norm {norm!r} is unknown; choose one of {', '.join(layers)}.")
    return partial(layers[norm], eps=eps)


# ---- designs -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Design(Settings):
    """What distinguishes one model of a kind from another, beside the numbers of `Settings`.

    Attributes
    ----------
    depth : 18, 34, 50 or 101
    masks : bool
        Without them this is Faster R-CNN.
    norm : "frozen" or "batch"
        Constant batch norm, for weights that are loaded; or trained, for a start from nothing.
    norm_eps : float
        Added to the variance; the first published COCO weights need 0 (`COCO_V1`).
    trainable_backbone_layers : 0 to 5
        How many of layer4, layer3, layer2, layer1, stem are trained, in this order.
    anchor_sizes : floats, pixels
        Of the anchors, each at ratios 1/2, 1, 2; with a pyramid one for each of P2-P6.
    roi_operator : a name in `roi_extractor.OPERATORS`
    """

    depth: int = 50
    masks: bool = True
    norm: str = "frozen"
    norm_eps: float = 1e-5
    trainable_backbone_layers: int = 5
    anchor_sizes: Sequence[float] = ANCHOR_SIZES
    roi_operator: str = "roi_align"

    def mask_widths(self) -> Sequence[int] | None:
        """The mask head's convolutions, if there is one."""
        return MASK_WIDTHS if self.masks else None

    def numbers(self) -> dict[str, Any]:
        """The part that belongs to `Settings`."""
        return {field.name: getattr(self, field.name) for field in fields(Settings)}

    def finish(self, model: MaskRCNN, **named: Any) -> MaskRCNN:
        """Freeze what is not to be trained, and note how to build the model again."""
        model.config = {**named, "num_classes": model.num_classes, **self.as_config()}
        freeze_backbone(model, self.trainable_backbone_layers)
        return model


# ---- with a pyramid ------------------------------------------------------------------------------------


def maskrcnn_resnet50_fpn(
    num_classes: int = 91, *, rng: np.random.Generator | None = None, **options: Any
) -> MaskRCNN:
    """Mask R-CNN as torchvision's function of this name: same layers, state names, anchors, thresholds.

    Parameters are those of `resnet_fpn`. For the published COCO weights: maskrcnn_resnet50_fpn(**COCO_V1).

    >>> sum(p.size for p in maskrcnn_resnet50_fpn().parameters())
    44401393
    """
    return resnet_fpn(num_classes, rng=rng, depth=50, masks=True, **options)


def fasterrcnn_resnet50_fpn(
    num_classes: int = 91, *, rng: np.random.Generator | None = None, **options: Any
) -> MaskRCNN:
    """Faster R-CNN as torchvision's function of this name: the same model without the mask branch."""
    return resnet_fpn(num_classes, rng=rng, depth=50, masks=False, **options)


def resnet_fpn(num_classes: int = 91, *, rng: np.random.Generator | None = None, **options: Any) -> MaskRCNN:
    """A ResNet with a feature pyramid: the right-hand head of figure 4.

    RoIs take their features from P2-P5 by their size; P6, P5 subsampled, is for the RPN alone.

    Parameters
    ----------
    num_classes : int, with background
    rng : Generator, optional
        Draws the weights; without it they are zeros, to be loaded.
    **options
        The attributes of `Design` (depth, masks, norm, anchor_sizes, ...) and torchvision's keyword arguments
        (min_size, max_size, rpn_*, box_*: see `Settings`).
    """
    design = Design(**options)
    model = maskrcnn_fpn(
        resnet(design.depth, norm_layer(design.norm, design.norm_eps), rng=rng),
        num_classes,
        mask_widths=design.mask_widths(),
        anchor_sizes=design.anchor_sizes,
        roi_operator=design.roi_operator,
        rng=rng,
        **design.numbers(),
    )
    return design.finish(model, preset="resnet_fpn")


def maskrcnn_fpn(
    body: ResNet,
    num_classes: int,
    *,
    channels: int = 256,
    box_width: int = BOX_WIDTH,
    mask_widths: Sequence[int] | None = MASK_WIDTHS,
    anchor_sizes: Sequence[float] = ANCHOR_SIZES,
    roi_operator: str = "roi_align",
    rng: np.random.Generator | None = None,
    **settings: Any,
) -> MaskRCNN:
    """Pyramid, heads and thresholds of torchvision's maskrcnn_*_fpn around a body of your own.

    Parameters
    ----------
    body : ResNet
    num_classes : int, with background
    channels : int, of the pyramid
    box_width : int, of the two fully connected layers
    mask_widths : of the mask head's 3x3 convolutions; None makes Faster R-CNN
    anchor_sizes : one for each level, the RPN's extra level included; pixels
    roi_operator : a name in `roi_extractor.OPERATORS`
    rng : Generator that draws the weights; without it they are zeros, to be loaded
    **settings : the attributes of `Settings`
    """
    chosen = Settings(**settings)
    backbone = BackboneWithFPN(body, FeaturePyramid(body.out_channels, channels, extra_level=True, rng=rng))
    anchors = AnchorGenerator(tuple((size,) for size in anchor_sizes), RATIOS)
    rpn = chosen.rpn(anchors, RPNHead(channels, len(RATIOS), rng=rng))
    heads = _figure_4_right(
        body.out_strides, channels, num_classes, box_width, mask_widths, roi_operator, chosen, rng
    )
    return MaskRCNN(chosen.transform(), backbone, rpn, heads, num_classes)


def _figure_4_right(
    strides: Sequence[int],
    channels: int,
    num_classes: int,
    box_width: int,
    mask_widths: Sequence[int] | None,
    roi_operator: str,
    settings: Settings,
    rng: np.random.Generator | None,
) -> RoIHeads:
    """Two fully connected layers on 7x7 for boxes, convolutions on 14x14 for masks."""
    mask = None
    if mask_widths is not None:
        mask = MaskBranch(
            RoIExtractor(strides, 14, roi_operator),
            MaskHeadFPN(channels, mask_widths, rng=rng),
            MaskPredictor(mask_widths[-1], mask_widths[-1], num_classes, rng=rng),
        )
    return settings.heads(
        RoIExtractor(strides, 7, roi_operator),
        TwoMLPHead(channels * 7 * 7, box_width, rng=rng),
        BoxPredictor(box_width, num_classes, rng=rng),
        mask,
    )


# ---- on one map ----------------------------------------------------------------------------------------


def resnet_c4(num_classes: int = 91, *, rng: np.random.Generator | None = None, **options: Any) -> MaskRCNN:
    """A ResNet's C4, and its last stage (res5) on each RoI: the left-hand head of figure 4.

        RoI 7x7x1024 -> res5, stride 1 -> 7x7x2048 -> average -> class and box
                                                   -> 2x deconvolution, 14x14x256 -> mask, 14x14

    The sizes are the figure's: its caption gives res5 a 7x7 RoI and stride 1 "for simplicity". Detectron has
    14x14 RoIs and stride 2, which also ends at 7x7 and costs more before the stride; we follow the paper.
    res5 is one module, `roi_heads.box_head.res5`, that both branches call; it is the ResNet's layer4, counted
    as such by `trainable_backbone_layers`.

    Parameters are those of `resnet_fpn`; all anchors are on the one map, and `C4` has the other defaults.
    """
    design = Design(**{**C4, **options})
    block, blocks = _depth(design.depth)
    norm = norm_layer(design.norm, design.norm_eps)
    backbone = BackboneOneMap(resnet(design.depth, norm, stages=3, rng=rng))
    rpn = _one_map_rpn(backbone.out_channels, design, rng)
    res5 = residual_stage(block, backbone.out_channels, PLANES[3], blocks[3], 1, norm, rng=rng)
    width = PLANES[3] * block.expansion
    extractor = RoIExtractor(backbone.strides, 7, design.roi_operator)
    mask = None
    if design.masks:
        mask = MaskBranch(extractor, res5, MaskPredictor(width, 256, num_classes, rng=rng))
    heads = design.heads(extractor, Res5BoxHead(res5), BoxPredictor(width, num_classes, rng=rng), mask)
    return design.finish(MaskRCNN(design.transform(), backbone, rpn, heads, num_classes), preset="resnet_c4")


def resnet_c5(
    num_classes: int = 91, *, dilated: bool = False, rng: np.random.Generator | None = None, **options: Any
) -> MaskRCNN:
    """A ResNet's C5, stride 32, under the right-hand head of figure 4: table 2d, where RoIAlign matters most.

    With `dilated`, layer4 keeps the resolution of C4 by dilation 2 in the place of its stride: stride 16.
    The heads read C5 directly, so that the first fully connected layer has 7*7*2048 inputs (depth 50, 101).

    Parameters are those of `resnet_fpn`; all anchors are on the one map, `ONE_MAP` has the other defaults.
    """
    design = Design(**{**ONE_MAP, **options})
    norm = norm_layer(design.norm, design.norm_eps)
    body = resnet(design.depth, norm, replace_stride_with_dilation=(False, False, dilated), rng=rng)
    backbone = BackboneOneMap(body)
    channels = backbone.out_channels
    rpn = _one_map_rpn(channels, design, rng)
    heads = _figure_4_right(
        backbone.strides,
        channels,
        num_classes,
        BOX_WIDTH,
        design.mask_widths(),
        design.roi_operator,
        design,
        rng,
    )
    model = MaskRCNN(design.transform(), backbone, rpn, heads, num_classes)
    return design.finish(model, preset="resnet_c5", dilated=dilated)


def _one_map_rpn(channels: int, design: Design, rng: np.random.Generator | None) -> RegionProposalNetwork:
    """Every size of anchor at every cell of the one map."""
    anchors = AnchorGenerator((tuple(design.anchor_sizes),), RATIOS)
    return design.rpn(anchors, RPNHead(channels, len(design.anchor_sizes) * len(RATIOS), rng=rng))
