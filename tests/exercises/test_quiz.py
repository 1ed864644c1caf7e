"""A quiz tells which choice is wrong, and never which is right."""

from pathlib import Path

import pytest

from minimaskrcnn import exercises
from minimaskrcnn.errors import InputError
from minimaskrcnn.exercises import exercise_names, find_exercise
from minimaskrcnn.exercises.quiz import Quiz
from minimaskrcnn.exercises.tasks.which_filter import NUMBERS, told
from minimaskrcnn.viz.style import alt_text

QUIZZES = [name for name in exercise_names() if isinstance(find_exercise(name), Quiz)]
RIGHT = {question: find_exercise("which_filter").reference(question) for question in "ABCDE"}


@pytest.mark.parametrize("blank", [None, ..., {...}, {}, [...], dict.fromkeys("ABCDE", ...)])
def test_a_quiz_without_choices_is_still_to_be_written(blank):
    assert exercises.check.which_filter(blank).status == "blank"


@pytest.mark.parametrize(
    ("question", "choice", "sentence"),
    [
        ("D", "NMS", "which_filter: not yet; D: 'NMS' is not right."),
        (
            "D",
            "nms",
            "which_filter: not yet; D: 'nms' is none of the choices: top-k, too small, NMS, limit, none.",
        ),
        ("E", ..., "which_filter: not yet; E: it is still to be answered."),
        ("C", 3, "which_filter: not yet; C: 3 is none of the choices: top-k, too small, NMS, limit, none."),
    ],
)
def test_a_wrong_choice_is_named(question, choice, sentence):
    result = exercises.check.which_filter(RIGHT | {question: choice})
    assert result.message == sentence
    assert result.figure() is not None


def test_choices_may_be_a_list_in_the_order_of_the_questions():
    assert exercises.check.which_filter(RIGHT)
    assert exercises.check.which_filter(list(RIGHT.values()))
    assert exercises.check.which_filter(RIGHT.__getitem__)


@pytest.mark.parametrize("name", QUIZZES)
def test_the_evidence_does_not_tell_the_answer(name):
    exercise = find_exercise(name)
    words = alt_text(exercises.evidence.__getattr__(name)())
    for (question,) in exercise.world():
        assert f"{question}: " in words
    assert not [choice for choice in exercise.choices if f"'{choice}'" in words]


def test_what_is_no_quiz_has_no_evidence():
    with pytest.raises(InputError, match="nms is no quiz"):
        exercises.evidence.nms()


def test_the_table_of_the_notebook_holds_the_numbers_of_the_quiz():
    source = (Path(__file__).resolve().parents[2] / "notebooks/src/00_one_image_every_stage.py").read_text(
        "utf-8"
    )
    for question, numbers in NUMBERS.items():
        assert f"# | {question} | {' | '.join(map(told, numbers))} |" in source
