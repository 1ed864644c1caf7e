"""The scope of every operation of a prediction and of the losses is the path of the parameters it uses."""

import numpy as np
import pytest

from minimaskrcnn.autograd import hook
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.models import mini, mini_c4, mini_stride16
from minimaskrcnn.models.presets import resnet_fpn

SMALL = {"image_size": (64, 64), "proposals": (20, 20), "samples": (16, 8)}
NARROW = {"out_channels": 8, "representation_size": 8, "mask_layers": (8,)}
TOP = {"rpn_pre_nms_top_n_train": 20, "rpn_pre_nms_top_n_test": 20, "min_size": 64, "max_size": 64}
MODELS = {
    "mini": lambda rng: mini(3, **SMALL, rng=rng),
    "mini without masks": lambda rng: mini(3, **SMALL, masks=False, rng=rng),
    "mini_stride16": lambda rng: mini_stride16(3, **SMALL, rng=rng),
    "resnet18": lambda rng: resnet_fpn(3, depth=18, **NARROW, **TOP, rng=rng),
}
IMAGE = np.random.default_rng(0).random((3, 64, 64), np.float32)
TARGET = Target(np.array([[8, 8, 40, 40]], np.float32), np.array([1]), np.ones((1, 64, 64), bool))
EXTRACTORS = {"roi_heads/box_extractor", "roi_heads/mask_extractor"}  # they have no parameters


def passes(model):
    """The operations of a prediction, and of the losses."""
    predicting, training = [], []
    with hook(predicting.append):
        model.predict([IMAGE])
    with hook(training.append):
        model.losses([IMAGE], [TARGET], np.random.default_rng(1))
    return predicting, training


@pytest.mark.parametrize("name", MODELS)
def test_scopes_are_the_paths_of_the_parameters(name):
    model = MODELS[name](np.random.default_rng(0))
    modules = {path.replace(".", "/") for path, _ in model.named_modules()} - {""}
    owners = {path.rpartition(".")[0].replace(".", "/") for path in model.state_dict()}
    extractors = {scope for scope in EXTRACTORS if model.roi_heads.has_mask or "mask" not in scope}
    for events in passes(model):
        scopes = {event.scope for event in events}
        assert scopes <= modules | extractors
        assert owners | extractors <= scopes


def test_a_shared_module_has_the_name_of_its_parameters_in_both_branches():
    """Box and mask branch of `mini_c4` call one residual stage, which is the box head's."""
    model = mini_c4(3, **SMALL, rng=np.random.default_rng(0))
    predicting, _ = passes(model)
    scopes = {event.scope for event in predicting}
    assert "roi_heads/box_head/res5/0/conv1" in scopes
    assert "roi_heads/res5/0/conv1" in scopes
    assert scopes >= EXTRACTORS
    assert not any(scope.startswith("roi_heads/box_head/mask_head") for scope in scopes)


def test_the_operator_of_a_scope_is_the_one_that_is_named_there():
    model = mini(3, **SMALL, rng=np.random.default_rng(0))
    predicting, _ = passes(model)
    ops = {event.scope: event.op for event in predicting}
    assert ops["roi_heads/box_head/fc6"] == "Linear"
    assert ops["roi_heads/box_extractor"] != "Linear"
    assert ops["backbone/fpn/inner_blocks/0/0"] == "Conv2d"
