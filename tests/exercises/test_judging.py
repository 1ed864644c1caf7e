"""Whatever a student's function does, it is answered with one clear sentence."""

import sys

import numpy as np
import pytest

from minimaskrcnn import exercises
from minimaskrcnn.exercises.comparing import fault
from minimaskrcnn.exercises.tasks import iou as iou_task


def right(a, b):
    common = iou_task.common_area(a, b)
    return common / (iou_task.area(a) + iou_task.area(b) - common)


def raises(a, b):
    return a[4]


def leaves(a, b):
    sys.exit(0)


def changes(a, b):
    a *= 2
    return 0.0


def as_text(a, b):
    return "one half"


def as_array(a, b):
    return np.zeros(3)


def no_value(a, b):
    return float("nan")


def forgets(a, b):
    return right(a, b) if a[0] == b[0] == a[1] else None


def other_arguments(a):
    return 0.0


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (raises, "raises IndexError in line 19 of raises: index 4 is out of bounds"),
        (leaves, "calls sys.exit"),
        (changes, "changes its argument a; work on a copy, a.copy()"),
        (as_text, "should return one number, and returns str 'one half'"),
        (as_array, "should return one number, and returns a float64 array (3,)"),
        (no_value, "returns NaN, the result of 0 / 0"),
        (forgets, "returns None; is a return missing?"),
        (other_arguments, "raises TypeError: other_arguments() takes 1 positional argument"),
        (0.5, "your answer is not a function but float; write check(f), not check(f(...))"),
    ],
)
def test_a_fault_is_one_sentence(answer, sentence, capsys):
    result = exercises.check.iou(answer)
    assert not result
    assert sentence in result.message
    assert capsys.readouterr().out == result.message + "\n"
    assert "\n" not in result.message


@pytest.mark.parametrize(
    ("got", "expected", "sentence"),
    [
        (
            [True, False],
            np.array([0, 2]),
            "should return indices, and returns True and False; np.flatnonzero",
        ),
        ([0.0], np.array([0]), "should return whole numbers, and returns float64"),
        ([], np.array([0]), "should return [0], and returns []"),
        (np.zeros(3), np.zeros((3, 1)), "should return an array (3, 1), and returns a float64 array (3,)"),
        ([[1], [1, 2]], np.zeros(3), "rows of different lengths"),
        (1.0, (1.0, 2.0), "should return 2 values, and returns float 1.0"),
        ((1.0, 3.0), (1.0, 2.0), "should return 2, and returns 3 (value 2 of 2)"),
        ("box", "rpn", "should return 'rpn', and returns str 'box'"),
        (np.zeros((5, 5)), np.eye(5), "should return 1 at [0, 0], and returns 0"),
    ],
)
def test_a_difference_is_the_end_of_a_sentence(got, expected, sentence):
    assert sentence in fault(got, expected)


def test_equal_values_of_another_kind_are_right():
    assert fault([0, 2], np.array([0, 2])) is None
    assert fault((np.float32(1 / 3), "rpn"), (1 / 3, "rpn")) is None
    assert fault([], np.zeros(0, np.int64)) is None


@pytest.mark.parametrize("blank", [None, ..., lambda a, b: None, lambda a, b: ..., lambda a, b: (...) + a])
def test_a_blank_is_still_to_be_written(blank):
    result = exercises.check.iou(blank)
    assert (result.status, result.figure(), result.score) == ("blank", None, 0.0)
    assert result.message == "iou: still to be written. exercises.hint.iou() gives a hint."


def test_a_right_answer_passes_and_its_other_precision_is_remarked():
    result = exercises.check.iou(right)
    assert result
    assert result.message == "iou: right, in all 1,296 cases."
    assert result.as_dict()["score"] == 1.0
    widened = exercises.check.roi_align(lambda f, box, bins: right_roi(f, box, bins).astype(np.float32))
    assert widened.message.endswith("Note that it returns float32 for float64 arguments.")


def right_roi(features, box, bins):
    return exercises.find_exercise("roi_align").reference(features, box, bins)


def test_what_the_answer_prints_is_shown_for_the_counterexample_only(capsys):
    def talks(a, b):
        print("a is", a)
        return 1.0

    exercises.check.iou(talks)
    assert capsys.readouterr().out.count("a is") == 1


def test_an_answer_without_a_picture_is_drawn_as_words():
    figure = exercises.check.iou(as_array).figure()
    assert figure.axes[1].get_label().startswith("Yours: should return one number")


def test_a_result_shows_its_figure_in_a_notebook():
    assert exercises.check.iou(right)._repr_html_() is None
    assert exercises.check.iou(right)._repr_png_() is None
    wrong = exercises.check.iou(as_array)
    assert wrong._repr_png_().startswith(b"\x89PNG")
    assert wrong._repr_html_().startswith('<img alt="Expected: IoU')
    assert repr(wrong) == "<iou: wrong>"


def test_hints_come_one_by_one(capsys):
    for number in (1, 2, 3, 3):
        exercises.hint.nms()
        assert capsys.readouterr().out.startswith(f"Hint {number} of 3: ")
    exercises.task.nms()
    assert capsys.readouterr().out.startswith("Write my_nms(")


def test_an_unknown_exercise_is_named_and_the_others_are_listed():
    with pytest.raises(AttributeError, match="there is no 'mns'; there are stage_cards, which_filter"):
        exercises.check.mns(right)
    assert "nms" in dir(exercises.check)
