"""Overlaps and recall are computed in the same pixels and shown under the right names."""

import numpy as np

from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.viz import truth


def test_the_grid_is_the_iou_of_truth_and_detections(trace, target):
    ax = truth.show_overlaps(trace, target)
    np.testing.assert_allclose(ax.images[0].get_array(), box_iou(target.boxes, trace["boxes"]))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["circle", "square", "circle"]
    assert len(ax.patches) == 3
    assert {patch.get_linestyle() for patch in ax.patches} == {"-"}
    assert "3 of 3 objects found" in ax.get_label()


def test_a_wrong_class_is_framed_dashed_and_not_counted(trace, target):
    wrong = Target(target.boxes, np.array([3, 2, 1]), target.masks, target.iscrowd, 0)
    ax = truth.show_overlaps(trace, wrong)
    assert sorted(patch.get_linestyle() for patch in ax.patches) == ["-", "-", "--"]
    assert "2 of 3 objects found" in ax.get_label()


def test_recall_compares_boxes_in_the_same_pixels(trace, target):
    ax = truth.show_recall(trace, target)
    anchors, refined, proposals = ax.lines
    scaled = target.boxes * np.float32(0.8)
    best = box_iou(scaled, trace["proposals"]).max(axis=1)
    wanted = (best[:, None] >= proposals.get_xdata()).mean(axis=0)
    np.testing.assert_allclose(proposals.get_ydata(), wanted)
    assert (refined.get_ydata() >= proposals.get_ydata()).all()
    assert anchors.get_label() == "3,060 anchors"
    assert all((np.diff(line.get_ydata()) <= 0).all() for line in ax.lines)


def test_recall_steps_are_told_apart_without_colour(trace, target):
    lines = truth.show_recall(trace, target).lines
    assert len({(line.get_linestyle(), line.get_linewidth()) for line in lines}) == 3


def test_no_objects(trace):
    empty = Target(np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
    assert "nothing to find" in truth.show_recall(trace, empty).get_label()
    assert "no objects" in truth.show_overlaps(trace, empty).get_label()
