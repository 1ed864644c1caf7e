"""Non-maximum suppression: strict threshold, stable order, precision, and blocks that change nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn.kernels.fast import suppression as fast_nms
from minimaskrcnn.kernels.fast.engine import tuning
from minimaskrcnn.testing import assert_kernels_agree

UNIT = [0, 0, 1, 1]


def boxes(*rows, dtype=np.float64):
    return np.array(rows, dtype)


def keep(edition, corners, scores, threshold=0.5):
    return edition.nms(corners, np.array(scores, corners.dtype), threshold).tolist()


def test_the_better_of_two_duplicates_stays(edition):
    assert keep(edition, boxes(UNIT, UNIT, UNIT), [0.2, 0.9, 0.9]) == [1]  # of the tied ones the first


def test_kept_boxes_come_best_first_and_ties_in_index_order(edition):
    apart = boxes(*[[10 * i, 0, 10 * i + 1, 1] for i in range(5)])
    assert keep(edition, apart, [0.1, 0.5, 0.9, 0.5, 0.5]) == [2, 1, 3, 4, 0]


def test_a_suppressed_box_suppresses_nobody(edition):
    row = boxes(
        [0, 0, 10, 1], [3, 0, 13, 1], [6, 0, 16, 1]
    )  # neighbours overlap by 7/13, the outer two by 4/16
    assert keep(edition, row, [0.9, 0.8, 0.7]) == [0, 2]


def test_an_iou_equal_to_the_threshold_is_kept(edition):
    half = boxes([0, 0, 2, 1], UNIT)
    assert keep(edition, half, [0.9, 0.8], 0.5) == [0, 1]
    assert keep(edition, half, [0.9, 0.8], np.nextafter(0.5, 0)) == [0]


def test_threshold_one_keeps_duplicates_and_zero_keeps_neighbours(edition):
    assert keep(edition, boxes(UNIT, UNIT), [0.9, 0.8], 1.0) == [0, 1]
    assert keep(edition, boxes(UNIT, [1, 0, 2, 1]), [0.9, 0.8], 0.0) == [0, 1]


@pytest.mark.parametrize(
    ("dtype", "threshold", "kept"),
    [
        (np.float32, 0.6, [0]),  # the IoU .6f is .60000002, above the double .6
        (np.float64, 0.6, [0, 1]),
        (np.float32, 0.7, [0, 1]),  # .7f is .69999999, below the double .7
    ],
)
def test_iou_in_the_boxes_precision_meets_a_double_threshold(dtype, threshold, kept, edition):
    tenths = int(10 * threshold)
    pair = boxes([0, 0, 10, 1], [0, 0, tenths, 1], dtype=dtype)
    assert keep(edition, pair, [0.9, 0.8], threshold) == kept


def test_boxes_without_area_do_not_suppress_each_other(edition):
    assert keep(edition, boxes([1, 1, 1, 1], [1, 1, 1, 1]), [0.9, 0.8], 0.0) == [0, 1]  # 0/0 is NaN


def test_widths_have_no_extra_pixel(edition):
    # 9 of 10 columns: IoU .9; with the old +1 it would be 10/11 = .909.
    assert keep(edition, boxes([0, 0, 10, 5], [0, 0, 9, 5]), [0.9, 0.8], 0.905) == [0, 1]


def test_reversed_boxes_overlap_nothing(edition):
    assert keep(edition, boxes([5, 5, 0, 0], [5, 5, 0, 0]), [0.9, 0.8]) == [0, 1]


def test_a_nan_score_comes_first(edition):
    apart = boxes(UNIT, [5, 0, 6, 1], [9, 0, 10, 1])
    assert keep(edition, apart, [0.3, np.nan, 0.7]) == [1, 2, 0]


def test_scores_are_only_compared(edition):
    assert keep(edition, boxes(UNIT, UNIT, [5, 0, 6, 1]), [-3, -np.inf, -7]) == [0, 2]


def test_no_boxes(edition):
    answer = edition.nms(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.5)
    assert (answer.shape, answer.dtype) == ((0,), np.int64)


@given(
    st.lists(st.tuples(*[st.integers(0, 12)] * 4, st.integers(0, 3)), max_size=30),
    st.sampled_from([-0.5, 0.0, 1 / 3, 0.5, 0.6, 0.7, 1.0]),
    st.sampled_from([np.float32, np.float64]),
)
def test_editions_agree(rows, threshold, dtype):
    table = np.array(rows, dtype).reshape(-1, 5)  # reversed and empty boxes included, many ties
    assert_kernels_agree("nms", table[:, :4], table[:, 4], threshold)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_editions_agree_across_blocks_and_tiles(dtype, rng, monkeypatch):
    corner = rng.uniform(0, 60, (300, 2))
    table = np.concatenate([corner, corner + rng.uniform(1, 30, (300, 2))], axis=1).astype(dtype)
    scores = rng.integers(0, 40, 300).astype(dtype)
    assert_kernels_agree("nms", table, scores, 0.4)  # five blocks
    whole = fast_nms.nms(table, scores, 0.4)
    monkeypatch.setattr(tuning, "NMS_BLOCK", 7)
    monkeypatch.setattr(tuning, "NMS_TILE", 11)
    np.testing.assert_array_equal(fast_nms.nms(table, scores, 0.4), whole)
