"""Curves and bars say what the evaluator says, and pool the pictures before they rank."""

import numpy as np
import pytest

from minimaskrcnn.detection.structures import Detections, Target
from minimaskrcnn.evaluation import CocoEvaluator
from minimaskrcnn.viz import precision

BOX = np.array([[0, 0, 10, 10], [20, 20, 40, 40]], np.float32)


def evaluator():
    """Two pictures: both objects found in one; in the other a false alarm above the find."""
    judge = CocoEvaluator("bbox")
    labels = np.array([1, 2])
    judge.add(Target(BOX, labels, image_id=0), Detections(BOX, labels, np.array([0.9, 0.8])))
    off = np.array([[60, 60, 70, 70], [0, 0, 10, 10]], np.float32)
    found = Detections(off, np.array([1, 1]), np.array([0.95, 0.7]))
    judge.add(Target(BOX[:1], labels[:1], image_id=1), found)
    return judge


def test_each_curve_is_that_of_the_evaluator():
    curves = evaluator().curves()
    ax = precision.show_precision_recall(curves, label=1)
    for line, iou in zip(ax.lines, (0.5, 0.75, 0.9), strict=True):
        recall, values = curves.at(iou, 1)
        np.testing.assert_array_equal(line.get_xdata(), recall)
        np.testing.assert_array_equal(line.get_ydata(), values)
    assert len({line.get_linestyle() for line in ax.lines} | {line.get_color() for line in ax.lines}) >= 3
    assert f"AP50 {curves.at(0.5, 1)[1].mean():.3f}" in ax.get_label()


def test_bars_hold_dataset_ap_of_all_and_of_each_class():
    judge = evaluator()
    summary = judge.summary()
    ax = precision.show_average_precision({"box": judge.curves()}, class_names=["background", "cat", "dog"])
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, [summary["AP"], summary["per_class"][1], summary["per_class"][2]])
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["all classes", "cat", "dog"]
    # The false alarm outranks both cats: 1/2 at recall 1/2, 2/3 at recall 1, the better one for all recalls.
    assert summary["per_class"][1] == pytest.approx(2 / 3)
    assert "all pictures pooled" in ax.get_label()


def test_boxes_and_masks_are_told_apart_by_hatch():
    curves = evaluator().curves()
    ax = precision.show_average_precision({"box": curves, "mask": curves})
    assert {bar.get_hatch() or "" for bar in ax.patches} == {"", "//"}
    assert len(ax.patches) == 6


def test_nothing_to_measure_is_said():
    assert "nothing to measure" in precision.show_precision_recall(CocoEvaluator().curves()).get_label()
    only_found = CocoEvaluator()
    nothing = Target(BOX[:0], np.zeros(0, np.int64), image_id=0)
    only_found.add(nothing, Detections(BOX, np.array([1, 1]), np.array([0.5, 0.6])))
    ax = precision.show_average_precision({"box": only_found.curves()})
    assert "no box AP" in ax.get_label()
