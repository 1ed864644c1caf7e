"""Per-class NMS: who is drawn before and after, in which style, and who pushed out whom at which IoU."""

import numpy as np

from minimaskrcnn import viz
from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.viz import class_nms


def drawn(ax):
    return sum(len(lines.get_segments()) for lines in ax.collections)


def test_before_nms_shows_every_confident_box(trace):
    ax = viz.show_before_nms(trace)
    assert drawn(ax) == 15
    assert "15 boxes (10 circles, 5 squares)" in ax.get_label()


def test_after_nms_shows_the_survivors_with_class_and_score(trace, class_names):
    ax = viz.show_after_nms(trace)
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


def test_survivors_are_solid_and_their_victims_dashed_in_their_colour(trace):
    ax = class_nms.show_suppressors(trace, 1)
    winners = class_nms.winners_of(trace, 1)
    assert len(winners) == 2
    for rank, winner in enumerate(winners):
        victims, survivor = ax.collections[2 * rank : 2 * rank + 2]
        assert len(victims.get_segments()) == np.count_nonzero(trace["candidate_suppressed_by"] == winner)
        np.testing.assert_array_equal(survivor.get_segments()[0][0], trace["candidate_box"][winner, :2])
        assert (victims.get_colors() == survivor.get_colors()).all()
        assert victims.get_linestyle() != survivor.get_linestyle()
    assert "2 survivors, solid; 8 boxes they suppressed" in ax.get_label()
    scores = trace["candidate_score"][winners]
    assert {t.get_text() for t in ax.texts[:2]} == {f"{r}: {s:.2f}" for r, s in enumerate(scores, 1)}


def test_dots_stand_at_the_overlaps(trace):
    ax = class_nms.show_suppression_overlaps(trace, 1)
    winners = class_nms.winners_of(trace, 1)
    *dots, threshold = ax.lines
    assert list(threshold.get_xdata()) == [trace.context.box_nms_thresh] * 2
    for line, winner in zip(dots, winners, strict=True):
        wanted = trace["candidate_suppressed_iou"][trace["candidate_suppressed_by"] == winner]
        np.testing.assert_array_equal(line.get_xdata(), wanted)
    suppressed = trace["candidate_fate"] == Fate.SUPPRESSED
    mine = trace["candidate_suppressed_iou"][suppressed & (trace["candidate_label"] == 1)]
    assert f"the least of their overlaps is {mine.min():.2f}" in ax.get_label()


def test_the_busiest_classes_come_first(trace):
    figure = class_nms.suppression_figure(trace)
    assert [ax.get_title() for ax in figure.axes[::2]] == ["NMS of class circle", "NMS of class square"]


def test_a_class_that_is_not_there(trace, make_trace):
    assert "0 survivors" in class_nms.show_suppressors(trace, 3).get_label()
    assert "nothing was suppressed" in class_nms.show_suppression_overlaps(trace, 3).get_label()
    assert len(class_nms.suppression_figure(make_trace(40, 40, [])).axes) == 2
