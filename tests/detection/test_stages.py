"""The records of the stages read proposals, and the fate of every box, off the filters' lists."""

import numpy as np
import pytest

from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.detection.stages import (
    BoxStages,
    Candidates,
    CandidateSelection,
    ProposalSelection,
    RPNStages,
)


def indices(*values):
    return np.array(values, np.int64)


@pytest.fixture
def rpn():
    """Seven anchors; each but the last two leaves at another filter. Anchor 3 falls to anchor 5."""
    sides = np.array([[9, 9], [0, 4], [9, 9], [10, 9], [9, 9], [10, 10], [9, 9]], np.float32)
    corner = np.array([0, 5, 0, 0, 40, 0, 60], np.float32)[:, None] * np.ones(2, np.float32)
    clipped = np.concatenate([corner, corner + sides], axis=1)
    scores = np.array([0.1, 0.9, 0.2, 0.7, 0.6, 0.8, 0.7], np.float32)
    selection = ProposalSelection(
        top_k=indices(1, 5, 3, 6, 4, 2),
        large=indices(5, 3, 6, 4, 2),
        confident=indices(5, 3, 6, 4),
        after_nms=indices(5, 6, 4),
        kept=indices(5, 6),
        nms_thresh=0.7,
    )
    nothing = np.zeros((7, 4), np.float32)
    levels = np.zeros(7, np.int64)
    return RPNStages(nothing, levels, scores, nothing, nothing, clipped, scores, selection)


def test_proposals_are_the_boxes_that_were_kept(rpn):
    np.testing.assert_array_equal(rpn.proposals, rpn.clipped[[5, 6]])


def test_an_anchor_has_the_fate_of_the_filter_that_dropped_it(rpn):
    fates = rpn.fates
    assert [Fate(code).name for code in fates.fate] == [
        "BELOW_TOP_K", "TOO_SMALL", "LOW_SCORE", "SUPPRESSED", "OVER_LIMIT", "KEPT", "KEPT",
    ]  # fmt: skip
    np.testing.assert_array_equal(fates.suppressed_by, [-1, -1, -1, 5, -1, -1, -1])
    np.testing.assert_allclose(fates.suppressed_iou, [0, 0, 0, 0.9, 0, 0, 0], rtol=1e-6)


def test_fates_are_worked_out_once(rpn):
    assert rpn.fates is rpn.fates


def test_a_low_score_in_a_roi_of_background_is_background():
    """Background is likeliest in the second of two RoIs, yet its class 2 passes every filter."""
    scores = np.array([[0.1, 0.2, 0.7], [0.5, 0.1, 0.4]], np.float32)
    refined = np.tile(np.array([[0, 0, 9, 9]], np.float32), (2, 3, 1)) + np.float32([[[0]], [[50]]])
    candidates = Candidates(
        refined[:, 1:].reshape(-1, 4),
        np.array([1, 2, 1, 2]),
        scores[:, 1:].reshape(-1),
        np.array([0, 0, 1, 1]),
    )
    kept = indices(1, 3)
    selection = CandidateSelection(kept, kept, kept, kept, 0.5)
    empty = np.zeros((2, 0))
    boxes = BoxStages(empty, empty, empty, scores, empty, refined, candidates, selection)
    assert [Fate(code).name for code in boxes.fates.fate] == ["LOW_SCORE", "KEPT", "BACKGROUND", "KEPT"]
    assert boxes.fates.fate.dtype == np.int64
