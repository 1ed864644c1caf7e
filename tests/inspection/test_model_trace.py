"""The trace of every kind of model: what it says of each box is what the filters did, and it costs little."""

import numpy as np
import pytest

from minimaskrcnn.detection import fates
from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.inspection import Trace
from minimaskrcnn.models import mini, mini_c4
from minimaskrcnn.models.presets import resnet_c4, resnet_fpn

FEW = {
    "min_size": 64,
    "max_size": 96,
    "rpn_pre_nms_top_n_test": 60,
    "rpn_post_nms_top_n_test": 40,
    "box_detections_per_img": 8,
}


def small_resnet_fpn(num_classes, rng):
    narrow = {"out_channels": 16, "representation_size": 16, "mask_layers": (16,), "mask_dim_reduced": 16}
    return resnet_fpn(num_classes, depth=18, rng=rng, **narrow, **FEW)


def small_resnet_c4(num_classes, rng):
    return resnet_c4(num_classes, depth=18, rng=rng, **FEW)


def small(build):
    return lambda num_classes, rng: build(
        num_classes, image_size=(64, 96), proposals=(40, 40), detections_per_img=8, rng=rng
    )


MODELS = {
    "mini": small(mini),
    "mini_c4": small(mini_c4),
    "resnet18_fpn": small_resnet_fpn,
    "resnet18_c4": small_resnet_c4,
}


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return MODELS[request.param](3, np.random.default_rng(4))


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(5).random((3, 64, 80), np.float32)


@pytest.fixture(scope="module")
def trace(model, image):
    return model.trace(image)


def test_the_trace_ends_with_what_predict_answers(model, image, trace):
    found = model.predict([image])[0]
    assert len(found) > 0
    for name in ("boxes", "labels", "scores", "masks"):
        np.testing.assert_array_equal(trace[name], getattr(found, name))


def test_every_stage_has_named_axes_and_a_row_in_the_table(trace):
    rows = str(trace).splitlines()[1:]
    assert [row.split()[0] for row in rows] == list(trace)
    assert all(len(trace.axes(name)) == trace[name].ndim for name in trace)


def test_it_comes_back_equal_from_disk_whether_its_fates_were_read_or_not(trace, model, image, tmp_path):
    unread = model.trace(image)
    unread.save(tmp_path / "unread.npz")
    assert Trace.load(tmp_path / "unread.npz") == trace == unread


@pytest.mark.parametrize(
    ("kind", "kept", "group", "scores", "boxes"),
    [
        ("anchor", "proposals", "anchor_level", "objectness", "clipped"),
        ("candidate", "boxes", "candidate_label", "candidate_score", "candidate_box"),
    ],
)
def test_fates_are_those_of_the_filters(trace, kind, kept, group, scores, boxes):
    fate, by, iou = (trace[f"{kind}_{stage}"] for stage in ("fate", "suppressed_by", "suppressed_iou"))
    assert np.count_nonzero(fate == Fate.KEPT) == len(trace[kept])
    gone = np.flatnonzero(fate == Fate.SUPPRESSED)
    assert len(gone) > 0
    assert (by[fate != Fate.SUPPRESSED] == -1).all()
    assert np.isin(fate[by[gone]], (Fate.KEPT, Fate.OVER_LIMIT)).all()
    assert (trace[group][by[gone]] == trace[group][gone]).all()
    assert (trace[scores][by[gone]] >= trace[scores][gone]).all()
    overlaps = np.diagonal(box_iou(trace[boxes][gone], trace[boxes][by[gone]]))
    np.testing.assert_allclose(iou[gone], overlaps, rtol=1e-6)
    assert (overlaps > (0.7 if kind == "anchor" else 0.5)).all()


def test_fates_cost_nothing_until_they_are_read(model, image, monkeypatch):
    def refuse(*args):
        raise AssertionError("worked out although nobody asked")

    monkeypatch.setattr(fates, "suppressors", refuse)
    trace = model.trace(image)
    with pytest.raises(AssertionError, match="nobody asked"):
        trace["anchor_fate"]


def test_stories_are_told_of_every_model(trace):
    assert "Anchor" in str(trace.story(0))
    assert "anchors covers it with IoU" in str(trace.why_missed(trace["boxes"][0]))
