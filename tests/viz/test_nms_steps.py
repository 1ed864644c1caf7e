"""Who pushed out whom: drawn in the survivor's colour, placed at its IoU."""

import numpy as np

from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.viz import nms_steps


def test_survivors_are_solid_and_their_victims_dashed_in_their_colour(trace, class_names):
    ax = nms_steps.show_suppressors(trace, 1, class_names=class_names)
    winners = nms_steps.winners_of(trace, 1)
    assert len(winners) == 2
    for rank, winner in enumerate(winners):
        victims, survivor = ax.collections[2 * rank : 2 * rank + 2]
        assert len(victims.get_segments()) == np.count_nonzero(trace["candidate_suppressed_by"] == winner)
        np.testing.assert_array_equal(survivor.get_segments()[0][0], trace["candidate_box"][winner, :2])
        assert (victims.get_colors() == survivor.get_colors()).all()
        assert victims.get_linestyle() != survivor.get_linestyle()
    assert "2 survivors, solid; 8 boxes they pushed out" in ax.get_label()
    scores = trace["candidate_score"][winners]
    assert {t.get_text() for t in ax.texts[:2]} == {f"{r}: {s:.2f}" for r, s in enumerate(scores, 1)}


def test_dots_stand_at_the_overlaps(trace):
    ax = nms_steps.show_suppression_overlaps(trace, 1)
    winners = nms_steps.winners_of(trace, 1)
    for line, winner in zip(ax.lines, winners, strict=True):
        wanted = trace["candidate_suppressed_iou"][trace["candidate_suppressed_by"] == winner]
        np.testing.assert_array_equal(line.get_xdata(), wanted)
    suppressed = trace["candidate_fate"] == Fate.SUPPRESSED
    mine = trace["candidate_suppressed_iou"][suppressed & (trace["candidate_label"] == 1)]
    assert f"cost a place is {mine.min():.2f}" in ax.get_label()


def test_the_busiest_classes_come_first(trace, class_names):
    figure = nms_steps.suppression_figure(trace, class_names)
    assert [ax.get_title() for ax in figure.axes[::2]] == ["NMS of class circle", "NMS of class square"]


def test_a_class_that_is_not_there(trace, make_trace):
    assert "0 survivors" in nms_steps.show_suppressors(trace, 3).get_label()
    assert "nothing was pushed out" in nms_steps.show_suppression_overlaps(trace, 3).get_label()
    assert len(nms_steps.suppression_figure(make_trace(40, 40, [])).axes) == 2
