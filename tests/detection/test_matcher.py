"""Matching: which side of each threshold is included, and what a low-quality match gets back."""

import numpy as np
import pytest

from minimaskrcnn.detection.matcher import Matcher
from minimaskrcnn.errors import InputError


def test_the_high_threshold_matches_and_the_low_one_is_between():
    iou = np.array([[0.7, 0.69, 0.3, 0.29]])
    assert Matcher(0.7, 0.3)(iou).tolist() == [0, Matcher.BETWEEN, Matcher.BETWEEN, Matcher.BELOW]


def test_equal_thresholds_leave_nothing_between():
    assert Matcher(0.5, 0.5)(np.array([[0.5, 0.49]])).tolist() == [0, Matcher.BELOW]


def test_of_equally_good_objects_the_first_is_matched():
    assert Matcher(0.5, 0.5)(np.array([[0.8], [0.8]])).tolist() == [0]


def test_without_low_quality_matches_an_object_may_go_without():
    assert Matcher(0.7, 0.3)(np.array([[0.2, 0.1]])).tolist() == [-1, -1]


def test_every_candidate_that_ties_an_objects_best_iou_is_matched():
    iou = np.array([[0.2, 0.2, 0.1]])
    assert Matcher(0.7, 0.3, allow_low_quality_matches=True)(iou).tolist() == [0, 0, -1]


def test_a_low_quality_match_gets_back_its_own_best_object():
    # Candidate 0 is the best that object 0 has, but itself overlaps object 1 more.
    iou = np.array([[0.4, 0.0], [0.5, 0.6]])
    assert Matcher(0.7, 0.3, allow_low_quality_matches=True)(iou).tolist() == [1, 1]


def test_an_image_without_objects_is_all_background():
    assert Matcher(0.7, 0.3, True)(np.zeros((0, 3))).tolist() == [-1, -1, -1]
    assert Matcher(0.7, 0.3, True)(np.zeros((2, 0))).tolist() == []


def test_thresholds_in_the_wrong_order_are_refused():
    with pytest.raises(InputError, match=r"0\.7 exceeds high_threshold 0\.3"):
        Matcher(0.3, 0.7)


def test_an_object_that_no_candidate_overlaps_matches_none():
    matcher = Matcher(0.7, 0.3, allow_low_quality_matches=True)
    assert matcher(np.array([[0.8, 0.1, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])).tolist() == [0, -1, -1, -1]
