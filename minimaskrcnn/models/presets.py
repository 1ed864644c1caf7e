"""Ready-made models: each preset is a value of `Config`, and a function of its name builds it.

MINI            residual body, pyramid P2-P4, a million parameters; it trains on a laptop in minutes
MINI_C4         the same body without a pyramid, with the heads of figure 4 (left)
MINI_STRIDE16   the same body without a pyramid, with the heads of MINI
RESNET_FPN      ResNet-50, pyramid P2-P6 (figure 4 right): torchvision's maskrcnn_resnet50_fpn
RESNET_C4       one map of stride 16, the last residual stage on each RoI (figure 4 left)
RESNET_C5       one map of stride 32 (table 2d), or 16 if dilated; heads as with a pyramid

Source: He et al. 2017, "Mask R-CNN".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from minimaskrcnn.errors import InputError
from minimaskrcnn.models.builder import build_model, build_resnet
from minimaskrcnn.models.config import Config
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.resnet import ResNet
from minimaskrcnn.models.setting import shortened

RESNET_FPN = MASKRCNN_RESNET50_FPN = Config()
FASTERRCNN_RESNET50_FPN = RESNET_FPN.changed(masks=False)

# torchvision's second version: batch norm everywhere, a deeper RPN, a convolutional box head.
MASKRCNN_RESNET50_FPN_V2 = RESNET_FPN.changed(
    norm="batch", head_norm="batch", rpn_conv_depth=2, box_head="conv_fc"
)
FASTERRCNN_RESNET50_FPN_V2 = MASKRCNN_RESNET50_FPN_V2.changed(masks=False)

# Persons and their 17 keypoints: torchvision's Keypoint R-CNN.
KEYPOINTRCNN_RESNET50_FPN = FASTERRCNN_RESNET50_FPN.changed(num_classes=2, keypoints=17)

# A light body, all anchors on three coarse maps: torchvision's models for photographs at 800 and 320 pixels.
FASTERRCNN_MOBILENET_V3_LARGE_FPN = FASTERRCNN_RESNET50_FPN.changed(
    body="mobilenet_v3_large",
    trainable_backbone_layers=6,
    all_sizes_on_each_level=True,
    rpn_score_thresh=0.05,
)
FASTERRCNN_MOBILENET_V3_LARGE_320_FPN = FASTERRCNN_MOBILENET_V3_LARGE_FPN.changed(
    min_size=320, max_size=640, rpn_pre_nms_top_n_test=150, rpn_post_nms_top_n_test=150
)

# As many boxes enter NMS from one map as from all levels of a pyramid together (Detectron's numbers).
RESNET_C5 = RESNET_FPN.changed(
    neck="last_map", out_channels=None, rpn_pre_nms_top_n_train=12000, rpn_pre_nms_top_n_test=6000
)
# Section 3.1: 64 sampled RoIs and 300 proposals. Figure 4: 7x7 RoIs, and stride 1 in res5.
RESNET_C4 = RESNET_C5.changed(
    box_head="res5",
    stage_strides=(1, 2, 2, 1),
    rpn_post_nms_top_n_test=300,
    box_batch_size_per_image=64,
)

MINI = Config(
    draw_masks_first=False,
    min_size=128,
    max_size=256,
    size_divisible=16,
    image_mean=(0.5, 0.5, 0.5),
    image_std=(0.25, 0.25, 0.25),
    block="basic",
    blocks=(2, 2, 1),
    planes=(32, 64, 128),
    stage_strides=(2, 2, 2),
    replace_stride_with_dilation=(False, False),
    stem_channels=16,
    stem_kernel=3,
    stem_pool=False,
    norm="group",
    out_channels=64,
    extra_level=False,
    anchor_sizes=(16, 32, 64),
    rpn_pre_nms_top_n_train=600,
    rpn_pre_nms_top_n_test=400,
    rpn_post_nms_top_n_train=300,
    rpn_post_nms_top_n_test=200,
    rpn_batch_size_per_image=128,
    canonical_scale=112,
    representation_size=128,
    box_batch_size_per_image=64,
    mask_layers=(64, 64),
    mask_dim_reduced=64,
    paste="unrounded",
)
# On a map of stride 16, an object of 32 pixels is two cells wide, and rounding it (RoIPool, RoIWarp) loses
# a good part of it. This is the setting of table 2d on a small scale. Only the stride differs from MINI.
MINI_STRIDE16 = MINI.changed(neck="last_map")
MINI_C4 = MINI.changed(
    neck="last_map",
    out_channels=None,
    box_head="res5",
    blocks=(2, 2, 1, 1),
    planes=(32, 64, 128, 128),
    stage_strides=(2, 2, 2, 1),
    replace_stride_with_dilation=(False, False, False),
)

PRESETS: dict[str, Config] = {
    "mini": MINI,
    "mini_c4": MINI_C4,
    "mini_stride16": MINI_STRIDE16,
    "maskrcnn_resnet50_fpn": MASKRCNN_RESNET50_FPN,
    "fasterrcnn_resnet50_fpn": FASTERRCNN_RESNET50_FPN,
    "maskrcnn_resnet50_fpn_v2": MASKRCNN_RESNET50_FPN_V2,
    "fasterrcnn_resnet50_fpn_v2": FASTERRCNN_RESNET50_FPN_V2,
    "keypointrcnn_resnet50_fpn": KEYPOINTRCNN_RESNET50_FPN,
    "fasterrcnn_mobilenet_v3_large_fpn": FASTERRCNN_MOBILENET_V3_LARGE_FPN,
    "fasterrcnn_mobilenet_v3_large_320_fpn": FASTERRCNN_MOBILENET_V3_LARGE_320_FPN,
    "resnet_fpn": RESNET_FPN,
    "resnet_c4": RESNET_C4,
    "resnet_c5": RESNET_C5,
}

KINDS = ("mini", "mini_c4", "mini_stride16", "resnet_fpn", "resnet_c4", "resnet_c5")

# torchvision's first COCO weights, for models with and without masks, were trained with these settings.
COCO_V1 = {"norm": "frozen", "norm_eps": 0.0}


def configure(settings: Config | Mapping[str, Any]) -> Config:
    """Return the `Config` that a dictionary describes: its settings change those of its "preset".

    Raises
    ------
    InputError
        If the preset or a setting is unknown, or a value is wrong.

    Examples
    --------
    >>> configure({"preset": "fasterrcnn_resnet50_fpn", "min_size": 480})
    Config(masks=False, min_size=480)
    """
    if isinstance(settings, Config):
        return settings
    if not isinstance(settings, Mapping) or not all(isinstance(name, str) for name in settings):
        raise InputError(
            f"a model's settings are a Config or a dictionary of names; got {shortened(settings)}."
        )
    changes = dict(settings)
    preset = changes.pop("preset", "resnet_fpn")
    if not isinstance(preset, str) or preset not in PRESETS:
        raise InputError(
            f"preset {shortened(preset)} is unknown; choose one of {', '.join(KINDS)}, or a name of "
            "torchvision's such as maskrcnn_resnet50_fpn (docs/models.md lists all)."
        )
    return PRESETS[preset].changed(**changes)


def nearest_preset(config: Config) -> str:
    """Return the name of the preset that differs from `config` in the fewest settings."""

    def different(name: str) -> int:
        preset = asdict(PRESETS[name])
        return sum(preset[key] != value for key, value in asdict(config).items())

    return min(KINDS, key=different)


def build(settings: Config | Mapping[str, Any], rng: np.random.Generator | None = None) -> MaskRCNN:
    """Build the model that a `Config`, or a dictionary of settings, describes.

    Parameters
    ----------
    settings : Config or mapping, see `configure`
    rng : Generator, optional
        Draws the weights; without it they are zeros, to be loaded.

    Raises
    ------
    InputError
        If a setting is unknown or wrong, as in `configure`.
    """
    return build_model(configure(settings), rng)


def mini(num_classes: int, *, rng: np.random.Generator | None = None, **changes: Any) -> MaskRCNN:
    """Build `MINI` with `changes`: a small but complete Mask R-CNN."""
    return build(MINI.changed(num_classes=num_classes, **changes), rng)


def mini_c4(num_classes: int, *, rng: np.random.Generator | None = None, **changes: Any) -> MaskRCNN:
    """Build `MINI_C4` with `changes`: one map of stride 16, and one more residual stage on each RoI."""
    return build(MINI_C4.changed(num_classes=num_classes, **changes), rng)


def mini_stride16(num_classes: int, *, rng: np.random.Generator | None = None, **changes: Any) -> MaskRCNN:
    """Build `MINI_STRIDE16` with `changes`: `mini` with all anchors and RoIs on one map of stride 16."""
    return build(MINI_STRIDE16.changed(num_classes=num_classes, **changes), rng)


def maskrcnn_resnet50_fpn(
    num_classes: int = 91, *, rng: np.random.Generator | None = None, **changes: Any
) -> MaskRCNN:
    """Build the Mask R-CNN of torchvision's function: the same layers, state names, anchors and thresholds.

    For the published COCO weights use ``maskrcnn_resnet50_fpn(**COCO_V1)``.

    >>> sum(p.size for p in maskrcnn_resnet50_fpn().parameters())
    44401393
    """
    return build(MASKRCNN_RESNET50_FPN.changed(num_classes=num_classes, **changes), rng)


def fasterrcnn_resnet50_fpn(
    num_classes: int = 91, *, rng: np.random.Generator | None = None, **changes: Any
) -> MaskRCNN:
    """Build the Faster R-CNN of torchvision's function: the same model without the mask branch."""
    return build(FASTERRCNN_RESNET50_FPN.changed(num_classes=num_classes, **changes), rng)


