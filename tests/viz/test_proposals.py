"""Decoded, clipped, suppressed, proposed: each figure shows its own step of the RPN."""

import numpy as np

from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.viz import proposals
from minimaskrcnn.viz.boxes import FAINT
from minimaskrcnn.viz.style import new_figure


def boxes_of(lines):
    segments = np.array(lines.get_segments()).reshape(-1, 5, 2)
    return np.concatenate([segments[:, 0], segments[:, 2]], axis=1)


def test_anchors_are_linked_to_their_decoded_boxes(trace):
    ax = proposals.show_decoded(trace, limit=6)
    order = np.argsort(-trace["objectness"], kind="stable")[:6]
    anchors, decoded, _ = ax.collections
    np.testing.assert_array_equal(boxes_of(anchors), trace["anchors"][order])
    np.testing.assert_array_equal(boxes_of(decoded), trace["decoded"][order])


def test_only_boxes_that_clipping_changed_are_shown(trace):
    ax = proposals.show_clipped(trace, limit=9)
    before, after = (boxes_of(lines) for lines in ax.collections)
    assert len(before) == len(after) == 9
    assert (before != after).any(axis=1).all()
    height, width = trace["transformed"].shape[1:]
    np.testing.assert_array_equal(after, np.clip(before, 0, [width, height] * 2))
    changed = (trace["decoded"] != trace["clipped"]).any(axis=1).sum()
    assert f"{changed:,} of 3,060" in ax.get_label()


def test_nms_splits_the_boxes_into_kept_and_suppressed(trace):
    ax = proposals.show_rpn_nms(trace)
    clear = [boxes_of(lines) for lines in ax.collections if lines.get_alpha() != FAINT]
    faint = [boxes_of(lines) for lines in ax.collections if lines.get_alpha() == FAINT]
    assert [len(boxes) for boxes in clear] == [6, 6]
    gone, kept = (
        np.concatenate([some, *rest]) for some, rest in zip(clear, (faint[:-1], faint[-1:]), strict=True)
    )
    fate = trace["anchor_fate"]
    assert len(gone) == np.count_nonzero(fate == Fate.SUPPRESSED)
    assert len(kept) == np.count_nonzero(fate == Fate.KEPT)
    assert {tuple(b) for b in gone} == {tuple(b) for b in trace["clipped"][fate == Fate.SUPPRESSED]}
    assert "18 stay" in ax.get_label()


def test_a_picture_without_proposals_draws(make_trace):
    trace = make_trace(30, 30, [])
    for show in (proposals.show_decoded, proposals.show_clipped, proposals.show_rpn_nms):
        assert show(trace).get_title()


def test_refined_and_clipped_stand_side_by_side(trace):
    left, right = proposals.refined_figure(trace).axes
    assert (left.get_title(), right.get_title()) == ("Anchors refined by the RPN", "Clipped to the picture")
    assert left.get_position().x1 < right.get_position().x0


def test_the_best_proposals_are_dotted_and_the_rest_faint(trace):
    ax = proposals.show_proposals(trace)
    faint, lines = ax.collections
    corners = np.array(lines.get_segments() + faint.get_segments())
    order = np.argsort(-trace["proposal_scores"], kind="stable")
    np.testing.assert_array_equal(corners[:, 0], trace["proposals"][order, :2])
    np.testing.assert_array_equal(corners[:, 2], trace["proposals"][order, 2:])
    (_, dashes) = lines.get_linestyle()[0]
    assert dashes is not None
    assert "18 boxes" in ax.get_label()


def test_a_limit_keeps_the_most_object_like(trace):
    ax = proposals.show_proposals(trace, limit=4)
    best = np.sort(trace["proposal_scores"])[::-1]
    assert len(ax.collections[0].get_segments()) == 4
    assert f"the 4 best of 18 boxes, objectness {best[3]:.2f} to {best[0]:.2f}" in ax.get_label()


def test_it_draws_on_the_axes_it_is_given(trace):
    ax = new_figure(3, 3).add_subplot()
    assert proposals.show_proposals(trace, ax) is ax
