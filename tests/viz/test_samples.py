"""Samples show every true object with its mask, box and class."""

import numpy as np

from minimaskrcnn.detection.structures import Target
from minimaskrcnn.viz import samples


def test_a_sample_has_a_box_an_outline_and_a_name_for_each_object(trace, target, class_names):
    ax = samples.show_sample(trace["input"], target, class_names)
    assert len(ax.collections[0].get_segments()) == len(ax.lines) == 3
    assert {text.get_text() for text in ax.texts[:-1]} == {"circle", "square"}
    assert ax.get_title() == "Picture 0"
    assert "3 true objects (2 circles, 1 square)" in ax.get_label()


def test_crowds_and_empty_pictures_are_said(trace, target):
    crowd = Target(target.boxes, target.labels, target.masks, np.array([False, True, False]))
    assert "1 of them crowds" in samples.show_sample(trace["input"], crowd).get_label()
    empty = Target(target.boxes[:0], target.labels[:0], target.masks[:0])
    assert "teaches what background is" in samples.show_sample(trace["input"], empty).get_label()


def test_samples_stand_four_a_row(trace, target):
    figure = samples.samples_figure([(trace["input"], target)] * 5)
    assert len(figure.axes) == 5
    tops = [round(ax.get_position().y1, 3) for ax in figure.axes]
    assert len(set(tops[:4])) == 1
    assert tops[4] < tops[0]
