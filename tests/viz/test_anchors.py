"""Anchor figures: of one cell, of highest objectness, and against true boxes."""

import numpy as np

from minimaskrcnn.detection.structures import Target
from minimaskrcnn.viz import anchors as figures
from minimaskrcnn.viz.boxes import CLEAR, FAINT
from minimaskrcnn.viz.levels import anchor_grid, levels


def clear(ax):
    return [lines for lines in ax.collections if lines.get_alpha() != FAINT]


def corners(lines):
    return np.array(lines.get_segments()).reshape(-1, 5, 2)[:, 0]


def test_the_middle_cell_of_each_level_is_drawn_and_named(trace):
    ax = figures.show_cell_anchors(trace)
    assert len(ax.collections) == 4
    for lines, level in zip(ax.collections, levels(trace), strict=True):
        cell = anchor_grid(trace, level, trace["anchors"])[level.height // 2, level.width // 2]
        np.testing.assert_array_equal(corners(lines), cell[:, :2])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "P2, stride 4",
        "P3, stride 8",
        "P4, stride 16",
        "P5, stride 32",
    ]
    assert len({str(lines.get_linestyle()) for lines in ax.collections}) == 4


def test_anchors_beyond_the_picture_are_in_view(trace):
    ax = figures.show_cell_anchors(trace)
    drawn = np.concatenate([np.concatenate(lines.get_segments()) for lines in ax.collections])
    assert ax.get_xlim()[0] <= drawn[:, 0].min()
    assert drawn[:, 0].max() <= ax.get_xlim()[1]
    assert ax.get_ylim()[1] <= drawn[:, 1].min()
    assert drawn[:, 1].max() <= ax.get_ylim()[0]


def test_top_anchors_are_those_of_highest_objectness(trace):
    ax = figures.show_top_anchors(trace, limit=7)
    order = np.argsort(-trace["objectness"], kind="stable")[:7]
    np.testing.assert_array_equal(corners(ax.collections[0]), trace["anchors"][order, :2])
    assert "the 7 best of 3,060" in ax.get_label()


def test_of_many_anchors_the_best_are_dotted_and_the_rest_are_faint(trace):
    faint, dotted = figures.show_top_anchors(trace).collections
    assert (len(dotted.get_segments()), len(faint.get_segments())) == (CLEAR, 40 - CLEAR)
    assert not faint.get_path_effects()


GT = np.array([[20, 40, 60, 80], [85, 15, 135, 65.0]], np.float32)  # input pixels
TWO = Target(GT, np.array([1, 2]))


def test_true_boxes_are_scaled_to_the_resized_picture(trace):
    ax = figures.show_anchor_matches(trace, TWO)
    truth = ax.collections[-1]
    np.testing.assert_allclose(corners(truth), GT[:, :2] * 0.8, rtol=1e-6)


def test_positive_anchors_are_dotted_and_linked_to_their_decoded_boxes(trace):
    ax = figures.show_anchor_matches(trace, TWO)
    positive, decoded, links, _ = clear(ax)[-4:]
    assert len(positive.get_segments()) == len(decoded.get_segments()) == len(links.get_segments()) >= 2
    for dotted, solid, link in zip(*(c.get_segments() for c in (positive, decoded, links)), strict=True):
        np.testing.assert_array_equal(link, [dotted[0], solid[0]])


def test_the_three_kinds_are_counted(trace):
    label = figures.show_anchor_matches(trace, TWO).get_label()
    numbers = [int(word.replace(",", "")) for word in label.split() if word.replace(",", "").isdigit()]
    assert sum(numbers[:3]) == 3060
    assert "for 2 objects" in label


def test_a_picture_without_objects_has_only_negative_anchors(trace):
    nothing = Target(GT[:0], np.zeros(0, np.int64))
    assert "0 positive, 0 neutral, 3,060 negative" in figures.show_anchor_matches(trace, nothing).get_label()
