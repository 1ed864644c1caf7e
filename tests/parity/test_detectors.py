"""The other detectors agree with torchvision's, stage by stage, as `record_detectors.py` recorded them."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from minimaskrcnn.autograd import Tensor, no_grad
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.models import PRESETS, build

from . import recipe
from .record_detectors import (
    BOXES,
    CASES,
    KEYPOINTS,
    LABELS,
    SEED,
    SIZE,
    WATCHED,
    keypoints,
    masks,
    sampled,
    settings_of,
    weights_of,
)

RECORDED = Path(__file__).with_name("detectors.npz")
PRECISIONS = pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-5), (np.float64, 1e-11)])
CASE = pytest.mark.parametrize("name", CASES)


@lru_cache(1)
def recorded():
    with np.load(RECORDED, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def made(name, dtype):
    model = build(PRESETS[name].changed(norm="batch", **settings_of(name)))
    model.load_state_dict(weights_of(name, [(key, v.shape) for key, v in model.state_dict().items()]))
    return model.astype(dtype)


def picture(dtype):
    return recipe.image(SEED, *SIZE).astype(dtype)


def compare(name, key, values, tolerance):
    truth = recorded()
    assert values.shape == tuple(truth[f"{name}/{key}.shape"]), key
    np.testing.assert_allclose(
        sampled(values),
        truth[f"{name}/{key}"],
        rtol=0,
        atol=tolerance * truth[f"{name}/{key}.max"],
        err_msg=key,
    )


@CASE
@PRECISIONS
def test_every_map_and_every_answer_of_the_rpn_is_torchvisions(name, dtype, tolerance):
    model = made(name, dtype).eval()
    with no_grad():
        batch, _ = model.transform([picture(dtype)], None, dtype)
        pyramid = model.backbone(Tensor(batch.images)).pyramid
        for level, features in enumerate(pyramid.values()):
            compare(name, f"map{level}", features.data, tolerance)
            hidden = model.rpn.head.conv(features)
            compare(name, f"objectness{level}", model.rpn.head.cls_logits(hidden).data, tolerance)
            compare(name, f"shifts{level}", model.rpn.head.bbox_pred(hidden).data, tolerance)


@CASE
def test_the_heads_and_the_detections_are_torchvisions(name):
    model, truth = made(name, np.float64), recorded()
    stages = model.stages(picture(np.float64))
    compare(name, "logits0", stages.boxes.logits, 1e-10)
    deltas = stages.boxes.deltas
    compare(name, "deltas0", deltas.reshape(len(deltas), -1), 1e-10)  # (R, K, 4) -> (R, 4*K)
    if stages.masks is not None:
        compare(name, "mask_logits0", stages.masks.logits, 1e-10)
    if stages.keypoints is not None:
        compare(name, "heatmaps0", stages.keypoints.heatmaps, 1e-10)
    found = stages.detections
    assert len(found.boxes) > 4
    np.testing.assert_array_equal(found.labels, truth[f"{name}/labels"])
    np.testing.assert_allclose(found.scores, truth[f"{name}/scores"], rtol=1e-9)
    np.testing.assert_allclose(found.boxes, truth[f"{name}/boxes"], rtol=0, atol=1e-8)
    if found.keypoints is not None:  # torchvision's are float32
        assert found.keypoints.shape == (len(found.boxes), KEYPOINTS, 3)
        np.testing.assert_allclose(found.keypoints, truth[f"{name}/keypoints"], rtol=0, atol=1e-4)
        np.testing.assert_allclose(found.keypoint_scores, truth[f"{name}/keypoints_scores"], rtol=2e-6)


@CASE
def test_losses_gradients_and_moving_statistics_are_torchvisions(name):
    model, truth = made(name, np.float64).train(), recorded()
    image, drawn = picture(np.float64), masks() if model.roi_heads.has_mask else None
    points = keypoints() if model.roi_heads.has_keypoints else None
    target = Target(np.array(BOXES), np.array(LABELS), drawn, keypoints=points)
    losses = model.losses([image, image[:, :, ::-1].copy()], [target, target], np.random.default_rng(0))
    for key, loss in losses.items():
        rtol = 5e-7 if key == "loss_objectness" else 1e-9  # torchvision answers it in float32
        np.testing.assert_allclose(loss.item(), truth[f"{name}/{key}"], rtol=rtol, err_msg=key)
    sum(losses.values()).backward()
    gradients = {key: p.grad for key, p in model.named_parameters() if key in WATCHED}
    assert len(gradients) > 5
    for key, gradient in gradients.items():  # torchvision's pass through float32 in the loss of objectness
        expected = truth[f"{name}/grad.{key}"]
        np.testing.assert_allclose(
            sampled(gradient), expected, rtol=0, atol=1e-7 * abs(expected).max(), err_msg=key
        )
    moved = {key: b.sum() for key, b in model.named_buffers() if key.endswith("running_var")}
    assert len(moved) > 40
    for key, total in moved.items():
        np.testing.assert_allclose(total, truth[f"{name}/state.{key}"], rtol=1e-9, err_msg=key)
