"""`Config`: every setting is checked, each refusal is one sentence, a misspelt name finds its neighbour."""

import json
import tracemalloc
from dataclasses import FrozenInstanceError, asdict, fields

import numpy as np
import pytest

from minimaskrcnn.errors import InputError
from minimaskrcnn.models import MINI, PRESETS, RESNET_C4, RESNET_FPN, Config, build, configure, mini

TORCHVISION_DEFAULTS = {
    "min_size": 800, "max_size": 1333,
    "image_mean": (0.485, 0.456, 0.406), "image_std": (0.229, 0.224, 0.225),
    "rpn_pre_nms_top_n_train": 2000, "rpn_pre_nms_top_n_test": 1000,
    "rpn_post_nms_top_n_train": 2000, "rpn_post_nms_top_n_test": 1000,
    "rpn_nms_thresh": 0.7, "rpn_score_thresh": 0.0, "rpn_fg_iou_thresh": 0.7, "rpn_bg_iou_thresh": 0.3,
    "rpn_batch_size_per_image": 256, "rpn_positive_fraction": 0.5,
    "box_score_thresh": 0.05, "box_nms_thresh": 0.5, "box_detections_per_img": 100,
    "box_fg_iou_thresh": 0.5, "box_bg_iou_thresh": 0.5,
    "box_batch_size_per_image": 512, "box_positive_fraction": 0.25,
    "bbox_reg_weights": (10.0, 10.0, 5.0, 5.0),
    "size_divisible": 32, "fixed_size": None, "sampling_ratio": 2, "canonical_scale": 224,
    "representation_size": 1024, "mask_layers": (256, 256, 256, 256), "mask_dim_reduced": 256,
    "anchor_sizes": (32, 64, 128, 256, 512), "aspect_ratios": (0.5, 1.0, 2.0), "out_channels": 256,
}  # fmt: skip
NAMES = [field.name for field in fields(Config)]


def test_the_defaults_are_torchvisions():
    assert {name: getattr(Config(), name) for name in TORCHVISION_DEFAULTS} == TORCHVISION_DEFAULTS
    assert Config() == RESNET_FPN


@pytest.mark.parametrize("preset", PRESETS)
def test_a_config_survives_json(preset):
    config = PRESETS[preset].changed(num_classes=7)
    assert configure(json.loads(json.dumps(asdict(config)))) == config
    assert eval(repr(config), {"Config": Config}) == config


def test_a_config_is_frozen_and_its_changes_are_a_new_one():
    with pytest.raises(FrozenInstanceError):
        MINI.min_size = 3
    assert MINI.changed(min_size=96).min_size == 96
    assert MINI.min_size == 128
    assert hash(MINI) == hash(MINI.changed())


def test_values_take_the_type_of_the_setting():
    config = Config(
        min_size=np.int64(480),
        rpn_nms_thresh=1,
        bbox_reg_weights=[1, 2, 3, 4],
        aspect_ratios=np.array([1, 2]),
    )
    assert type(config.min_size) is int
    assert type(config.rpn_nms_thresh) is float
    assert config.bbox_reg_weights == (1.0, 2.0, 3.0, 4.0)
    assert [type(ratio) for ratio in config.aspect_ratios] == [float, float]
    json.dumps(asdict(config))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "value",
    [{}, object(), float("nan"), "\x1b[2J", [float("inf")] * 3, -1, pytest.param(10**5000, id="huge")],
)
def test_no_setting_takes_nonsense(name, value):
    with pytest.raises(InputError, match=rf"^{name}: expected .*; got .*\.$") as refused:
        MINI.changed(**{name: value})
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("rpn_nms_tresh", "rpn_nms_thresh"),
        ("nms_thresh", "rpn_nms_thresh"),
        ("minsize", "min_size"),
        ("box_detections_per_image", "box_detections_per_img"),
        ("anchor_size", "anchor_sizes"),
        ("trainable_layers", "trainable_backbone_layers"),
    ],
)
@pytest.mark.parametrize("preset", PRESETS)
def test_a_misspelt_name_finds_its_neighbour(typed, meant, preset):
    with pytest.raises(InputError, match=rf"no model setting '{typed}'; did you mean .*\b{meant}\b"):
        build({"preset": preset, "num_classes": 2, typed: 3})


@pytest.mark.parametrize("name", ["wings", "rng", "self", "config", "", "x" * 10**6])
def test_a_name_like_no_other_is_refused(name):
    with pytest.raises(InputError, match=r"there is no model setting.*settings\.md|did you mean") as refused:
        configure({"preset": "mini", name: 1})
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("base", "changes", "said"),
    [
        (MINI, {"planes": [32, 64]}, "blocks has 3 stages, so planes and stage_strides need 3 entries"),
        (MINI, {"dilated": True}, "replace_stride_with_dilation needs 2"),
        (RESNET_C4, {"dilated": True}, "which cannot be dilated"),
        (MINI, {"planes": (4, 8, 8)}, "multiples of 8"),
        (MINI, {"out_channels": None}, "needs a number as out_channels"),
        (MINI, {"anchor_sizes": (16, 32)}, "anchor_sizes has 2 entries, but the pyramid has 3 levels"),
        (RESNET_FPN, {"anchor_sizes": (16, 32, 64)}, "3 entries, but the pyramid has 5 levels"),
        (MINI, {"rpn_bg_iou_thresh": 0.8}, "rpn_bg_iou_thresh must not exceed rpn_fg_iou_thresh"),
        (MINI, {"box_fg_iou_thresh": 0.4}, "box_bg_iou_thresh must not exceed box_fg_iou_thresh"),
        (
            MINI,
            {"box_output_size": 64, "representation_size": 16_384},
            "fully connected layer would have more",
        ),
    ],
)
def test_settings_that_contradict_each_other(base, changes, said):
    with pytest.raises(InputError, match=said):
        base.changed(**changes)


@pytest.mark.parametrize(
    "hostile",
    [
        {"preset": "mini", "num_classes": 10**9},
        {"preset": "mini", "anchor_sizes": [16] * 200_000},
        {"preset": "mini_c4", "anchor_sizes": [16] * 200_000},
        {"preset": "mini", "rpn_nms_thresh": float("nan")},
        {"preset": "mini", "proposals": "ab"},
        {"preset": "mini", "samples": [10**30, -1]},
        {"preset": "resnet_c5", "representation_size": 10**8},
        {"preset": "mini", "image_size": 64},
        {"preset": "mini", "depth": [18]},
        {"preset": "mini", "rng": 0},
        {"preset": "mini", "self": 0},
        {"preset": ["mini"]},
        {"preset": "giant"},
        {"preset": None},
        {1: 2},
        ["mini"],
        "mini",
        None,
        3,
    ],
)
def test_a_hostile_config_is_one_sentence_before_anything_big_is_made(hostile):
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as refused:
            build(hostile)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_a_shorthand_takes_no_preset():
    with pytest.raises(InputError, match="no model setting 'preset'"):
        mini(3, preset="mini_c4")
