"""Every known wrong answer is caught, by the committed counterexample, which is drawn."""

import json
import re
from pathlib import Path

import pytest

from minimaskrcnn.exercises import exercise_names, find_exercise
from minimaskrcnn.exercises.judging import judge
from minimaskrcnn.exercises.result import WRONG
from minimaskrcnn.viz.style import alt_text

RAISED = re.compile(r"(raises \w+).*")  # the rest is the text of another library
TOLD = json.loads(Path(__file__).with_name("counterexamples.json").read_text("utf-8"))


@pytest.mark.parametrize("name", exercise_names())
def test_every_wrong_answer_is_caught_by_the_committed_counterexample(name):
    exercise = find_exercise(name)
    assert list(TOLD[name]) == list(exercise.wrong), "run tests/exercises/record.py"
    for mistake, answer in exercise.wrong.items():
        result = judge(exercise, answer)
        assert result.status == WRONG, f"{mistake} passes"
        assert RAISED.sub(r"\1", result.message) == TOLD[name][mistake], mistake


@pytest.mark.parametrize("name", exercise_names())
def test_the_first_wrong_answer_is_drawn(name):
    exercise = find_exercise(name)
    figure = judge(exercise, next(iter(exercise.wrong.values()))).figure()
    left, right = figure.axes[:2]
    assert (left.get_title(), right.get_title()) == exercise.titles
    assert left.get_label() != right.get_label()
    assert alt_text(figure).count(f"{exercise.titles[0]}: ") == 1


@pytest.mark.parametrize("name", exercise_names())
def test_a_task_and_three_hints_are_sentences(name):
    exercise = find_exercise(name)
    assert exercise.name == name
    assert len(exercise.hints) == len(set(exercise.hints)) == 3
    assert all(text.endswith((".", "?")) for text in (exercise.task, *exercise.hints))
    assert f"my_{name}" in exercise.task
