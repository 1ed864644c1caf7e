"""Write what every known wrong answer is told: `python tests/exercises/record.py`, then read the difference.

The smallest counterexample of a wrong answer is a property of the exercise. If it changes, the exercise has.
"""

import json
import re
from pathlib import Path

from minimaskrcnn.exercises import exercise_names, find_exercise
from minimaskrcnn.exercises.judging import judge

MESSAGES = Path(__file__).with_name("counterexamples.json")
RAISED = re.compile(r"(raises \w+).*")  # the rest is the text of another library


def messages(name):
    """What each wrong answer of an exercise is told, by its name."""
    exercise = find_exercise(name)
    told = {mistake: judge(exercise, answer).message for mistake, answer in exercise.wrong.items()}
    return {mistake: RAISED.sub(r"\1", message) for mistake, message in told.items()}


if __name__ == "__main__":
    told = {name: messages(name) for name in sorted(exercise_names())}
    MESSAGES.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
