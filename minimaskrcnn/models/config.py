"""Every setting of a detector, under torchvision's names: one frozen `Config` describes one model.

    config = MINI.changed(num_classes=4, rpn_nms_thresh=0.6)       # presets.MINI is a Config, too
    model = build(config, numpy.random.default_rng(0))             # presets.build

The settings are in the order of the picture's path: transform, backbone, neck, RPN, heads. The defaults are
those of torchvision's maskrcnn_resnet50_fpn. docs/settings.md is made from this file.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

from minimaskrcnn.errors import InputError
from minimaskrcnn.models.aliases import resolve
from minimaskrcnn.models.mask_output import MASK_RULES
from minimaskrcnn.models.mobilenet import LAST, MAPS
from minimaskrcnn.models.roi_extractor import OPERATORS
from minimaskrcnn.models.setting import choice, flag, maybe, number, read, setting, several, shortened, whole
from minimaskrcnn.models.transform import IMAGENET_MEAN, IMAGENET_STD

CHANNELS, PIXELS, SIDE, PART = whole(1, 4096), whole(1, 20_000), whole(1, 64), number(0, 1)
LIMIT, SAMPLES = whole(0, 1_000_000), whole(1, 1_000_000)
NORM_GROUPS, MOST_WEIGHTS = 8, 2**29

of_model, of_transform, of_backbone, of_neck, of_rpn, of_heads = (
    partial(setting, group) for group in ("model", "transform", "backbone", "neck", "rpn", "heads")
)


@dataclass(frozen=True, kw_only=True, repr=False)
class Config:
    """All settings that are needed to build a model.

    Raises
    ------
    InputError
        If a value has the wrong type or is out of its range, or if two settings contradict each other.

    Examples
    --------
    >>> Config(masks=False).changed(min_size=480)
    Config(masks=False, min_size=480)
    """

    num_classes: int = of_model(91, whole(2, 30_000), "Number of classes, including background.")
    masks: bool = of_model(True, flag(), "Whether there is a mask branch; without it this is Faster R-CNN.")
    keypoints: int = of_model(
        0, whole(0, 1000), "Keypoints per object, for which there is a keypoint branch; 0: there is none."
    )
    draw_masks_first: bool = of_model(
        True, flag(), "Whether the mask branch draws its weights before the box branch does."
    )

    min_size: int = of_transform(
        800,
        PIXELS,
        "The shorter side is resized to this, unless the longer one would exceed `max_size`. Pixels.",
    )
    max_size: int = of_transform(1333, PIXELS, "The longest side after resizing. Pixels.")
    fixed_size: tuple[int, int] | None = of_transform(
        None, maybe(several(PIXELS, 2, 2)), "Width and height to resize to instead. Pixels."
    )
    size_divisible: int = of_transform(32, whole(1, 1024), "A batch is padded to a multiple of this. Pixels.")
    image_mean: tuple[float, ...] = of_transform(
        IMAGENET_MEAN, several(number(-1e3, 1e3), 3, 3), "Subtracted from each colour, on the [0, 1] scale."
    )
    image_std: tuple[float, ...] = of_transform(
        IMAGENET_STD, several(number(1e-6, 1e6), 3, 3), "Each colour is divided by this, on the [0, 1] scale."
    )

    body: str = of_backbone(
        "resnet",
        choice("resnet", "mobilenet_v3_large"),
        "A ResNet, which the settings from `block` to `stem_pool` describe, or MobileNetV3 (large).",
    )
    block: str = of_backbone("bottleneck", choice("basic", "bottleneck"), "Kind of the residual blocks.")
    blocks: tuple[int, ...] = of_backbone(
        (3, 4, 6, 3), several(whole(1, 100), 1, 4), "Residual blocks per stage."
    )
    planes: tuple[int, ...] = of_backbone(
        (64, 128, 256, 512),
        several(CHANNELS, 1, 4),
        "Width of each stage; the output of a bottleneck has four times as many channels.",
    )
    stage_strides: tuple[int, ...] = of_backbone(
        (1, 2, 2, 2), several(whole(1, 2), 1, 4), "Stride of each stage."
    )
    replace_stride_with_dilation: tuple[bool, ...] = of_backbone(
        (False, False, False),
        several(flag(), 0, 3),
        "Whether each stage after the first uses dilation instead of its stride, and keeps its resolution.",
    )
    stem_channels: int = of_backbone(64, CHANNELS, "Width of the stem.")
    stem_kernel: int = of_backbone(7, whole(1, 31), "Side of the stem's filters; its stride is 2.")
    stem_pool: bool = of_backbone(True, flag(), "Whether a 3x3 max pooling of stride 2 follows the stem.")
    norm: str = of_backbone(
        "frozen",
        choice("frozen", "batch", "group"),
        "Batch norm, frozen or trained, or group norm, which suits small batches.",
    )
    norm_eps: float = of_backbone(
        1e-5, PART, "This is added to the variance; the first published COCO weights need 0."
    )
    trainable_backbone_layers: int = of_backbone(
        5,
        whole(0, 6),
        "How many parts of the body are trained, counted from its last stage; of a ResNet 5 means all, of "
        "MobileNet 6.",
    )

    neck: str = of_neck(
        "fpn",
        choice("fpn", "last_map"),
        "A feature pyramid, or only the map of the last stage, with all anchors on it.",
    )
    out_channels: int | None = of_neck(
        256, maybe(CHANNELS), "Channels of every map after the neck; None leaves the last map as it is."
    )
    extra_level: bool = of_neck(
        True, flag(), "Whether the RPN gets one more level, the coarsest map subsampled by 2."
    )

    head_norm: str = of_neck(
        "none",
        choice("none", "frozen", "batch", "group"),
        "Norm behind the convolutions of the pyramid, the box head and the mask head, with `norm_eps`.",
    )

    anchor_sizes: tuple[float, ...] = of_rpn(
        (32, 64, 128, 256, 512),
        several(number(1, 20_000), 1, 64),
        "Sides of the anchors: one for each level of a pyramid, or all of them on a single map. Pixels.",
    )
    all_sizes_on_each_level: bool = of_rpn(
        False, flag(), "Whether every level of a pyramid has anchors of all sizes."
    )
    aspect_ratios: tuple[float, ...] = of_rpn(
        (0.5, 1.0, 2.0), several(number(0.01, 100), 1, 16), "Height / width of the anchors of each size."
    )
    rpn_conv_depth: int = of_rpn(1, whole(1, 16), "Number of the RPN's 3x3 convolutions.")
    rpn_pre_nms_top_n_train: int = of_rpn(2000, LIMIT, "Anchors per level that enter NMS, in training.")
    rpn_pre_nms_top_n_test: int = of_rpn(1000, LIMIT, "Anchors per level that enter NMS, in prediction.")
    rpn_post_nms_top_n_train: int = of_rpn(2000, LIMIT, "Proposals per picture, in training.")
    rpn_post_nms_top_n_test: int = of_rpn(1000, LIMIT, "Proposals per picture, in prediction.")
    rpn_nms_thresh: float = of_rpn(0.7, PART, "NMS drops a box whose IoU with a better one exceeds this.")
    rpn_score_thresh: float = of_rpn(
        0.0, PART, "Proposals with a lower probability of an object are dropped."
    )
    rpn_fg_iou_thresh: float = of_rpn(0.7, PART, "Anchors with at least this IoU represent objects.")
    rpn_bg_iou_thresh: float = of_rpn(0.3, PART, "Anchors with an IoU below this represent background.")
    rpn_batch_size_per_image: int = of_rpn(256, SAMPLES, "Anchors per picture that are sampled for the loss.")
    rpn_positive_fraction: float = of_rpn(0.5, PART, "At most this share of the samples represents objects.")

    roi_operator: str = of_heads("roi_align", choice(*OPERATORS), "How features are read in a RoI.")
    sampling_ratio: int = of_heads(
        2, whole(0, 64), "Samples per bin and axis of the bilinear operators; 0 adapts them to the RoI."
    )
    canonical_scale: float = of_heads(224.0, number(1, 20_000), "Side of the RoIs that belong to P4. Pixels.")
    box_head: str = of_heads(
        "two_mlp",
        choice("two_mlp", "conv_fc", "res5"),
        "Two fully connected layers, or convolutions and one such layer, or the last residual stage, which "
        "the mask branch then shares.",
    )
    box_layers: tuple[int, ...] = of_heads(
        (256, 256, 256, 256), several(CHANNELS, 0, 16), "Widths of the convolutions of the box head conv_fc."
    )
    box_output_size: int = of_heads(7, SIDE, "Cells per side of a RoI, for boxes; with res5 also for masks.")
    representation_size: int = of_heads(1024, whole(1, 16_384), "Width of the fully connected layers.")
    box_score_thresh: float = of_heads(0.05, PART, "Only boxes with a score above this become detections.")
    box_nms_thresh: float = of_heads(0.5, PART, "NMS drops a box whose IoU with a better one exceeds this.")
    box_detections_per_img: int = of_heads(100, SAMPLES, "Largest number of detections per picture.")
    box_fg_iou_thresh: float = of_heads(0.5, PART, "RoIs with at least this IoU represent objects.")
    box_bg_iou_thresh: float = of_heads(0.5, PART, "RoIs with an IoU below this represent background.")
    box_batch_size_per_image: int = of_heads(512, SAMPLES, "RoIs per picture that are sampled for the loss.")
    box_positive_fraction: float = of_heads(
        0.25, PART, "At most this share of the samples represents objects."
    )
    bbox_reg_weights: tuple[float, float, float, float] = of_heads(
        (10.0, 10.0, 5.0, 5.0), several(number(1e-3, 1e3), 4, 4), "Factors of the deltas dx, dy, dw, dh."
    )
    mask_head: str = of_heads(
        "fcn",
        choice("fcn", "mlp"),
        "Convolutions and a deconvolution, or fully connected layers (table 2e of the paper).",
    )
    mask_output: str = of_heads(
        "sigmoid",
        choice(*MASK_RULES),
        "A sigmoid mask per class, a softmax over the classes in each pixel (table 2b), or one sigmoid mask "
        "for all classes.",
    )
    mask_output_size: int = of_heads(14, SIDE, "Cells per side of a RoI, for masks.")
    mask_layers: tuple[int, ...] = of_heads(
        (256, 256, 256, 256), several(CHANNELS, 0, 16), "Widths of the mask head's convolutions."
    )
    mask_dim_reduced: int = of_heads(256, CHANNELS, "Width of the deconvolution that doubles a mask's side.")
    keypoint_output_size: int = of_heads(
        14, SIDE, "Cells per side of a RoI, for keypoints; a heat map has four times as many."
    )
    keypoint_layers: tuple[int, ...] | None = of_heads(
        None,
        maybe(several(CHANNELS, 0, 16)),
        "Widths of the keypoint head's convolutions; None means eight, twice as wide as the maps.",
    )
    paste: str = of_heads(
        "rounded",
        choice("rounded", "unrounded"),
        "Whether the box of a mask is rounded to whole pixels when the mask is pasted.",
    )

    def __post_init__(self) -> None:
        for own in fields(self):
            object.__setattr__(self, own.name, read(own, getattr(self, own.name)))
        for sentence in self._contradictions():
            raise InputError(sentence)

    def _contradictions(self) -> Iterator[str]:
        """Yield a sentence for each pair of settings that contradict each other."""
        stages, dilated = len(self.blocks), self.replace_stride_with_dilation
        if not stages == len(self.planes) == len(self.stage_strides) == len(dilated) + 1:
            yield (
                f"blocks has {stages} stages, so planes and stage_strides need {stages} entries, and "
                f"replace_stride_with_dilation needs {stages - 1}."
            )
        if self.box_head == "res5" and (stages < 2 or dilated[-1]):
            yield "box_head res5 takes the last of at least two stages, which cannot be dilated."
        if self.norm == "group" and any(n % NORM_GROUPS for n in (*self.planes, self.stem_channels)):
            yield f"norm group needs planes and stem_channels that are multiples of {NORM_GROUPS}."
        if self.head_norm == "group" and any(n % NORM_GROUPS for n in self._head_widths()):
            yield f"head_norm group needs widths of pyramid and heads that are multiples of {NORM_GROUPS}."
        if self.neck == "fpn" and self.out_channels is None:
            yield "neck fpn needs a number as out_channels; only last_map allows None."
        own_sizes = self.neck == "fpn" and not self.all_sizes_on_each_level
        if own_sizes and len(self.anchor_sizes) != self.levels:
            sizes, levels = len(self.anchor_sizes), self.levels
            yield f"anchor_sizes has {sizes} entries, but the pyramid has {levels} levels."
        if self.body != "resnet" and self.box_head == "res5":
            yield "box_head res5 is the last stage of a ResNet; choose two_mlp or conv_fc, or body resnet."
        if self.body == "resnet" and self.trainable_backbone_layers > 5:
            yield "trainable_backbone_layers 6 is for body mobilenet_v3_large; a ResNet has 5 parts."
        for part in ("rpn", "box"):
            if getattr(self, f"{part}_bg_iou_thresh") > getattr(self, f"{part}_fg_iou_thresh"):
                yield f"{part}_bg_iou_thresh must not exceed {part}_fg_iou_thresh."
        if self.mask_head == "mlp" and self.box_head == "res5":
            yield "mask_head mlp needs another box_head: with res5 the mask branch shares its convolutions."
        yield from self._too_wide()

    @property
    def levels(self) -> int:
        """Number of the maps on which there are anchors."""
        if self.neck == "last_map":
            return 1
        maps = len(MAPS) if self.body != "resnet" else len(self.blocks) - (self.box_head == "res5")
        return maps + self.extra_level

    def _head_widths(self) -> Iterator[int]:
        """Yield the channels of every convolution that `head_norm` follows."""
        if self.neck == "fpn" and self.out_channels is not None:
            yield self.out_channels
        yield from self.box_layers if self.box_head == "conv_fc" else ()
        yield from self.mask_layers if self.masks and self.mask_head == "fcn" else ()

    def _too_wide(self) -> Iterator[str]:
        """Yield a sentence for each fully connected layer that would have too many weights."""
        widest = 4 * self.planes[-1] if self.body == "resnet" else LAST
        channels, width = self.out_channels or widest, self.representation_size
        seen = [channels, *self.box_layers][-1] if self.box_head == "conv_fc" else channels
        if self.box_head != "res5" and seen * self.box_output_size**2 * width > MOST_WEIGHTS:
            yield (
                f"the first fully connected layer would have more than {MOST_WEIGHTS:,} weights; choose a "
                "smaller out_channels, box_output_size, representation_size or box_layers."
            )
        values = max(channels, 4 * MASK_RULES[self.mask_output].channels(self.num_classes))  # of each cell
        if (
            self.masks
            and self.mask_head == "mlp"
            and values * self.mask_output_size**2 * width > MOST_WEIGHTS
        ):
            yield (
                f"a layer of the mask MLP would have more than {MOST_WEIGHTS:,} weights; choose a smaller "
                "out_channels, mask_output_size, representation_size or num_classes."
            )

    def changed(self, /, **settings: Any) -> Config:
        """Return a config with some settings changed; the short names of `aliases` work as well.

        Raises
        ------
        InputError
            If a name is unknown; the message suggests the nearest known names.
        """
        settings = resolve(settings)
        known = [own.name for own in fields(self)]
        for name in settings:
            if name not in known:
                near = difflib.get_close_matches(name, known, 2, 0.75)
                advice = f"did you mean {' or '.join(near)}?" if near else "docs/settings.md lists them all."
                raise InputError(f"there is no model setting {shortened(name)}; {advice}")
        return replace(self, **settings)

    def __repr__(self) -> str:
        different = [own.name for own in fields(self) if getattr(self, own.name) != own.default]
        return f"Config({', '.join(f'{name}={getattr(self, name)!r}' for name in different)})"
