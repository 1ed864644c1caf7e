"""Targets that training cannot use are refused by name; detections are plain records."""

from dataclasses import replace

import numpy as np
import pytest

from minimaskrcnn.detection.structures import Detections, Target
from minimaskrcnn.errors import InputError

IMAGE = (3, 8, 9)


def target():
    boxes = np.array([[0, 0, 4, 4], [2, 2, 9, 8]], np.float32)
    return Target(boxes, np.array([1, 2]), np.ones((2, 8, 9), bool), np.array([False, True]), image_id=7)


def test_a_good_target_passes():
    target().validate(IMAGE, num_classes=3)
    replace(target(), masks=None).validate(IMAGE, num_classes=3)
    Target(np.zeros((0, 4), np.float32), np.zeros(0, np.int64)).validate(IMAGE, num_classes=3)


def test_without_a_word_nothing_is_a_crowd():
    assert Target(target().boxes, np.array([1, 1])).iscrowd.tolist() == [False, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"boxes": np.zeros((2, 5))}, r"image 7: boxes must have shape \(2, 4\).*got \(2, 5\)"),
        (
            {"boxes": np.array([[0, 0, 4, 4], [5, 5, 5, 9.0]])},
            r"boxes\[1\] is \[5.0, 5.0, 5.0, 9.0\].*no area",
        ),
        ({"boxes": np.array([[4, 0, 0, 4], [5, 5, 6, 9.0]])}, r"boxes\[0\].*x2 > x1"),
        ({"boxes": np.array([[0, 0, 4, 4], [5, np.nan, 6, 9]])}, r"boxes\[1\]"),
        ({"labels": np.array([1])}, r"labels must have shape \(2,\)"),
        ({"labels": np.array([1.0, 2.0])}, "labels must be an array of integers; got a float64"),
        ({"labels": np.array([0, 1])}, r"labels\[0\] is 0.*0 is the background"),
        ({"labels": np.array([1, 3])}, r"labels\[1\] is 3, but with num_classes=3 labels run from 1 to 2"),
        ({"masks": np.ones((2, 9, 8), bool)}, r"masks must have shape \(2, 8, 9\).*got \(2, 9, 8\)"),
        ({"masks": np.ones((2, 8, 9), np.uint8)}, "masks must be an array of bool; got a uint8"),
        ({"iscrowd": np.zeros(3, bool)}, r"iscrowd must have shape \(2,\)"),
    ],
)
def test_what_cannot_be_used_is_named(change, message):
    with pytest.raises(InputError, match=message):
        replace(target(), **change).validate(IMAGE, num_classes=3)


def test_length_is_the_number_of_objects():
    assert len(target()) == 2
    assert len(Detections(np.zeros((3, 4)), np.ones(3, int), np.ones(3))) == 3
