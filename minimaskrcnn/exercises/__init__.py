"""Exercises: write a function, have it checked in every case of a tiny world, see the smallest that is wrong.

    from minimaskrcnn import exercises

    exercises.check.nms(my_nms)      # prints one line, and draws the smallest counterexample
    exercises.hint.nms()             # one more hint each time
    exercises.task.nms()             # what to write
    exercises.evidence.four_logs()   # the questions of a quiz, as a figure

    with exercises.plugged_in(nms=my_nms):
        trace = model.trace(image)   # the detector runs on your function

A check returns a `Result`, which is true if the answer is right.
"""

from minimaskrcnn.exercises.asking import check, evidence, hint, task
from minimaskrcnn.exercises.catalogue import NOTEBOOKS, exercise_names, find_exercise
from minimaskrcnn.exercises.exercise import Exercise
from minimaskrcnn.exercises.plugging import plugged_in
from minimaskrcnn.exercises.result import Counterexample, Result

__all__ = [
    "NOTEBOOKS",
    "Counterexample",
    "Exercise",
    "Result",
    "check",
    "evidence",
    "exercise_names",
    "find_exercise",
    "hint",
    "plugged_in",
    "task",
]
