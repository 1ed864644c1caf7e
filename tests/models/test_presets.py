"""Every preset: the bytes of a seed, torchvision's names and sizes; each trains, predicts and traces."""

import hashlib

import matplotlib.pyplot as plt
import numpy as np
import pytest

from minimaskrcnn import kernels, viz
from minimaskrcnn.data import Shapes
from minimaskrcnn.io import load_model, save_model
from minimaskrcnn.models import (
    COCO_V1,
    PRESETS,
    build,
    fasterrcnn_resnet50_fpn,
    maskrcnn_resnet50_fpn,
    mini,
    mini_stride16,
    resnet_c4,
    resnet_c5,
    resnet_fpn,
)
from minimaskrcnn.models.presets import nearest_preset
from minimaskrcnn.models.roi_extractor import OPERATORS
from minimaskrcnn.training.learner import total_loss

LOSSES = {"loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg", "loss_mask"}

# Kind of model, and the strides of its maps.
KINDS = {
    "fpn": ({"preset": "resnet_fpn"}, [4, 8, 16, 32, 64]),
    "c4": ({"preset": "resnet_c4"}, [16]),
    "c5": ({"preset": "resnet_c5"}, [32]),
    "c5 dilated": ({"preset": "resnet_c5", "dilated": True}, [16]),
}
SMALL = {
    "depth": 18,
    "num_classes": 4,
    "norm": "batch",
    "min_size": 128,
    "max_size": 128,
    "anchor_sizes": [16, 24, 32, 48, 64],
    "rpn_post_nms_top_n_train": 30,
    "rpn_post_nms_top_n_test": 8,
    "rpn_batch_size_per_image": 32,
    "box_batch_size_per_image": 16,
    "box_detections_per_img": 4,
    "box_score_thresh": 0.0,
    "representation_size": 32,
}


# ---- the weights of a seed -----------------------------------------------------------------------------

THOROUGH = pytest.mark.thorough
DRAWN = [
    ({"preset": "mini", "num_classes": 4}, "2190b6d45f55cb44"),
    ({"preset": "mini", "num_classes": 4, "masks": False}, "539468a69304155f"),
    ({"preset": "mini_c4", "num_classes": 4}, "53e983d1381b538e"),
    ({"preset": "mini_stride16", "num_classes": 4}, "de8735a2a3aaa85c"),
    ({"preset": "resnet_fpn", "num_classes": 4, "depth": 18}, "02d3c96dc31b785f"),
    ({"preset": "resnet_c4", "num_classes": 4, "depth": 18}, "66dff29ab80f1125"),
    ({"preset": "resnet_c4", "num_classes": 4, "depth": 18, "masks": False}, "5d36873570f7e859"),
    ({"preset": "resnet_c5", "num_classes": 4, "depth": 18}, "72bc4c1c85f1ad27"),
    pytest.param({"preset": "maskrcnn_resnet50_fpn"}, "3fd8102f88643570", marks=THOROUGH),
    pytest.param({"preset": "fasterrcnn_resnet50_fpn"}, "5872ee161832f22d", marks=THOROUGH),
    pytest.param({"preset": "resnet_c4", "num_classes": 4}, "b72b47c19bf3b3e4", marks=THOROUGH),
]


@pytest.mark.parametrize(("settings", "expected"), DRAWN)
def test_seed_0_draws_the_bytes_that_version_0_1_drew(settings, expected):
    digest = hashlib.sha256()
    for name, array in build(settings, np.random.default_rng(0)).state_dict().items():
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode() + array.tobytes())
    assert digest.hexdigest()[:16] == expected


# ---- names and sizes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "norm", "entries", "values"),
    [
        (maskrcnn_resnet50_fpn, "batch", 360, 44_454_513 + 53_173),
        (maskrcnn_resnet50_fpn, "frozen", 307, 44_454_513 + 53_120),
        (fasterrcnn_resnet50_fpn, "batch", 348, 41_808_406 + 53_173),
        (fasterrcnn_resnet50_fpn, "frozen", 295, 41_808_406 + 53_120),
    ],
)
def test_the_states_are_torchvisions(make, norm, entries, values):
    """44,454,513 parameters if the norm is trained; its 53 layers' statistics are 53,120 numbers."""
    state = make(norm=norm).state_dict()
    assert len(state) == entries
    assert sum(array.size for array in state.values()) == values
    assert list(state)[-1].startswith("roi_heads.mask_predictor.mask_fcn_logits") == (
        make is maskrcnn_resnet50_fpn
    )
    for name, shape in {
        "backbone.body.layer3.5.conv2.weight": (256, 256, 3, 3),
        "backbone.fpn.inner_blocks.3.0.weight": (256, 2048, 1, 1),
        "rpn.head.conv.0.0.weight": (256, 256, 3, 3),
        "rpn.head.bbox_pred.bias": (12,),
        "roi_heads.box_head.fc6.weight": (1024, 12544),
        "roi_heads.box_predictor.bbox_pred.weight": (364, 1024),
    }.items():
        assert state[name].shape == shape


