"""The mini body's coarsest map alone, with the pyramid model's heads: RoIs on cells of 16 pixels.

    image -> residual stages -> C4 (stride 16, 128 channels) -> 1x1 to 64 -> RPN, box head, mask head

An object of 32 pixels is two cells wide here, so the rounding of RoIPool and RoIWarp costs a good part of it.
That is the setting of the paper's table 2d (stride 32 on pictures of 800 pixels) at the size of a laptop; the
heads are those of `mini`, so that the feature map's stride is the only thing that differs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minimaskrcnn import nn
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.anchors import AnchorGenerator
from minimaskrcnn.models.box_head import BoxPredictor, TwoMLPHead
from minimaskrcnn.models.fpn import show_maps
from minimaskrcnn.models.mask_head import MaskHeadFPN, MaskPredictor
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.mini_body import GREY_MEAN, GREY_STD, mini_body
from minimaskrcnn.models.paste import unrounded
from minimaskrcnn.models.published import RATIOS
from minimaskrcnn.models.resnet import ResNet
from minimaskrcnn.models.roi_extractor import RoIExtractor
from minimaskrcnn.models.roi_heads import MaskBranch, RoIHeads
from minimaskrcnn.models.rpn import RegionProposalNetwork, RPNHead
from minimaskrcnn.models.transform import ImageTransform
from minimaskrcnn.models.watch import Watch, unwatched

CHANNELS = 64  # as the pyramid of `mini`


class LastMap(nn.Module):
    """A ResNet of which only the last map is used, narrowed by a 1x1 convolution: {"C4": (N, C, h, w)}."""

    def __init__(self, body: ResNet, out_channels: int, *, rng: np.random.Generator | None = None):
        super().__init__()
        self.body, self.out_channels = body, out_channels
        self.narrow = nn.Conv2d(body.out_channels[-1], out_channels, 1, rng=rng)
        self.strides = body.out_strides[-1:]

    def forward(self, x: Tensor, watch: Watch = unwatched) -> dict[str, Tensor]:
        maps = self.body(x)
        name = list(maps)[-1]
        maps[name] = self.narrow(maps[name])
        show_maps("backbone", maps, watch)
        return {name: maps[name]}


def mini_stride16(
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
    """`mini` without its pyramid: all anchors and RoIs on one map of stride 16. Parameters as of `mini`."""
    config = {
        "preset": "mini_stride16",
        "num_classes": num_classes,
        "anchor_sizes": list(anchor_sizes),
        "roi_operator": roi_operator,
        "image_size": list(image_size),
        "proposals": list(proposals),
        "samples": list(samples),
        "detections_per_img": detections_per_img,
    }
    backbone = LastMap(mini_body(rng), CHANNELS, rng=rng)
    anchors = AnchorGenerator((tuple(anchor_sizes),), (RATIOS,))
    train, predict = proposals
    rpn = RegionProposalNetwork(
        anchors,
        RPNHead(CHANNELS, anchors.num_anchors_per_location()[0], rng=rng),
        batch_size_per_image=samples[0],
        pre_nms_top_n=(2 * train, 2 * predict),
        post_nms_top_n=(train, predict),
    )
    heads = RoIHeads(
        RoIExtractor(backbone.strides, 7, roi_operator),
        TwoMLPHead(CHANNELS * 7 * 7, 128, rng=rng),
        BoxPredictor(128, num_classes, rng=rng),
        MaskBranch(
            RoIExtractor(backbone.strides, 14, roi_operator),
            MaskHeadFPN(CHANNELS, (64, 64), rng=rng),
            MaskPredictor(64, 64, num_classes, rng=rng),
        ),
        batch_size_per_image=samples[1],
        detections_per_img=detections_per_img,
    )
    transform = ImageTransform(image_size[0], image_size[1], GREY_MEAN, GREY_STD, size_divisible=16)
    return MaskRCNN(transform, backbone, rpn, heads, num_classes, config, unrounded)
