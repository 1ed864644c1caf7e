"""From settings to parts: every setting of `Config` arrives where it works, on every kind of model."""

from dataclasses import fields

import numpy as np
import pytest

from minimaskrcnn.autograd import Tensor, no_grad
from minimaskrcnn.data import Shapes
from minimaskrcnn.kernels.roi_rules import ROI_POOL
from minimaskrcnn.models import (
    MINI,
    MINI_C4,
    MINI_STRIDE16,
    PRESETS,
    RESNET_C4,
    Config,
    build,
    paste,
)
from minimaskrcnn.models.mask_output import SOFTMAX

# A setting, a value that no preset has, and where it must arrive.
PLACES = {
    "num_classes": (9, "num_classes"),
    "min_size": (97, "transform.min_size"),
    "max_size": (131, "transform.max_size"),
    "fixed_size": ((64, 96), "transform.fixed_size"),
    "size_divisible": (48, "transform.size_divisible"),
    "image_mean": ((0.1, 0.2, 0.3), "transform.mean"),
    "image_std": ((0.4, 0.6, 0.8), "transform.std"),
    "norm_eps": (1e-3, "backbone.body.bn1.eps"),
    "rpn_pre_nms_top_n_train": (61, "rpn.pre_nms_top_n.0"),
    "rpn_pre_nms_top_n_test": (62, "rpn.pre_nms_top_n.1"),
    "rpn_post_nms_top_n_train": (63, "rpn.post_nms_top_n.0"),
    "rpn_post_nms_top_n_test": (64, "rpn.post_nms_top_n.1"),
    "rpn_nms_thresh": (0.61, "rpn.nms_thresh"),
    "rpn_score_thresh": (0.02, "rpn.score_thresh"),
    "rpn_fg_iou_thresh": (0.66, "rpn.matcher.high_threshold"),
    "rpn_bg_iou_thresh": (0.22, "rpn.matcher.low_threshold"),
    "rpn_batch_size_per_image": (65, "rpn.sampler.batch_size_per_image"),
    "rpn_positive_fraction": (0.44, "rpn.sampler.positive_fraction"),
    "canonical_scale": (100.0, "roi_heads.box_extractor.mapper.canonical_scale"),
    "sampling_ratio": (3, "roi_heads.box_extractor.rule.sampling_ratio"),
    "box_output_size": (5, "roi_heads.box_extractor.output_size"),
    "box_score_thresh": (0.11, "roi_heads.postprocess.score_thresh"),
    "box_nms_thresh": (0.45, "roi_heads.postprocess.nms_thresh"),
    "box_detections_per_img": (17, "roi_heads.postprocess.detections_per_img"),
    "box_fg_iou_thresh": (0.55, "roi_heads.matcher.high_threshold"),
    "box_bg_iou_thresh": (0.33, "roi_heads.matcher.low_threshold"),
    "box_batch_size_per_image": (18, "roi_heads.sampler.batch_size_per_image"),
    "box_positive_fraction": (0.2, "roi_heads.sampler.positive_fraction"),
    "bbox_reg_weights": ((1.0, 2.0, 3.0, 4.0), "roi_heads.postprocess.coder.weights"),
}


def found(model, place):
    value = model
    for name in place.split("."):
        value = value[int(name)] if name.isdigit() else getattr(value, name)
    return value


def shape(model, name):
    return model.state_dict()[name].shape


@pytest.mark.parametrize("preset", PRESETS)
def test_every_number_arrives_in_every_model(preset):
    depth = {} if preset.startswith("mini") else {"depth": 18}
    places = PLACES | ({"norm_eps": (1e-3, "backbone.body.0.1.eps")} if "mobilenet" in preset else {})
    changed = {name: value for name, (value, _) in places.items()}
    model = build(PRESETS[preset].changed(**depth, **changed))
    assert {name: found(model, place) for name, (_, place) in places.items()} == changed
    assert model.config == PRESETS[preset].changed(**depth, **changed)