@pytest.mark.parametrize(
    ("kind", "masks", "parameters"),
    [
        ("fpn", True, 44_401_393),
        ("fpn", False, 41_755_286),
        ("c4", True, 36_023_085),
        ("c4", False, 33_902_290),
        ("c5", True, 172_411_693),
        ("c5", False, 165_636_818),
    ],
)
def test_parameters_of_the_50_layer_models(kind, masks, parameters):
    model = build({**KINDS[kind][0], "masks": masks})
    assert sum(p.size for p in model.parameters()) == parameters


def test_the_first_coco_weights_have_eps_zero():
    for make in (maskrcnn_resnet50_fpn, fasterrcnn_resnet50_fpn):
        norms = [m for _, m in make(**COCO_V1).named_modules() if hasattr(m, "running_var")]
        assert {norm.eps for norm in norms} == {0.0}
        assert not any(hasattr(norm, "num_batches_tracked") for norm in norms)


def test_torchvisions_defaults():
    model = resnet_fpn(depth=18)
    assert model.num_classes == 91
    assert [len(cell) for cell in model.rpn.anchor_generator.cells] == [3] * 5
    assert [int(cell[1, 2] * 2) for cell in model.rpn.anchor_generator.cells] == [32, 64, 128, 256, 512]
    assert (model.roi_heads.box_extractor.output_size, model.roi_heads.mask_extractor.output_size) == (7, 14)
    assert model.roi_heads.box_extractor.strides == [4, 8, 16, 32]


def test_one_map_models_have_the_papers_numbers():
    c4, c5 = resnet_c4(depth=18), resnet_c5(depth=18)
    assert c4.rpn.pre_nms_top_n == c5.rpn.pre_nms_top_n == (12000, 6000)
    assert (c4.rpn.post_nms_top_n, c5.rpn.post_nms_top_n) == ((2000, 300), (2000, 1000))
    assert c4.roi_heads.sampler.batch_size_per_image == 64
    assert c5.roi_heads.sampler.batch_size_per_image == 512
    assert [len(cell) for cell in c4.rpn.anchor_generator.cells] == [15]


def test_res5_is_one_module_and_one_extractor_for_both_branches():
    heads = resnet_c4(depth=18).roi_heads
    assert heads.mask_head is heads.box_head.res5
    assert heads.mask_extractor is heads.box_extractor


@pytest.mark.parametrize("kind", ["mini", "mini_c4", "mini_stride16", "resnet_fpn", "resnet_c4", "resnet_c5"])
def test_a_changed_preset_is_still_known_for_what_it_is(kind):
    config = PRESETS[kind].changed(num_classes=3, masks=False, box_score_thresh=0.5)
    assert nearest_preset(config) == kind
    assert nearest_preset(PRESETS["fasterrcnn_resnet50_fpn"].changed(depth=18)) == "resnet_fpn"


# ---- every kind of model, at work ----------------------------------------------------------------------


def small(kind, **changes):
    return build({**SMALL, **KINDS[kind][0], **changes}, np.random.default_rng(0))


def losses_of(model, pictures=1):
    images, targets = zip(*(Shapes("train")[i] for i in range(pictures)), strict=True)
    model.train()
    return model.losses(images, targets, np.random.default_rng(1))


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_reach_every_parameter(kind):
    model = small(kind, rpn_batch_size_per_image=5000)  # all anchors, so that each level has some
    losses = losses_of(model)
    assert set(losses) == LOSSES
    total_loss(losses).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert np.isfinite(parameter.grad).all(), name
        assert parameter.grad.any(), name


