"""Decoded, clipped, suppressed: each figure shows its own step of the RPN."""

import numpy as np

from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.viz import rpn_boxes


def boxes_of(lines):
    segments = np.array(lines.get_segments()).reshape(-1, 5, 2)
    return np.concatenate([segments[:, 0], segments[:, 2]], axis=1)


def test_anchors_are_linked_to_their_decoded_boxes(trace):
    ax = rpn_boxes.show_decoded(trace, limit=6)
    order = np.argsort(-trace["objectness"], kind="stable")[:6]
    anchors, decoded, _ = ax.collections
    np.testing.assert_array_equal(boxes_of(anchors), trace["anchors"][order])
    np.testing.assert_array_equal(boxes_of(decoded), trace["decoded"][order])


def test_only_boxes_that_clipping_changed_are_shown(trace):
    ax = rpn_boxes.show_clipped(trace, limit=9)
    before, after = (boxes_of(lines) for lines in ax.collections)
    assert len(before) == len(after) == 9
    assert (before != after).any(axis=1).all()
    height, width = trace["transformed"].shape[1:]
    np.testing.assert_array_equal(after, np.clip(before, 0, [width, height] * 2))
    changed = (trace["decoded"] != trace["clipped"]).any(axis=1).sum()
    assert f"{changed:,} of 3,060" in ax.get_label()


def test_nms_splits_the_boxes_into_kept_and_suppressed(trace):
    ax = rpn_boxes.show_rpn_nms(trace)
    gone, kept = (boxes_of(lines) for lines in ax.collections)
    fate = trace["anchor_fate"]
    assert len(gone) == np.count_nonzero(fate == Fate.SUPPRESSED)
    assert len(kept) == np.count_nonzero(fate == Fate.KEPT)
    assert {tuple(b) for b in gone} == {tuple(b) for b in trace["clipped"][fate == Fate.SUPPRESSED]}
    assert ax.collections[0].get_linestyle()[0][1] is not None  # dashed
    assert "18 stay" in ax.get_label()


def test_a_picture_without_proposals_draws(make_trace):
    trace = make_trace(30, 30, [])
    for show in (rpn_boxes.show_decoded, rpn_boxes.show_clipped, rpn_boxes.show_rpn_nms):
        assert show(trace).get_title()


def test_refined_and_clipped_stand_side_by_side(trace):
    left, right = rpn_boxes.refined_figure(trace).axes
    assert (left.get_title(), right.get_title()) == ("Anchors refined by the RPN", "Refined | clipped")
    assert left.get_position().x1 < right.get_position().x0
