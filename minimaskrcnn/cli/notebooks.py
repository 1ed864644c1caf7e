"""`minimaskrcnn notebooks copy DIR`: write the notebooks of the course into a folder to work in."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minimaskrcnn.cli import output

if TYPE_CHECKING:
    from minimaskrcnn.notebooks.copying import Copied

SUMMARY = "write the notebooks of the course into a folder to work in"

DESCRIPTION = """\
Write the student's edition of all notebooks into DIR: without outputs, answers
folded, exercises blank; and the glossary. With --solutions, write the
instructor's edition instead, in which every exercise is solved; give it a
folder of its own.

The notebooks come with the package, and so does all that they read: weights,
pictures, results. They run in any folder.

A notebook that is already in DIR is never overwritten. If it differs, because
you have worked on it or the package is newer, it is kept and listed as kept.
Rename it and copy again if you want the one of this version.
"""

EPILOG = """\
examples:
  minimaskrcnn notebooks copy course
  minimaskrcnn notebooks copy solved --solutions
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `notebooks`."""
    parser.add_argument("action", choices=("copy",), help="what to do; there is only this")
    parser.add_argument("folder", metavar="DIR", help="folder to write into; made if it is missing")
    parser.add_argument("--solutions", action="store_true", help="the instructor's edition: exercises solved")


def run(args: argparse.Namespace) -> int:
    """Copy, and print a table of what was written and what was kept."""
    from minimaskrcnn import notebooks

    copied = notebooks.copy_notebooks(
        args.folder, notebooks.solutions if args.solutions else notebooks.student
    )
    if args.json:
        rows = [{"notebook": one.name, "state": one.state} for one in copied]
        output.print_json({"folder": args.folder, "notebooks": rows})
    else:
        output.print_table(["notebook", "state"], [[one.name, one.state] for one in copied])
    for sentence in sentences(args.folder, copied):
        output.log.info("%s", sentence)
    return 0


def sentences(folder: str, copied: Sequence[Copied]) -> list[str]:
    """What was done with the notebooks, and how to open them."""
    from minimaskrcnn.notebooks.copying import KEPT, WRITTEN

    written = sum(one.state == WRITTEN for one in copied)
    kept = [one.name for one in copied if one.state == KEPT]
    said = [f"{written} of {len(copied)} notebooks written to {folder}"]
    if kept:
        said.append(
            f"kept as they are, because they differ from this version: {', '.join(kept)}; "
            "to get this version of one, rename yours and copy again"
        )
    missing = importlib.util.find_spec("jupyterlab") is None
    return [
        *said,
        f"{'pip install jupyterlab, then: ' if missing else 'open them with: '}jupyter lab {folder}",
    ]
