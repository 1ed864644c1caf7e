"""Make the notebooks: turn `src/NN_name.py` (percent format) into `NN_name.ipynb`, execute and check it.

    python notebooks/build.py            # all of them; or name some: 00 07
    python notebooks/build.py --check    # write nothing: execute, and compare with the committed files

The same source and the same package give the same file: cells have numbers instead of random names, and no
time, path or version is stored.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from checking import cell_texts, out_of_date, out_of_step, problems
from nbformat import NotebookNode

HERE = Path(__file__).resolve().parent
SECONDS = 60  # limit for a whole notebook
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",  # small matrices, and the same sums on any number of cores
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # the kernel's debugger would warn, on every start
}


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
    """Return the notebook of a source, not yet executed."""
    notebook = jupytext.reads(source.read_text("utf-8"), fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for place, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"{source.name[:2]}-{place:02d}", nbformat.from_dict({})
    return notebook


def execute(notebook: NotebookNode, seconds: float = SECONDS) -> float:
    """Run every cell in a fresh kernel, in the folder of the notebooks; return how long it took.

    Raises
    ------
    nbclient.exceptions.CellControlSignal
        If a cell ends in an error, or all cells together take more than `seconds`.
    """
    from nbclient import NotebookClient

    os.environ.update(ENVIRONMENT)
    client = NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(HERE)}})
    client.record_timing, client.coalesce_streams = False, True
    client.extra_arguments = ["--log-level=CRITICAL"]
    started = time.monotonic()
    with client.setup_kernel():
        for place, cell in enumerate(notebook.cells):
            client.timeout = max(1, round(seconds - (time.monotonic() - started)))
            client.execute_cell(cell, place)
    notebook.metadata = nbformat.from_dict(METADATA)
    return time.monotonic() - started


def run(notebook: NotebookNode) -> tuple[float, list[str]]:
    """Execute; return how long it took and what is wrong: only the failure, if there was one."""
    from nbclient.exceptions import CellExecutionError, CellTimeoutError

    try:
        seconds = execute(notebook)
    except CellTimeoutError:
        return SECONDS, [f"it takes longer than {SECONDS} s"]
    except CellExecutionError as error:
        return 0.0, [f"a cell ends in {error.ename}: {error.evalue}"]
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
    act = check if args.check else build
    faulty = [source for source in sources(args.numbers) if act(source)]
    return int(bool(faulty))


if __name__ == "__main__":
    sys.exit(main())
