"""The trace names the arrays of the records that the model returns, without copying them."""

import numpy as np
import pytest

from minimaskrcnn import viz
from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.inspection import TraceContext
from minimaskrcnn.inspection.assembly import assemble
from minimaskrcnn.models import mini, mini_c4

IMAGE = np.random.default_rng(0).random((3, 48, 64), np.float32)
SMALL = {"image_size": (48, 64), "proposals": (20, 20)}


@pytest.fixture(scope="module")
def stages():
    return mini(3, **SMALL, rng=np.random.default_rng(0)).stages(IMAGE)


def test_arrays_are_shared_with_the_records_and_the_picture_is_not(stages):
    trace = assemble(stages, TraceContext())
    assert np.shares_memory(trace["pyramid.P2"], stages.pyramid["P2"])
    assert np.shares_memory(trace["box_features"], stages.boxes.features)
    assert np.shares_memory(trace["decoded"], stages.rpn.decoded)
    assert not np.shares_memory(trace["input"], IMAGE)
    np.testing.assert_array_equal(trace["input"], IMAGE)


def test_the_indices_of_the_stages_agree(stages):
    trace = assemble(stages, TraceContext())
    np.testing.assert_array_equal(trace["proposals"], trace["clipped"][trace["proposal_anchor"]])
    np.testing.assert_array_equal(
        trace["detection_boxes"], trace["candidate_box"][trace["detection_candidate"]]
    )
    np.testing.assert_array_equal(trace["labels"], trace["candidate_label"][trace["detection_candidate"]])
    assert len(trace.detections) == len(stages.detections)
    np.testing.assert_array_equal(trace.detections.masks, stages.detections.masks)


def test_a_map_that_is_backbone_and_pyramid_is_named_once():
    model = mini_c4(3, **SMALL, rng=np.random.default_rng(0))
    trace = model.trace(IMAGE)
    assert trace.names("pyramid.") == []
    assert trace.names("backbone.") == ["backbone.C2", "backbone.C3", "backbone.C4"]
    assert list(trace.strides) == ["C4"]


def test_without_a_mask_branch_there_are_no_masks():
    model = mini(3, **SMALL, masks=False, rng=np.random.default_rng(0))
    trace = model.trace(IMAGE)
    assert not [name for name in trace if "mask" in name]
    assert trace.detections.masks is None


def test_what_shows_masks_leaves_them_in_their_boxes(monkeypatch):
    trace = mini(3, **SMALL, box_score_thresh=0.0, rng=np.random.default_rng(0)).trace(IMAGE)
    monkeypatch.setattr(BoxMasks, "__array__", lambda self, dtype=None, copy=None: pytest.fail("all masks"))
    assert len(trace.detections.masks) == len(trace["scores"]) > 0
    assert "Its mask covers" in str(trace.story(0))
    viz.show_detections(trace, min_score=0.0)
    viz.mask_figure(trace, 0)
