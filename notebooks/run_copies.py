"""Execute the copies of the notebooks in a folder, as a student or an instructor would; write nothing.

minimaskrcnn notebooks copy blank
python notebooks/run_copies.py blank             # every exercise is still to be written, and nothing fails
minimaskrcnn notebooks copy solved --solutions
python notebooks/run_copies.py solved --solved   # every exercise is right
"""

import argparse
import sys
from pathlib import Path

import nbformat
from checking import cell_texts, code_cells, name_of
from execution import CellError, execute, faulty
from nbformat import NotebookNode

BLANK, RIGHT = ": still to be written", ": right"  # how the line of a check begins, after the name
CHECK = "exercises.check."
SECONDS = 300  # for one notebook; how fast it must be is the business of build.py


def wrong_checks(notebook: NotebookNode, verdict: str) -> list[str]:
    """List the cells that check exercises and do not print `verdict` for each, with what they print."""
    found = []
    for cell in code_cells(notebook):
        said = " ".join(cell_texts(cell)).strip()
        if said.count(verdict) < cell["source"].count(CHECK):
            found.append(f"{name_of(cell)} says {said[:150]!r}")
    return found


def run(path: Path, verdict: str) -> list[str]:
    """Execute one copy in the folder where it lies; return what is wrong with it."""
    notebook = nbformat.read(path, as_version=4)
    try:
        seconds = execute(notebook, path.parent, SECONDS)
    except CellError as failure:
        found, took = [str(failure)], ""
    else:
        found, took = wrong_checks(notebook, verdict), f"{seconds:5.1f} s"
    print(f"{path.stem:<33}{took:<9}{'; '.join(found) or 'good'}", flush=True)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run all notebooks of the folder; return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description="Execute copies of the notebooks, and write nothing.")
    parser.add_argument("folder", type=Path, help="where `minimaskrcnn notebooks copy` put them")
    parser.add_argument("--solved", action="store_true", help="every exercise must be right, not blank")
    args = parser.parse_args(arguments)
    paths = sorted(args.folder.resolve().glob("*.ipynb"))
    if not paths:
        parser.error(f"{args.folder} holds no notebook; write some with: minimaskrcnn notebooks copy DIR")
    verdict = RIGHT if args.solved else BLANK
    return int(bool(faulty(lambda path: run(path, verdict), paths)))


if __name__ == "__main__":
    sys.exit(main())
