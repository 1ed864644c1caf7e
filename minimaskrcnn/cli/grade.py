"""`minimaskrcnn grade NOTEBOOK...`: score filled notebooks, each in a process of its own."""

from __future__ import annotations

import argparse
import csv
import sys
from typing import TYPE_CHECKING

from minimaskrcnn.cli import options, output

if TYPE_CHECKING:
    from minimaskrcnn.exercises.grading import Grade

SUMMARY = "score the exercises of filled notebooks"

DESCRIPTION = """\
Score the exercises of filled notebooks (docs/exercises.md).

The functions that a notebook defines are checked again, in a separate process
with a limit of time and memory. What the notebook printed does not count. A
file that cannot be read, an endless loop or a crash costs that file or that
exercise its mark, and the others are graded.

The code of a notebook is executed, with your rights. Grade notebooks of people
whom you do not trust in a container or under another account.
"""

EPILOG = """\
examples:
  minimaskrcnn grade alice/06_nms.ipynb
  minimaskrcnn grade hand-ins/*.ipynb --csv > marks.csv
  minimaskrcnn grade hand-ins/*.ipynb --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `grade`."""
    parser.add_argument("notebooks", nargs="+", metavar="NOTEBOOK", help="a filled .ipynb")
    parser.add_argument("--csv", action="store_true", help="one row for each exercise, instead of text")
    parser.add_argument(
        "--seconds",
        type=options.positive,
        default=20,
        metavar="S",
        help="computing time for each check (default: 20)",
    )


def run(args: argparse.Namespace) -> int:
    """Grade one notebook after the other, and print each as it is done."""
    from minimaskrcnn.exercises.grading import grade

    grades = (grade(path, args.seconds) for path in args.notebooks)
    if args.json:
        output.print_json({"notebooks": [as_dict(each) for each in grades]})
    elif args.csv:
        rows = csv.writer(sys.stdout, lineterminator="\n")
        rows.writerow(["notebook", "exercise", "status", "score", "message"])
        for each in grades:
            rows.writerows(csv_rows(each))
            sys.stdout.flush()
    else:
        for each in grades:
            print(as_text(each), flush=True)
    return 0


def as_dict(grade: Grade) -> dict[str, object]:
    """A grade for JSON."""
    marks = [{**vars(mark), "score": mark.score} for mark in grade.marks]
    return {
        "notebook": grade.notebook,
        "score": grade.score,
        "of": len(grade.marks),
        "problem": grade.problem,
        "exercises": marks,
    }


def csv_rows(grade: Grade) -> list[list[object]]:
    """One row for each exercise; one for a notebook that could not be graded."""
    rows: list[list[object]] = [
        [grade.notebook, mark.exercise, mark.status, f"{mark.score:g}", mark.message] for mark in grade.marks
    ]
    return rows or [[grade.notebook, "", "not graded", "0", grade.problem]]


def as_text(grade: Grade) -> str:
    """A heading with the score, and a line for each exercise."""
    heading = f"{grade.notebook}: {grade.score:g} of {len(grade.marks)}" if grade.marks else grade.notebook
    lines = [
        f"  {mark.status:<8} {mark.exercise:<20} {mark.message.removeprefix(mark.exercise + ': ')}"
        for mark in grade.marks
    ]
    return "\n".join([heading, *([f"  {grade.problem}"] if grade.problem else []), *lines])
