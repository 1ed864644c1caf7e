"""RoIs as the box head receives them, filters them and moves them: dotted, solid, linked."""

import numpy as np
from matplotlib.colors import to_hex

from minimaskrcnn import viz
from minimaskrcnn.inspection import Stage, Trace
from minimaskrcnn.viz.boxes import CLEAR, FAINT
from minimaskrcnn.viz.style import HIGH_SCORE, class_style


def confident(trace):
    return np.flatnonzero(trace["candidate_score"] >= HIGH_SCORE)


def clear(ax):
    return [lines for lines in ax.collections if lines.get_alpha() != FAINT]


def segments(collections):
    return [segment for lines in collections for segment in lines.get_segments()]


def is_dashed(lines):
    return lines.get_linestyle()[0][1] is not None


def test_rois_are_the_proposals_of_confident_candidates(trace):
    ax = viz.show_rois(trace)
    drawn = {tuple(segment[0]) for segment in segments(ax.collections)}
    wanted = trace["proposals"][trace["candidate_roi"][confident(trace)], :2]
    assert drawn == {tuple(corner) for corner in wanted}
    assert all(is_dashed(lines) for lines in clear(ax))
    assert len(segments(clear(ax))) == CLEAR < len(wanted)


def test_each_class_has_its_colour_and_its_name_once(trace):
    ax = viz.show_rois(trace)
    assert [text.get_text() for text in ax.texts[:2]] == ["circle", "square"]
    colours = [to_hex(lines.get_colors()[0]).upper() for lines in clear(ax)]
    assert colours == [class_style(label).colour for label in (1, 2)]


def test_refinement_links_each_roi_to_its_refined_box(trace):
    ax = viz.show_refinement(trace)
    before, after, links = (segments(clear(ax)[kind::3]) for kind in range(3))
    assert len(before) == len(after) == len(links) == CLEAR
    assert all(is_dashed(lines) for lines in clear(ax)[0::3])
    assert not any(is_dashed(lines) for lines in clear(ax)[1::3])
    for dotted, solid, link in zip(before, after, links, strict=True):
        np.testing.assert_array_equal(link, [dotted[0], solid[0]])
    drawn = after + [s for lines in ax.collections if lines not in clear(ax) for s in lines.get_segments()]
    wanted = trace["candidate_box"][confident(trace), 2:]
    assert {tuple(s[2]) for s in drawn} == {tuple(corner) for corner in wanted}


def test_a_limit_keeps_the_best_of_each_object(trace):
    ax = viz.show_refinement(trace, limit=3)
    best = trace["detection_candidate"]
    solid = segments(clear(ax)[1::3])
    assert {tuple(s[0]) for s in solid} == {tuple(c) for c in trace["candidate_box"][best, :2]}


def test_nothing_confident_is_said_in_words(make_trace):
    empty = make_trace(40, 40, [])
    for show in (viz.show_rois, viz.show_refinement):
        ax = show(empty)
        assert not ax.collections
        assert "no proposal ends with a score of 0.5" in ax.get_label()


def test_each_roi_is_drawn_in_the_style_of_its_level(trace):
    ax = viz.show_roi_levels(trace)
    counts = np.bincount(trace["roi_level"], minlength=4)
    assert [len(lines.get_segments()) for lines in clear(ax)] == [min(n, 6) for n in counts if n]
    assert len(segments(ax.collections)) == counts.sum()
    keys = [text.get_text() for text in ax.get_legend().get_texts()]
    assert keys == [f"P{level + 2}: {n}" for level, n in enumerate(counts) if n]
    assert all(f"P{level + 2}: {n}" in ax.get_label() for level, n in enumerate(counts) if n)


def test_the_features_of_one_proposal(trace):
    ax = viz.show_box_features(trace, 3, channels=[1, 6])
    np.testing.assert_array_equal(ax.images[1].get_array(), trace["box_features"][3, 6])
    assert ax.get_title() == "7x7 features of proposal 3"


def test_by_default_they_are_those_of_the_best_candidate(trace):
    best = trace["candidate_roi"][trace["candidate_score"].argmax()]
    assert viz.show_box_features(trace).get_title() == f"7x7 features of proposal {best}"


def test_roi_boxes_are_sorted_into_background_unsure_and_kept(trace):
    ax = viz.show_filters(trace)
    background, unsure, kept = (len(lines.get_segments()) for lines in clear(ax))
    P = len(trace["proposals"])
    assert (background, unsure, kept) == (3, 0, 4)  # the fixture adds three proposals of background
    assert len(segments(ax.collections)) == P
    assert f"of {P} RoIs, 3 are background" in ax.get_label()
    assert len({str(lines.get_linestyle()) for lines in clear(ax)}) == 3
    roi, likeliest = np.unravel_index(
        trace["class_scores"][:, 1:].argmax(), trace["class_scores"][:, 1:].shape
    )
    drawn = clear(ax)[2].get_segments()[0][0]
    np.testing.assert_array_equal(drawn, trace["refined"][roi, likeliest + 1, :2])


def test_a_class_that_scores_too_low_is_dashed(trace):
    scores = trace["class_scores"].copy()
    scores[-1] = [0.2, 0.4, 0.2, 0.2]  # a class is likeliest, but nothing of it entered NMS
    changed = {"class_scores": Stage(scores, trace.axes("class_scores"))}
    ax = viz.show_filters(Trace(trace.stages() | changed))
    assert [len(lines.get_segments()) for lines in ax.collections[:2]] == [2, 1]
    assert "1 of a class but with too low a score" in ax.get_label()


def test_without_proposals_it_says_so(make_trace):
    stages = make_trace(40, 40, []).stages()
    for name, (array, axes) in stages.items():
        if axes[:1] in (("proposal",), ("candidate",)):
            stages[name] = Stage(array[:0], axes)
    assert "no proposal reached" in viz.show_filters(Trace(stages)).get_label()
