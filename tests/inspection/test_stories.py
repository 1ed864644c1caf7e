"""Stories name the right anchor, proposal, class, suppressor and fate."""

import numpy as np
import pytest

from minimaskrcnn.errors import InputError
from minimaskrcnn.inspection import Trace, stories
from minimaskrcnn.viz import style


def test_a_detection_is_told_from_anchor_to_mask(small_trace):
    told = small_trace.story(0)
    text = str(told)
    assert text.startswith("Detection 0: cat, score 0.90\n1. Anchor 0 on P2, 10x10 px at (9, 9)")
    assert "probability 0.95 (number 1 of 4)" in text
    assert "dx +0.10" in text
    assert "called it cat with 0.90 (background 0.05)" in text
    assert "NMS among boxes of class cat let it push out one other box." in text
    assert "Its mask covers 10,000 of the picture's 10,000 pixels." in text


def test_a_story_holds_the_boxes_it_speaks_of_in_order(small_trace):
    told = small_trace.story(0)
    assert list(told.boxes) == ["anchor", "proposal", "refined"]
    np.testing.assert_array_equal(told.boxes["anchor"], small_trace["anchors"][0])
    np.testing.assert_array_equal(told.boxes["refined"], [5, 5, 15, 15])


@pytest.mark.parametrize("detection", [-1, 1])
def test_a_detection_that_does_not_exist_is_refused(small_trace, detection):
    with pytest.raises(InputError, match=f"detection {detection} does not exist; this trace has 1"):
        small_trace.story(detection)


def test_an_object_that_was_found_is_not_missed(small_trace):
    told = small_trace.why_missed([10, 10, 30, 30], 1)
    assert told.sentences[-1] == "It was not missed: detection 0, cat with score 0.90, covers it."


def test_an_object_found_with_a_low_score_is_not_called_found(small_trace):
    stages = {name: (small_trace[name], small_trace.axes(name)) for name in small_trace}
    stages["scores"] = np.array([0.46], np.float32), stages["scores"][1]
    told = Trace(stages, small_trace.context).why_missed([10, 10, 30, 30], 1)
    assert told.sentences[-1] == "Detection 0, cat, covers it, but its score of 0.46 is too low to be shown."


def test_what_a_story_calls_shown_is_what_figures_draw():
    assert stories.SHOWN == style.HIGH_SCORE


def test_an_object_without_a_proposal_was_lost_in_the_rpn(small_trace):
    told = small_trace.why_missed([60, 60, 80, 80])
    assert "too many boxes of its level have a higher objectness" in told.sentences[1]
    assert told.sentences[-1] == "No proposal covers it (best IoU 0.00): it was lost in the RPN."
    np.testing.assert_array_equal(told.boxes["truth"], [30, 30, 40, 40])


def test_a_box_taken_for_background_is_said_to_be(small_trace):
    told = small_trace.why_missed([40, 4, 60, 24], 1)
    assert "cat with score 0.06 and IoU 1.00" in told.sentences[-1]
    assert told.sentences[-1].endswith("the box head finds background more likely.")


def test_another_class_is_named(small_trace):
    told = small_trace.why_missed([10, 10, 30, 30], 2)
    assert "The best candidate on it is dog with score 0.10" in told.sentences[-2]
    assert told.sentences[-1] == "Something was detected there, but as cat (0.90)."


def test_a_suppressed_candidate_names_its_suppressor(small_trace):
    # A box to the right of the cat, which only the suppressed candidate covers well enough.
    told = small_trace.why_missed([18, 10, 37, 30], 1)
    assert "suppressed by a box of score 0.90 at IoU 0.82" in told.sentences[-1]
