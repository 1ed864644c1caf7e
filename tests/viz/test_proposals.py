"""Proposals: the best ones, dotted, at their places."""

import numpy as np

from minimaskrcnn import viz


def test_all_proposals_are_drawn_dotted(trace):
    ax = viz.show_proposals(trace)
    (lines,) = ax.collections
    corners = np.array(lines.get_segments())
    order = np.argsort(-trace["proposal_scores"], kind="stable")
    np.testing.assert_array_equal(corners[:, 0], trace["proposals"][order, :2])
    np.testing.assert_array_equal(corners[:, 2], trace["proposals"][order, 2:])
    (_, dashes) = lines.get_linestyle()[0]
    assert dashes is not None
    assert "18 boxes" in ax.get_label()


def test_a_limit_keeps_the_most_object_like(trace):
    ax = viz.show_proposals(trace, limit=4)
    best = np.sort(trace["proposal_scores"])[::-1]
    assert len(ax.collections[0].get_segments()) == 4
    assert f"the 4 best of 18 boxes, objectness {best[3]:.2f} to {best[0]:.2f}" in ax.get_label()


def test_it_draws_on_the_axes_it_is_given(trace):
    ax = viz.new_figure(3, 3).add_subplot()
    assert viz.show_proposals(trace, ax) is ax
