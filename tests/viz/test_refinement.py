"""RoIs before and after refinement: dotted, solid, linked; only those with high final scores."""

import numpy as np
from matplotlib.colors import to_hex

from minimaskrcnn import viz
from minimaskrcnn.viz.style import HIGH_SCORE, class_style


def confident(trace):
    return np.flatnonzero(trace["candidate_score"] >= HIGH_SCORE)


def segments(collections):
    return [segment for lines in collections for segment in lines.get_segments()]


def is_dashed(lines):
    return lines.get_linestyle()[0][1] is not None


def test_rois_are_the_proposals_of_confident_candidates(trace):
    ax = viz.show_rois(trace)
    drawn = {tuple(segment[0]) for segment in segments(ax.collections)}
    wanted = trace["proposals"][trace["candidate_roi"][confident(trace)], :2]
    assert drawn == {tuple(corner) for corner in wanted}
    assert all(is_dashed(lines) for lines in ax.collections)


def test_each_class_has_its_colour_and_its_name_once(trace, class_names):
    ax = viz.show_rois(trace, class_names=class_names)
    assert [text.get_text() for text in ax.texts[:2]] == ["circle", "square"]
    colours = [to_hex(lines.get_colors()[0]).upper() for lines in ax.collections]
    assert colours == [class_style(label).colour for label in (1, 2)]


def test_refinement_links_each_roi_to_its_refined_box(trace):
    ax = viz.show_refinement(trace)
    index = confident(trace)
    before, after, links = (segments(ax.collections[kind::3]) for kind in range(3))
    assert len(before) == len(after) == len(links) == len(index) == 15
    assert all(is_dashed(lines) for lines in ax.collections[0::3])
    assert not any(is_dashed(lines) for lines in ax.collections[1::3])
    for dotted, solid, link in zip(before, after, links, strict=True):
        np.testing.assert_array_equal(link, [dotted[0], solid[0]])
    assert {tuple(s[2]) for s in after} == {tuple(c) for c in trace["candidate_box"][index, 2:]}


def test_a_limit_keeps_the_best(trace):
    ax = viz.show_refinement(trace, limit=3)
    best = np.argsort(-trace["candidate_score"], kind="stable")[:3]
    solid = segments(ax.collections[1::3])
    assert {tuple(s[0]) for s in solid} == {tuple(c) for c in trace["candidate_box"][best, :2]}


def test_nothing_confident_is_said_in_words(make_trace):
    empty = make_trace(40, 40, [])
    for show in (viz.show_rois, viz.show_refinement):
        ax = show(empty)
        assert not ax.collections
        assert "no proposal ends with a score of 0.5" in ax.get_label()
