"""Every RoI is drawn once, by what the filters made of it."""

import numpy as np

from minimaskrcnn.inspection import Recorder
from minimaskrcnn.viz import filters


def test_roi_boxes_are_sorted_into_background_unsure_and_kept(trace):
    ax = filters.show_filters(trace)
    background, unsure, kept = (len(lines.get_segments()) for lines in ax.collections)
    P = len(trace["proposals"])
    assert (background, unsure, kept) == (3, 0, P - 3)  # the fixture adds three proposals of background
    assert f"of {P} RoIs, 3 are background" in ax.get_label()
    assert len({str(lines.get_linestyle()) for lines in ax.collections}) == 3
    drawn = ax.collections[2].get_segments()[0][0]
    likeliest = trace["class_scores"][0, 1:].argmax() + 1
    np.testing.assert_array_equal(drawn, trace["refined"][0, likeliest, :2])


def test_a_class_that_scores_too_low_is_dashed(trace):
    watch = Recorder()
    for name, stage in trace.stages().items():
        array = stage.array
        if name == "class_scores":
            array = array.copy()
            array[-1] = [0.2, 0.4, 0.2, 0.2]  # a class is likeliest, but nothing of it entered NMS
        watch(name, array, stage.axes)
    ax = filters.show_filters(watch.trace())
    assert [len(lines.get_segments()) for lines in ax.collections[:2]] == [2, 1]
    assert "1 of a class but with too low a score" in ax.get_label()


def test_without_proposals_it_says_so(make_trace):
    watch = Recorder()
    for name, stage in make_trace(40, 40, []).stages().items():
        array = stage.array[:0] if stage.axes[:1] in (("proposal",), ("candidate",)) else stage.array
        watch(name, array, stage.axes)
    assert "no proposal reached" in filters.show_filters(watch.trace()).get_label()
