"""Judge every known wrong answer of every exercise, and print how long the longest check takes.

    python -m benchmarks.exercises             # a table in markdown, as in docs/exercises.md

The right answer is the slowest one, because it is tried in every case of the world.
"""

import time

from minimaskrcnn.exercises import NOTEBOOKS, find_exercise
from minimaskrcnn.exercises.exercise import Exercise
from minimaskrcnn.exercises.judging import judge
from minimaskrcnn.exercises.result import WRONG, Result


def timed(exercise: Exercise, answer: object) -> tuple[Result, float]:
    """Return what an answer is told, and the seconds until then, the drawing included."""
    began = time.perf_counter()
    result = judge(exercise, answer)
    if result.status == WRONG:
        result.figure()
    return result, time.perf_counter() - began


def row_of(notebook: str, exercise: Exercise) -> str:
    """Return one line of the table."""
    right, seconds = timed(exercise, exercise.reference)
    trials = [timed(exercise, answer) for answer in exercise.wrong.values()]
    caught = sum(result.status == WRONG for result, _ in trials)
    slowest = max(seconds, *(needed for _, needed in trials))
    words = notebook.replace("_", " ")
    return f"| {words} | `{exercise.name}` | {right.cases:,} | {caught} of {len(trials)} | {slowest:.2f} |"


def main() -> None:
    """Print the table, in the order in which the exercises are taught."""
    print("| notebook | exercise | cases | wrong answers caught | seconds of the longest check |")
    print("|---|---|---|---|---|")
    for notebook, names in NOTEBOOKS.items():
        for name in names:
            print(row_of(notebook, find_exercise(name)), flush=True)


if __name__ == "__main__":
    main()
