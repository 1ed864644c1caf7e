"""Pairs of found and true objects, and how far apart they are, on masks made by hand."""

import numpy as np
import pytest

from minimaskrcnn.detection.boxes import boxes_from_masks
from minimaskrcnn.detection.structures import Detections, Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.evaluation import LocalisationEvaluator, boundary_iou, centroids, matched_pairs


def square(y, x, side=12, size=64):
    mask = np.zeros((size, size), bool)
    mask[y : y + side, x : x + side] = True
    return mask


def found(masks, labels, scores):
    masks = np.array(masks)
    return Detections(boxes_from_masks(masks), np.array(labels), np.array(scores, np.float32), masks)


def truth(masks, labels, crowd=None):
    masks = np.array(masks)
    crowd = np.zeros(len(masks), bool) if crowd is None else np.array(crowd)
    return Target(boxes_from_masks(masks), np.array(labels), masks, crowd)


def test_the_centroid_is_that_of_the_pixels_middles():
    assert centroids(square(10, 20, 5)[None]).tolist() == [[22.5, 12.5]]
    assert np.isnan(centroids(np.zeros((1, 5, 5), bool))).all()
    corner = np.zeros((1, 4, 4), bool)
    corner[0, 0, 0] = corner[0, 0, 1] = corner[0, 1, 0] = True
    assert centroids(corner)[0] == pytest.approx([0.5 + 1 / 3, 0.5 + 1 / 3])


def test_pairs_need_the_class_and_half_the_overlap():
    target = truth([square(5, 5), square(40, 40)], [1, 2])
    detections = found([square(40, 41), square(40, 40), square(5, 11)], [2, 1, 1], [0.9, 0.8, 0.7])
    mine, theirs = matched_pairs(target, detections)
    assert (mine.tolist(), theirs.tolist()) == ([0], [1])


def test_the_higher_score_takes_the_object():
    target = truth([square(5, 5)], [1])
    detections = found([square(5, 6), square(5, 5)], [1, 1], [0.3, 0.8])
    assert matched_pairs(target, detections)[0].tolist() == [1]
    detections.scores = detections.scores[::-1]
    assert matched_pairs(target, detections)[0].tolist() == [0]


def test_crowds_are_not_objects():
    target = truth([square(5, 5), square(40, 40)], [1, 1], [True, False])
    detections = found([square(5, 5), square(40, 40)], [1, 1], [0.9, 0.8])
    assert matched_pairs(target, detections)[1].tolist() == [1]
    evaluator = LocalisationEvaluator()
    evaluator.add(target, detections)
    assert evaluator.summary()["matched"] == 1.0


def test_the_means_are_over_the_pairs_of_all_pictures():
    evaluator = LocalisationEvaluator()
    two = truth([square(5, 5), square(40, 40)], [1, 2])
    evaluator.add(two, found([square(5, 6), square(5, 40)], [1, 2], [0.9, 0.8]))
    evaluator.add(truth([square(20, 20)], [3]), found([square(23, 24)], [3], [0.5]))
    evaluator.add(truth([square(20, 20)], [3]), found(np.zeros((0, 64, 64), bool), np.zeros(0, int), []))
    summary = evaluator.summary()
    overlap = boundary_iou(square(5, 5)[None], square(5, 6)[None])
    # The second pair overlaps by (9 * 8) / (2 * 144 - 72) = 1/3: not half, so it is no pair.
    assert summary == {"boundary_iou": overlap[0], "centroid_offset": 1.0, "matched": 1 / 4}


def test_the_offset_is_the_distance_in_pixels():
    evaluator = LocalisationEvaluator()
    evaluator.add(truth([square(10, 10, 30)], [1]), found([square(13, 14, 30)], [1], [0.9]))
    assert evaluator.summary()["centroid_offset"] == pytest.approx(5.0)


def test_without_pairs_there_is_no_mean():
    evaluator = LocalisationEvaluator()
    assert np.isnan(list(evaluator.summary().values())).all()
    evaluator.add(truth([square(5, 5)], [1]), found([square(40, 40)], [1], [0.9]))
    assert np.isnan(evaluator.summary()["boundary_iou"])
    assert evaluator.summary()["matched"] == 0.0


def test_masks_are_needed():
    target = truth([square(5, 5)], [1])
    detections = found([square(5, 5)], [1], [0.9])
    detections.masks = None
    with pytest.raises(InputError, match="without masks"):
        LocalisationEvaluator().add(target, detections)
