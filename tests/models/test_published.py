"""The full-size models: torchvision's names, sizes and defaults; each trains, predicts and traces."""

import json
from dataclasses import fields

import matplotlib.pyplot as plt
import numpy as np
import pytest

from minimaskrcnn import kernels, viz
from minimaskrcnn.data import Shapes
from minimaskrcnn.errors import InputError
from minimaskrcnn.io import load_model, save_model
from minimaskrcnn.models import build, fasterrcnn_resnet50_fpn, maskrcnn_resnet50_fpn, published
from minimaskrcnn.models.presets import PRESETS
from minimaskrcnn.models.published import COCO_V1, Design, resnet_c4, resnet_c5, resnet_fpn
from minimaskrcnn.models.settings import Settings
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
}


@pytest.fixture
def narrow(monkeypatch):
    """Fully connected layers of 32: the models are the same, and quick to draw."""
    monkeypatch.setattr(published, "BOX_WIDTH", 32)


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


# ---- settings ------------------------------------------------------------------------------------------

# A keyword argument of torchvision's, and where its value must arrive.
PLACES = {
    "min_size": "transform.min_size",
    "max_size": "transform.max_size",
    "image_mean": "transform.mean",
    "image_std": "transform.std",
    "rpn_pre_nms_top_n_train": "rpn.pre_nms_top_n.0",
    "rpn_pre_nms_top_n_test": "rpn.pre_nms_top_n.1",
    "rpn_post_nms_top_n_train": "rpn.post_nms_top_n.0",
    "rpn_post_nms_top_n_test": "rpn.post_nms_top_n.1",
    "rpn_nms_thresh": "rpn.nms_thresh",
    "rpn_score_thresh": "rpn.score_thresh",
    "rpn_fg_iou_thresh": "rpn.matcher.high_threshold",
    "rpn_bg_iou_thresh": "rpn.matcher.low_threshold",
    "rpn_batch_size_per_image": "rpn.sampler.batch_size_per_image",
    "rpn_positive_fraction": "rpn.sampler.positive_fraction",
    "box_score_thresh": "roi_heads.postprocess.score_thresh",
    "box_nms_thresh": "roi_heads.postprocess.nms_thresh",
    "box_detections_per_img": "roi_heads.postprocess.detections_per_img",
    "box_fg_iou_thresh": "roi_heads.matcher.high_threshold",
    "box_bg_iou_thresh": "roi_heads.matcher.low_threshold",
    "box_batch_size_per_image": "roi_heads.sampler.batch_size_per_image",
    "box_positive_fraction": "roi_heads.sampler.positive_fraction",
    "bbox_reg_weights": "roi_heads.postprocess.coder.weights",
}
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
}  # fmt: skip


def found(model, place):
    value = model
    for name in place.split("."):
        value = value[int(name)] if name.isdigit() else getattr(value, name)
    return value


def test_every_setting_is_tested():
    assert PLACES.keys() == TORCHVISION_DEFAULTS.keys() == {field.name for field in fields(Settings)}


def test_defaults_are_torchvisions():
    model = resnet_fpn(depth=18)
    assert {name: found(model, place) for name, place in PLACES.items()} == TORCHVISION_DEFAULTS
    assert model.num_classes == 91
    assert [len(cell) for cell in model.rpn.anchor_generator.cells] == [3] * 5
    assert [int(cell[1, 2] * 2) for cell in model.rpn.anchor_generator.cells] == [32, 64, 128, 256, 512]
    assert (model.roi_heads.box_extractor.output_size, model.roi_heads.mask_extractor.output_size) == (7, 14)
    assert model.roi_heads.box_extractor.strides == [4, 8, 16, 32]


@pytest.mark.parametrize("make", [resnet_fpn, resnet_c4, resnet_c5])
def test_every_setting_arrives(make):
    def another(value):
        return tuple(map(another, value)) if isinstance(value, tuple) else type(value)(value / 2 + 1)

    changed = {name: another(value) for name, value in TORCHVISION_DEFAULTS.items()}
    model = make(depth=18, **changed)
    assert {name: found(model, place) for name, place in PLACES.items()} == changed


def test_one_map_models_have_the_papers_numbers():
    c4, c5 = resnet_c4(depth=18), resnet_c5(depth=18)
    assert c4.rpn.pre_nms_top_n == c5.rpn.pre_nms_top_n == (12000, 6000)
    assert (c4.rpn.post_nms_top_n, c5.rpn.post_nms_top_n) == ((2000, 300), (2000, 1000))
    assert c4.roi_heads.sampler.batch_size_per_image == 64
    assert c5.roi_heads.sampler.batch_size_per_image == 512
    assert [len(cell) for cell in c4.rpn.anchor_generator.cells] == [15]


# ---- configs -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("kind", KINDS)
def test_a_config_is_json_and_builds_the_model_again(tmp_path, kind):
    model = small(kind, bbox_reg_weights=[1, 2, 3, 4], masks=False)
    config = json.loads(json.dumps(model.config))
    assert config == model.config
    again = build(config)
    assert again.config == config
    for place in PLACES.values():
        assert found(again, place) == found(model, place)
    save_model(tmp_path / "m.npz", model, {})
    loaded, _ = load_model(tmp_path / "m.npz")
    assert loaded.config == config
    assert loaded.backbone.strides == KINDS[kind][1]


def test_every_setting_of_a_design_is_in_the_config():
    config = resnet_c5(depth=18, dilated=True, trainable_backbone_layers=2).config
    assert config.keys() == {"preset", "num_classes", "dilated", *(f.name for f in fields(Design))}
    assert config["trainable_backbone_layers"] == 2


@pytest.mark.parametrize("preset", PRESETS)
def test_an_unknown_setting_is_refused(preset):
    with pytest.raises(InputError, match=r"does not take.*wings"):
        build({"preset": preset, "num_classes": 2, "wings": 2})


def test_the_named_models_are_of_50_layers():
    with pytest.raises(InputError, match="depth"):
        build({"preset": "maskrcnn_resnet50_fpn", "depth": 18})


# ---- every kind of model, at work ----------------------------------------------------------------------


def small(kind, **changes):
    return build({**SMALL, **KINDS[kind][0], **changes}, np.random.default_rng(0))


def losses_of(model, pictures=1):
    images, targets = zip(*(Shapes("train")[i] for i in range(pictures)), strict=True)
    model.train()
    return model.losses(images, targets, np.random.default_rng(1))


@pytest.mark.usefixtures("narrow")
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


@pytest.mark.usefixtures("narrow")
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


@pytest.mark.usefixtures("narrow")
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
    figure = viz.demo_figure(trace, list(Shapes.class_names))
    assert len(figure.axes) >= 8
    plt.close(figure)


@pytest.mark.parametrize("kind", [pytest.param("fpn", marks=pytest.mark.thorough), *list(KINDS)[1:]])
def test_both_editions_agree(kind, monkeypatch):
    """The same structure with few channels, so that loops can run it."""
    monkeypatch.setattr(published, "STEM", 3)
    monkeypatch.setattr(published, "PLANES", (3, 3, 4, 4))
    monkeypatch.setattr(published, "BOX_WIDTH", 6)
    monkeypatch.setattr(published, "MASK_WIDTHS", (4,))
    few = {
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
    for edition in ("fast", "reference"):
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
    for name, fast in answers["fast"].items():
        np.testing.assert_allclose(fast, answers["reference"][name], rtol=1e-6, atol=1e-9, err_msg=name)
