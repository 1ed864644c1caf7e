"""The greedy assignment, rule by rule; the whole is compared with pycocotools in test_average_precision."""

import numpy as np

from minimaskrcnn.evaluation import match

HALF = np.array([0.5])


def assign(iou, ignored=None, crowd=None, thresholds=HALF):
    """Winners and excuses (T, D) in one size range."""
    iou = np.array(iou, np.float64)
    none = np.zeros(iou.shape[1], bool)
    crowd = none if crowd is None else np.array(crowd)
    ignored = none if ignored is None else np.array(ignored)
    winner, excused = match(iou, (ignored | crowd)[None], crowd, thresholds)
    return winner[0].tolist(), excused[0].tolist()


def test_the_greatest_iou_wins_and_each_object_is_taken_once():
    assert assign([[0.6, 0.9], [0.7, 0.8], [0.9, 0.9]])[0] == [[1, 0, -1]]


def test_of_equal_ious_the_last_object_wins():
    assert assign([[0.7, 0.7, 0.7]])[0] == [[2]]


def test_the_threshold_itself_is_enough():
    assert assign([[0.5, 0.2]], thresholds=np.array([0.5, 0.55]))[0] == [[0], [-1]]


def test_an_object_that_counts_comes_before_a_better_ignored_one():
    assert assign([[0.6, 0.9]], ignored=[False, True]) == ([[0]], [[False]])


def test_an_ignored_object_excuses_one_detection_a_crowd_any_number():
    assert assign([[0.9], [0.9]], ignored=[True]) == ([[0, -1]], [[True, False]])
    assert assign([[0.9], [0.9]], crowd=[True]) == ([[0, 0]], [[True, True]])


def test_size_ranges_are_decided_independently():
    ignored = np.array([[False, False], [True, False]])  # (A, G)
    winner, excused = match(np.array([[0.9, 0.6]]), ignored, np.zeros(2, bool), HALF)
    assert winner[:, 0, 0].tolist() == [0, 1]
    assert not excused.any()


def test_no_objects_or_no_detections():
    for shape in ((3, 0), (0, 3)):
        winner, excused = match(
            np.zeros(shape), np.zeros((4, shape[1]), bool), np.zeros(shape[1], bool), HALF
        )
        assert winner.shape == excused.shape == (4, 1, shape[0])
        assert (winner == -1).all()