@pytest.mark.parametrize("kind", KINDS)
def test_without_masks_it_is_the_same_model(kind):
    """Faster R-CNN: fewer weights, one loss less, the same boxes."""
    both, boxes_only = small(kind), small(kind, masks=False)
    state = both.state_dict()
    kept = {name: state[name] for name in boxes_only.state_dict()}
    assert set(state) - set(kept) == {name for name in state if name.startswith("roi_heads.mask_")}
    boxes_only.load_state_dict(kept)
    image, _ = Shapes("val")[0]
    with_masks, without = both.predict([image])[0], boxes_only.predict([image])[0]
    for name in ("boxes", "labels", "scores"):
        np.testing.assert_array_equal(getattr(with_masks, name), getattr(without, name))
    assert with_masks.masks.shape == (len(with_masks), 128, 128)
    assert without.masks is None
    five, four = losses_of(both), losses_of(boxes_only)
    assert set(four) == LOSSES - {"loss_mask"}
    assert {name: five[name].item() for name in four} == {name: loss.item() for name, loss in four.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_the_trace_has_every_stage_and_can_be_drawn(kind):
    model, (image, _) = small(kind), Shapes("val")[0]
    trace = model.trace(image)
    strides = KINDS[kind][1]
    last = "C4" if kind == "c4" else "C5"
    assert [name for name in trace if name.startswith("backbone.")][-1] == f"backbone.{last}"
    assert [name for name in trace if name.startswith("pyramid.")] == (
        [f"pyramid.P{level}" for level in range(2, 7)] if kind == "fpn" else []
    )
    cells = [(-(-128 // stride)) ** 2 for stride in strides]
    assert len(trace["anchors"]) == sum(cells) * (3 if kind == "fpn" else 15)
    size = {"fpn": 14, "c4": 7}.get(kind, 14)
    assert trace["mask_features"].shape[2:] == (size, size)
    assert trace["mask_logits"].shape[2:] == (2 * size, 2 * size)
    assert trace["box_features"].shape[1:] == (256 if kind in ("fpn", "c4") else 512, 7, 7)
    assert "read from" in str(trace.story(0))
    figure = viz.demo_figure(trace)
    assert len(figure.axes) >= 8
    plt.close(figure)


@pytest.mark.parametrize("kind", [pytest.param("fpn", marks=pytest.mark.thorough), *list(KINDS)[1:]])
def test_both_editions_agree(kind):
    """The same structure with few channels, so that loops can run it."""
    few = {
        "stem_channels": 3,
        "planes": (3, 3, 4, 4),
        "representation_size": 6,
        "mask_layers": (4,),
        "mask_dim_reduced": 4,
        "norm": "frozen",
        "min_size": 32,
        "max_size": 32,
        "rpn_post_nms_top_n_train": 4,
        "rpn_post_nms_top_n_test": 3,
        "rpn_batch_size_per_image": 16,
        "box_batch_size_per_image": 4,
        "box_detections_per_img": 2,
    }
    model = small(kind, **few).astype(np.float64)
    image, target = Shapes("train")[0]
    answers = {}
    for edition in ("fast", "plain", "reference"):
        with kernels.use(edition):
            model.train()
            model.zero_grad()
            losses = model.losses([image], [target], np.random.default_rng(1))
            total_loss(losses).backward()
            answers[edition] = {name: loss.data for name, loss in losses.items()}
            answers[edition] |= {name: p.grad for name, p in model.named_parameters()}
            detections = model.predict([image])[0]
            answers[edition] |= {"boxes": detections.boxes, "scores": detections.scores}
    assert len(answers["fast"]["boxes"]) == 2
    for name, slow in answers["reference"].items():
        for edition in ("fast", "plain"):
            np.testing.assert_allclose(answers[edition][name], slow, rtol=1e-6, atol=1e-9, err_msg=name)


# ---- mini_stride16: the body and heads of mini, one map of stride 16 ------------------------------------


@pytest.fixture
def stride16():
    return mini_stride16(4, proposals=(12, 8), detections_per_img=3, rng=np.random.default_rng(0))


def test_there_is_one_map_of_stride_16(stride16):
    image, _ = Shapes("val")[0]
    trace = stride16.trace(image)
    assert trace["backbone.C4"].shape == (64, 8, 8)
    assert stride16.backbone.strides == [16]
    assert set(trace["roi_level"]) == {0}
    assert trace["mask_probs"].shape[1:] == (28, 28)


def test_body_and_heads_have_the_weights_of_mini(stride16):
    """All but the pyramid has the same names and shapes, so the stride is what differs."""
    pyramid = mini(4, rng=np.random.default_rng(0))
    ours, theirs = stride16.state_dict(), pyramid.state_dict()
    for part in ("backbone.body.", "roi_heads."):
        shapes = [{k: v.shape for k, v in state.items() if k.startswith(part)} for state in (ours, theirs)]
        assert shapes[0] == shapes[1] != {}


@pytest.mark.parametrize("operator", OPERATORS)
def test_it_learns_from_a_picture_with_each_operator(operator):
    model = mini_stride16(4, roi_operator=operator, proposals=(12, 8), rng=np.random.default_rng(0))
    image, target = Shapes("train")[1]
    losses = model.losses([image], [target], np.random.default_rng(1))
    for loss in losses.values():
        loss.backward(retain_graph=True)
    still = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []


def test_a_checkpoint_builds_it_again(stride16, tmp_path):
    save_model(tmp_path / "m.npz", stride16, {})
    again, _ = load_model(tmp_path / "m.npz")
    image, _ = Shapes("val")[0]
    one, two = stride16.predict([image])[0], again.predict([image])[0]
    assert np.array_equal(one.boxes, two.boxes)
    assert again.config == stride16.config
