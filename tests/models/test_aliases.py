"""Names of version 0.1 and words for several settings: today's names, one by one."""

import pytest

from minimaskrcnn.errors import InputError
from minimaskrcnn.models import MINI, MINI_C4, PRESETS, RESNET_C5, RESNET_FPN, build, configure, mini
from minimaskrcnn.models.aliases import ALIASES, resolve

PROPOSALS = {
    "rpn_pre_nms_top_n_train": 800,
    "rpn_pre_nms_top_n_test": 2000,
    "rpn_post_nms_top_n_train": 400,
    "rpn_post_nms_top_n_test": 1000,
}
MEANINGS = [
    ({"image_size": (96, 160)}, {"min_size": 96, "max_size": 160}),
    ({"proposals": [400, 1000]}, PROPOSALS),
    ({"samples": (256, 64)}, {"rpn_batch_size_per_image": 256, "box_batch_size_per_image": 64}),
    ({"score_thresh": 0.01}, {"box_score_thresh": 0.01}),
    ({"detections_per_img": 300}, {"box_detections_per_img": 300}),
    ({"depth": 34}, {"block": "basic", "blocks": (3, 4, 6, 3)}),
    ({"depth": 101}, {"block": "bottleneck", "blocks": (3, 4, 23, 3)}),
    ({"dilated": True}, {"replace_stride_with_dilation": (False, False, True)}),
    ({"masks": False, "norm_eps": 0.0}, {"masks": False, "norm_eps": 0.0}),
]


@pytest.mark.parametrize(("old", "new"), MEANINGS)
def test_each_alias(old, new):
    assert resolve(old) == new


def test_every_alias_is_tested():
    assert ALIASES.keys() == {name for old, _ in MEANINGS for name in old} - {"masks", "norm_eps"}


@pytest.mark.parametrize("value", [None, 3, "abc", [1], [1, 2, 3], {}])
@pytest.mark.parametrize("name", ["image_size", "proposals", "samples", "depth"])
def test_a_value_that_cannot_be_taken_apart(name, value):
    with pytest.raises(InputError, match=rf"^{name}: expected .*; got"):
        resolve({name: value})


@pytest.mark.parametrize("both", [("image_size", "min_size"), ("min_size", "image_size")])
def test_an_alias_beside_what_it_stands_for(both):
    with pytest.raises(InputError, match="sets min_size, which is given as well"):
        resolve({name: (64, 64) if name == "image_size" else 64 for name in both})


# What `model.config` was in version 0.1, with values other than the defaults.
OLD_MINI = {
    "preset": "mini",
    "num_classes": 2,
    "anchor_sizes": [8, 16, 24],
    "roi_operator": "roi_pool",
    "masks": False,
    "image_size": [640, 640],
    "proposals": [400, 1000],
    "samples": [256, 128],
    "score_thresh": 0.01,
    "detections_per_img": 300,
}
SMALLER = ("preset", "masks", "score_thresh")
OLD_PUBLISHED = {
    "num_classes": 5,
    "min_size": 480, "max_size": 640, "image_mean": [0.1, 0.2, 0.3], "image_std": [1.0, 2.0, 3.0],
    "rpn_pre_nms_top_n_train": 11, "rpn_pre_nms_top_n_test": 12,
    "rpn_post_nms_top_n_train": 13, "rpn_post_nms_top_n_test": 14,
    "rpn_nms_thresh": 0.6, "rpn_fg_iou_thresh": 0.8, "rpn_bg_iou_thresh": 0.2,
    "rpn_batch_size_per_image": 15, "rpn_positive_fraction": 0.4, "rpn_score_thresh": 0.1,
    "box_score_thresh": 0.2, "box_nms_thresh": 0.4, "box_detections_per_img": 16,
    "box_fg_iou_thresh": 0.6, "box_bg_iou_thresh": 0.3,
    "box_batch_size_per_image": 17, "box_positive_fraction": 0.3, "bbox_reg_weights": [1.0, 2.0, 3.0, 4.0],
    "depth": 18, "masks": False, "norm": "batch", "norm_eps": 0.001, "trainable_backbone_layers": 2,
    "anchor_sizes": [16, 24, 32, 48, 64], "roi_operator": "roi_warp",
}  # fmt: skip


@pytest.mark.parametrize("preset", ["mini", "mini_c4", "mini_stride16"])
def test_old_configs_of_the_small_models(preset):
    old = {"preset": preset} | {
        name: value for name, value in OLD_MINI.items() if preset == "mini" or name not in SMALLER
    }
    config = configure(old)
    assert (config.min_size, config.max_size) == (640, 640)
    assert {name: getattr(config, name) for name in PROPOSALS} == PROPOSALS
    assert (config.rpn_batch_size_per_image, config.box_batch_size_per_image) == (256, 128)
    assert (config.num_classes, config.anchor_sizes) == (2, (8, 16, 24))
    assert (config.roi_operator, config.box_detections_per_img) == ("roi_pool", 300)
    assert (config.masks, config.box_score_thresh) == ((False, 0.01) if preset == "mini" else (True, 0.05))
    build(old)


@pytest.mark.parametrize("preset", ["resnet_fpn", "resnet_c4", "resnet_c5"])
def test_old_configs_of_the_published_models(preset):
    dilated = {"dilated": True} if preset == "resnet_c5" else {}
    config = configure({"preset": preset, **OLD_PUBLISHED, **dilated})
    for name, value in OLD_PUBLISHED.items():
        if name != "depth":
            assert getattr(config, name) == (tuple(value) if isinstance(value, list) else value), name
    assert (config.block, config.blocks) == ("basic", (2, 2, 2, 2))
    assert config.replace_stride_with_dilation == (False, False, preset == "resnet_c5")
    assert (config.neck, config.box_head) == (PRESETS[preset].neck, PRESETS[preset].box_head)


def test_old_keywords_and_new_ones_build_the_same_model():
    old = mini(4, image_size=(64, 64), proposals=(50, 50), samples=(32, 16)).config
    new = mini(
        4,
        min_size=64,
        max_size=64,
        rpn_pre_nms_top_n_train=100,
        rpn_pre_nms_top_n_test=100,
        rpn_post_nms_top_n_train=50,
        rpn_post_nms_top_n_test=50,
        rpn_batch_size_per_image=32,
        box_batch_size_per_image=16,
    ).config
    assert old == new
    assert build({"preset": "mini", "num_classes": 3, "image_size": [64, 64]}).transform.min_size == 64


def test_defaults_of_version_0_1_are_todays():
    assert configure({"preset": "mini", "image_size": [128, 256], "proposals": [300, 200]}) == MINI
    assert configure({"preset": "mini_c4", "samples": [128, 64], "detections_per_img": 100}) == MINI_C4
    assert configure({"preset": "resnet_c5", "dilated": False, "depth": 50}) == RESNET_C5
    assert configure({"preset": "resnet_fpn", "depth": 50, "norm": "frozen", "norm_eps": 1e-5}) == RESNET_FPN
