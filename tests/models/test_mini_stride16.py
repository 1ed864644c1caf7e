"""`mini_stride16`: the body and heads of `mini`, one map of stride 16; a checkpoint can name it."""

import numpy as np
import pytest

from minimaskrcnn.data import Shapes
from minimaskrcnn.io import load_model, save_model
from minimaskrcnn.models import build, mini, mini_stride16
from minimaskrcnn.models.roi_extractor import OPERATORS


@pytest.fixture
def model():
    return mini_stride16(4, proposals=(12, 8), detections_per_img=3, rng=np.random.default_rng(0))


def test_there_is_one_map_of_stride_16(model):
    image, _ = Shapes("val")[0]
    trace = model.trace(image)
    assert trace["backbone.C4"].shape == (64, 8, 8)
    assert model.backbone.strides == [16]
    assert set(trace["roi_level"]) == {0}
    assert trace["mask_probs"].shape[1:] == (28, 28)


def test_body_and_heads_have_the_weights_of_mini(model):
    """All but the pyramid has the same names and shapes, so the stride is what differs."""
    pyramid = mini(4, rng=np.random.default_rng(0))
    ours, theirs = model.state_dict(), pyramid.state_dict()
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


def test_a_checkpoint_builds_it_again(model, tmp_path):
    save_model(tmp_path / "m.npz", model, {})
    again, _ = load_model(tmp_path / "m.npz")
    image, _ = Shapes("val")[0]
    one, two = model.predict([image])[0], again.predict([image])[0]
    assert np.array_equal(one.boxes, two.boxes)
    assert build(model.config).config == model.config
