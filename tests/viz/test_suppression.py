"""Before and after per-class NMS: who is drawn, in which style, with which label."""

import numpy as np

from minimaskrcnn import viz
from minimaskrcnn.detection.fates import Fate


def drawn(ax):
    return sum(len(lines.get_segments()) for lines in ax.collections)


def test_before_nms_shows_every_confident_box(trace, class_names):
    ax = viz.show_before_nms(trace, class_names=class_names)
    assert drawn(ax) == 15
    assert "15 boxes (10 circle, 5 square)" in ax.get_label()


def test_after_nms_shows_the_survivors_with_class_and_score(trace, class_names):
    ax = viz.show_after_nms(trace, class_names=class_names)
    kept = trace["detection_candidate"]
    assert drawn(ax) == len(kept) == 3
    labels = {text.get_text() for text in ax.texts if text.get_text()[-1].isdigit()}
    scores = trace["candidate_score"][kept]
    names = [class_names[label] for label in trace["candidate_label"][kept]]
    assert labels == {f"{name} {score:.2f}" for name, score in zip(names, scores, strict=True)}
    assert "3 boxes left, 12 suppressed" in ax.get_label()


def test_boxes_of_low_score_are_thin(trace):
    ax = viz.show_before_nms(trace)
    widths = {lines.get_linewidth()[0]: len(lines.get_segments()) for lines in ax.collections}
    assert widths[0.5] == 0
    assert max(widths) > 1


def test_many_boxes_carry_no_labels(make_trace):
    rng = np.random.default_rng(0)
    crowd = make_trace(256, 256, [(1, *rng.uniform(10, 246, 2), 7) for _ in range(100)])
    ax = viz.show_after_nms(crowd)
    assert drawn(ax) == np.count_nonzero(crowd["candidate_fate"] == Fate.KEPT) > 50
    assert len(ax.texts) == 1  # the detail under the headline


def test_nothing_to_suppress_is_said_in_words(make_trace):
    empty = make_trace(40, 40, [])
    assert viz.show_before_nms(empty).texts[0].get_text() == "no boxes"
    assert "no detections" in viz.show_after_nms(empty).get_label()
