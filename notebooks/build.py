"""Make the notebooks: turn `src/NN_name.py` (percent format) into `NN_name.ipynb`, execute and check it.

    python notebooks/build.py            # all of them; or name some: 00 07
    python notebooks/build.py --check    # write nothing: execute, and compare with the committed files

The same source and the same package give the same file: cells have numbers instead of random names, and no
time, path or version is stored.
"""

import argparse
import sys
from pathlib import Path

import nbformat
from checking import cell_texts, out_of_date, out_of_step, problems
from execution import CellError, execute, faulty
from nbformat import NotebookNode

from minimaskrcnn import notebooks

HERE = Path(__file__).resolve().parent


def sources(numbers: list[str]) -> list[Path]:
    """Return the sources with these numbers, in order; without numbers all of them."""
    found = sorted((HERE / "src").glob("[0-9][0-9]_*.py"))
    unknown = set(numbers) - {path.name[:2] for path in found}
    if unknown:
        sys.exit(
            f"build: no notebook {', '.join(sorted(unknown))}; there are {', '.join(p.name for p in found)}."
        )
    return [path for path in found if not numbers or path.name[:2] in numbers]


def made_from(source: Path) -> NotebookNode:
    """Return the edition to read of a source, not yet executed."""
    cells = notebooks.reading(notebooks.read_cells(source))
    return nbformat.reads(notebooks.as_text(notebooks.as_notebook(cells)), as_version=4)


def run(notebook: NotebookNode) -> tuple[float, list[str]]:
    """Execute; return how long it took and what is wrong: only the failure, if there was one."""
    try:
        seconds = execute(notebook, HERE)
    except CellError as failure:
        return 0.0, [str(failure)]
    return seconds, problems(notebook, as_text(notebook))


def as_text(notebook: NotebookNode) -> str:
    """Return the text of the file, byte for byte."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def build(source: Path) -> list[str]:
    """Execute one notebook and write it; return what is wrong with it."""
    notebook = made_from(source)
    seconds, found = run(notebook)
    (HERE / f"{source.stem}.ipynb").write_text(as_text(notebook), "utf-8")
    _report(source.stem, notebook, seconds, found)
    return found


def check(source: Path) -> list[str]:
    """Execute one notebook and compare it with the committed file; return every difference."""
    path = HERE / f"{source.stem}.ipynb"
    if not path.is_file():
        return [f"{path.name} is missing; make it with: python notebooks/build.py {source.name[:2]}"]
    committed = nbformat.read(path, as_version=4)
    fresh = made_from(source)
    found = out_of_step(committed, fresh)
    seconds, failures = run(fresh)
    found += failures or out_of_date(committed, fresh)
    _report(source.stem, fresh, seconds, found)
    return found


def _report(name: str, notebook: NotebookNode, seconds: float, found: list[str]) -> None:
    size = len(as_text(notebook).encode()) / 1000
    outputs = sum(len(cell_texts(cell)) for cell in notebook.cells)
    verdict = "; ".join(found) if found else "good"
    counts = f"{len(notebook.cells):3} cells {outputs:3} outputs {size:4.0f} kB {seconds:5.1f} s"
    print(f"{name:<28}{counts}  {verdict}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Build or check; return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description="Build the notebooks, or check that they are up to date.")
    parser.add_argument("numbers", nargs="*", metavar="NN", help="which ones (default: all)")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where a notebook is out of date"
    )
    args = parser.parse_args(arguments)
    return int(bool(faulty(check if args.check else build, sources(args.numbers))))


if __name__ == "__main__":
    sys.exit(main())