# Settings that choose layers: base, change, and what must be true then.
LAYERS = {
    "masks": (MINI_C4, False, lambda m: not m.roi_heads.has_mask),
    "draw_masks_first": (MINI, True, lambda m: m.config.draw_masks_first),
    "block": (MINI, "bottleneck", lambda m: m.backbone.body.out_channels == [128, 256, 512]),
    "blocks": (MINI, (1, 2, 3), lambda m: [len(s) for s in m.backbone.body.stages()] == [1, 2, 3]),
    "planes": (MINI, (8, 16, 24), lambda m: m.backbone.body.out_channels == [8, 16, 24]),
    "stage_strides": (MINI, (1, 2, 2), lambda m: m.backbone.strides == [2, 4, 8]),
    "replace_stride_with_dilation": (
        MINI_STRIDE16,
        (False, True),
        lambda m: m.backbone.strides == [8],
    ),
    "stem_channels": (MINI, 8, lambda m: shape(m, "backbone.body.conv1.weight") == (8, 3, 3, 3)),
    "stem_kernel": (MINI, 5, lambda m: shape(m, "backbone.body.conv1.weight") == (16, 3, 5, 5)),
    "stem_pool": (MINI, True, lambda m: m.backbone.strides == [8, 16, 32]),
    "norm": (MINI_C4, "batch", lambda m: type(m.backbone.body.bn1).__name__ == "BatchNorm2d"),
    "trainable_backbone_layers": (
        MINI,
        1,
        lambda m: (
            {n for n, p in m.named_parameters() if "body" in n and p.requires_grad}
            == {n for n, p in m.named_parameters() if "body.layer3" in n}
        ),
    ),
    "neck": (MINI, "last_map", lambda m: m.backbone.strides == [16]),
    "out_channels": (MINI_C4, 32, lambda m: shape(m, "rpn.head.conv.0.0.weight") == (32, 32, 3, 3)),
    "anchor_sizes": (
        MINI_STRIDE16,
        (8, 16),
        lambda m: m.rpn.anchor_generator.num_anchors_per_location() == [6],
    ),
    "aspect_ratios": (
        MINI,
        (1.0, 2.0),
        lambda m: m.rpn.anchor_generator.num_anchors_per_location() == [2] * 3,
    ),
    "roi_operator": (MINI_C4, "roi_pool", lambda m: m.roi_heads.box_extractor.rule == ROI_POOL),
    "box_head": (
        MINI_STRIDE16,
        "res5",
        lambda m: shape(m, "roi_heads.box_predictor.bbox_pred.bias") == (364,),
    ),
    "body": (
        MINI,
        {"body": "mobilenet_v3_large", "anchor_sizes": (32, 64)},
        lambda m: m.backbone.strides == [32, 32],
    ),
    "head_norm": (MINI, "batch", lambda m: shape(m, "backbone.fpn.inner_blocks.0.1.running_var") == (64,)),
    "rpn_conv_depth": (MINI, 2, lambda m: shape(m, "rpn.head.conv.1.0.weight") == (64, 64, 3, 3)),
    "all_sizes_on_each_level": (
        MINI,
        True,
        lambda m: m.rpn.anchor_generator.num_anchors_per_location() == [9] * 3,
    ),
    "box_layers": (
        MINI,
        {"box_head": "conv_fc", "box_layers": (8, 16)},
        lambda m: shape(m, "roi_heads.box_head.1.0.weight") == (16, 8, 3, 3),
    ),
    "representation_size": (MINI, 48, lambda m: shape(m, "roi_heads.box_head.fc7.weight") == (48, 48)),
    "mask_head": (
        MINI,
        "mlp",
        lambda m: shape(m, "roi_heads.mask_predictor.mask_mlp_logits.weight") == (91 * 28 * 28, 128),
    ),
    "mask_output": (MINI, "softmax", lambda m: m.roi_heads.mask_rule is SOFTMAX),
    "mask_output_size": (MINI, 10, lambda m: m.roi_heads.mask_extractor.output_size == 10),
    "mask_layers": (MINI, (), lambda m: len(m.roi_heads.mask_head) == 0),
    "mask_dim_reduced": (
        MINI_C4,
        24,
        lambda m: shape(m, "roi_heads.mask_predictor.conv5_mask.weight") == (128, 24, 2, 2),
    ),
    "keypoints": (
        MINI_C4,
        5,
        lambda m: shape(m, "roi_heads.keypoint_predictor.kps_score_lowres.weight") == (256, 5, 4, 4),
    ),
    "keypoint_output_size": (
        MINI,
        {"keypoints": 2, "keypoint_output_size": 6},
        lambda m: m.roi_heads.keypoint_extractor.output_size == 6,
    ),
    "keypoint_layers": (
        MINI,
        {"keypoints": 2, "keypoint_layers": (8, 16)},
        lambda m: shape(m, "roi_heads.keypoint_head.2.weight") == (16, 8, 3, 3),
    ),
    "paste": (MINI, "rounded", lambda m: m.paste is paste.rounded),
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_choice_of_layers_arrives_and_the_model_works(name):
    base, value, holds = LAYERS[name]
    changes = value if isinstance(value, dict) else {name: value}
    assert getattr(base, name) != changes[name]
    few = base.changed(rpn_post_nms_top_n_test=8, box_detections_per_img=4, box_score_thresh=0.0)
    model = build(few.changed(**changes), np.random.default_rng(0))
    assert holds(model)
    assert len(model.predict([Shapes("val")[0][0]])[0]) == 4


def test_the_extra_level_is_one_more_map_for_the_rpn():
    model = build(MINI.changed(extra_level=True, anchor_sizes=(16, 32, 64, 128)), np.random.default_rng(0))
    assert model.backbone.strides == [4, 8, 16, 32]
    assert model.roi_heads.box_extractor.strides == [4, 8, 16]


def test_every_setting_is_tested():
    assert PLACES.keys() | LAYERS.keys() | {"extra_level"} == {field.name for field in fields(Config)}
    assert not PLACES.keys() & LAYERS.keys()


def test_the_order_of_drawing_decides_only_which_weights_a_seed_has():
    orders = [
        build(MINI.changed(draw_masks_first=first), np.random.default_rng(0)) for first in (True, False)
    ]
    one, two = (model.state_dict() for model in orders)
    assert list(one) == list(two)
    assert {name for name in one if not np.array_equal(one[name], two[name])} == {
        name for name in one if name.startswith("roi_heads.") and name.endswith("weight")
    }


def test_the_last_map_is_narrowed_or_left_as_it_is():
    x = np.random.default_rng(1).random((1, 3, 32, 48), np.float32)
    narrow, whole = (build(c, np.random.default_rng(0)).backbone for c in (MINI_STRIDE16, MINI_C4))
    with no_grad():
        assert {n: m.shape for n, m in narrow(Tensor(x)).pyramid.items()} == {"C4": (1, 64, 2, 3)}
        assert {n: m.shape for n, m in whole(Tensor(x)).pyramid.items()} == {"C4": (1, 128, 2, 3)}
    assert (narrow.out_channels, whole.out_channels) == (64, 128)
    assert not any("narrow" in name for name in whole.state_dict())


def test_detectrons_c4_head_is_two_settings():
    """14x14 RoIs and stride 2 in res5, which ends at 7x7 as the paper's 7x7 RoIs and stride 1 do."""
    detectron = RESNET_C4.changed(depth=18, stage_strides=(1, 2, 2, 2), box_output_size=14)
    shapes = []
    for config in (RESNET_C4.changed(depth=18), detectron):
        heads = build(config).roi_heads
        rois = np.zeros((2, 256, *[heads.box_extractor.output_size] * 2), np.float32)
        with no_grad():
            shapes.append(heads.box_head.res5(Tensor(rois)).shape)
    assert shapes == [(2, 512, 7, 7)] * 2