def maskrcnn_resnet50_fpn_v2(
    num_classes: int = 91, *, rng: np.random.Generator | None = None, **changes: Any
) -> MaskRCNN:
    """Build the Mask R-CNN of torchvision's second version (Li et al. 2021, "Benchmarking detection").

    >>> sum(p.size for p in maskrcnn_resnet50_fpn_v2().parameters())
    46359409
    """
    return build(MASKRCNN_RESNET50_FPN_V2.changed(num_classes=num_classes, **changes), rng)


def fasterrcnn_resnet50_fpn_v2(
    num_classes: int = 91, *, rng: np.random.Generator | None = None, **changes: Any
) -> MaskRCNN:
    """Build the Faster R-CNN of torchvision's second version: the same model without the mask branch."""
    return build(FASTERRCNN_RESNET50_FPN_V2.changed(num_classes=num_classes, **changes), rng)


def keypointrcnn_resnet50_fpn(
    num_classes: int = 2, *, rng: np.random.Generator | None = None, **changes: Any
) -> MaskRCNN:
    """Build the Keypoint R-CNN of torchvision's function: persons and their 17 keypoints, without masks.

    >>> sum(p.size for p in keypointrcnn_resnet50_fpn().parameters())
    59137258
    """
    return build(KEYPOINTRCNN_RESNET50_FPN.changed(num_classes=num_classes, **changes), rng)


