"""A hand-made trace of four anchors, small enough to tell its stories by heart."""

import numpy as np
import pytest

from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.inspection import Trace, TraceContext


@pytest.fixture
def small_trace():
    """A 100x100 picture seen at 50x50: a cat is found, a box beside it suppressed, one lost in the RPN."""
    cat, near, lost, far = np.array(
        [[5, 5, 15, 15], [6, 5, 16, 15], [30, 30, 40, 40], [20, 2, 30, 12]], np.float32
    )
    stages = {
        "input": (np.zeros((3, 100, 100), np.float32), ("channel", "y", "x")),
        "transformed": (np.zeros((3, 50, 50), np.float32), ("channel", "y", "x")),
        "pyramid.P2": (np.zeros((1, 2, 2), np.float32), ("channel", "y", "x")),
        "anchors": (np.stack([cat - 1, near - 1, lost - 1, far]), ("anchor", "xyxy")),
        "anchor_level": (np.zeros(4, np.int64), ("anchor",)),
        "objectness": (np.array([3, 2, -4, 1], np.float32), ("anchor",)),
        "rpn_deltas": (np.full((4, 4), 0.1, np.float32), ("anchor", "dxdydwdh")),
        "clipped": (np.stack([cat, near, lost, far]), ("anchor", "xyxy")),
        "anchor_fate": (np.array([Fate.KEPT, Fate.KEPT, Fate.BELOW_TOP_K, Fate.KEPT]), ("anchor",)),
        "anchor_suppressed_by": (np.full(4, -1), ("anchor",)),
        "anchor_suppressed_iou": (np.zeros(4, np.float32), ("anchor",)),
        "proposals": (np.stack([cat, near, far]), ("proposal", "xyxy")),
        "proposal_scores": (np.array([0.95, 0.88, 0.73], np.float32), ("proposal",)),
        "proposal_anchor": (np.array([0, 1, 3]), ("proposal",)),
        "roi_level": (np.zeros(3, np.int64), ("proposal",)),
        "class_scores": (
            np.array([[0.05, 0.9, 0.05], [0.1, 0.8, 0.1], [0.9, 0.06, 0.04]], np.float32),
            ("proposal", "class"),
        ),
        "candidate_roi": (np.array([0, 0, 1, 1, 2, 2]), ("candidate",)),
        "candidate_label": (np.array([1, 2, 1, 2, 1, 2]), ("candidate",)),
        "candidate_score": (np.array([0.9, 0.05, 0.8, 0.1, 0.06, 0.04], np.float32), ("candidate",)),
        "candidate_box": (np.stack([cat, cat, near, near, far, far]), ("candidate", "xyxy")),
        "candidate_fate": (
            np.array(
                [
                    Fate.KEPT,
                    Fate.LOW_SCORE,
                    Fate.SUPPRESSED,
                    Fate.LOW_SCORE,
                    Fate.BACKGROUND,
                    Fate.BACKGROUND,
                ]
            ),
            ("candidate",),
        ),
        "candidate_suppressed_by": (np.array([-1, -1, 0, -1, -1, -1]), ("candidate",)),
        "candidate_suppressed_iou": (np.array([0, 0, 0.82, 0, 0, 0], np.float32), ("candidate",)),
        "detection_candidate": (np.array([0]), ("detection",)),
        "detection_boxes": (cat[None], ("detection", "xyxy")),
        "boxes": (2 * cat[None], ("detection", "xyxy")),
        "labels": (np.array([1]), ("detection",)),
        "scores": (np.array([0.9], np.float32), ("detection",)),
        "masks": (np.ones((1, 100, 100), bool), ("detection", "y", "x")),
    }
    return Trace(stages, TraceContext(class_names=("background", "cat", "dog")))