def fasterrcnn_mobilenet_v3_large_fpn(
    num_classes: int = 91, *, rng: np.random.Generator | None = None, **changes: Any
) -> MaskRCNN:
    """Build torchvision's Faster R-CNN on a MobileNetV3, for pictures of 800 pixels.

    >>> sum(p.size for p in fasterrcnn_mobilenet_v3_large_fpn(norm="batch").parameters())
    19410754
    """
    return build(FASTERRCNN_MOBILENET_V3_LARGE_FPN.changed(num_classes=num_classes, **changes), rng)


def fasterrcnn_mobilenet_v3_large_320_fpn(
    num_classes: int = 91, *, rng: np.random.Generator | None = None, **changes: Any
) -> MaskRCNN:
    """Build torchvision's Faster R-CNN on a MobileNetV3, for pictures of 320 pixels."""
    return build(FASTERRCNN_MOBILENET_V3_LARGE_320_FPN.changed(num_classes=num_classes, **changes), rng)


def resnet_fpn(num_classes: int = 91, *, rng: np.random.Generator | None = None, **changes: Any) -> MaskRCNN:
    """Build `RESNET_FPN` with `changes`: a ResNet with a feature pyramid."""
    return build(RESNET_FPN.changed(num_classes=num_classes, **changes), rng)


def resnet_c4(num_classes: int = 91, *, rng: np.random.Generator | None = None, **changes: Any) -> MaskRCNN:
    """Build `RESNET_C4` with `changes`: the C4 map of a ResNet, and its last stage on each RoI."""
    return build(RESNET_C4.changed(num_classes=num_classes, **changes), rng)


def resnet_c5(num_classes: int = 91, *, rng: np.random.Generator | None = None, **changes: Any) -> MaskRCNN:
    """Build `RESNET_C5` with `changes`: the C5 map of a ResNet, with the heads of `RESNET_FPN`."""
    return build(RESNET_C5.changed(num_classes=num_classes, **changes), rng)


def resnet(depth: int, *, rng: np.random.Generator | None = None, **changes: Any) -> ResNet:
    """Build a ResNet-18, -34, -50 or -101 without its classifier: maps C2-C5 at strides 4, 8, 16, 32."""
    return build_resnet(RESNET_FPN.changed(depth=depth, **changes), rng)
