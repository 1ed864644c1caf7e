"""A grid of runs. Each result is kept as one small file, so that finished runs are never repeated.

    runs -> those without a file -> executor.submit(perform, run) -> a JSON file per run -> all rows in order

The executor may be any of `concurrent.futures`, or another with the same `submit` method, such as that of a
cluster. Only this process writes files, so the workers need no shared disk.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, as_completed
from pathlib import Path
from typing import Any, Protocol, TypeVar

from minimaskrcnn.errors import InputError
from minimaskrcnn.files import atomic_write

Row = dict[str, Any]


class Run(Protocol):
    """One cell of a grid: plain settings, and a name that no other cell has."""

    @property
    def name(self) -> str:
        """The name of its file."""

    def settings(self) -> Row:
        """Return everything that the result depends on; the row of the run contains it too."""


R = TypeVar("R", bound=Run)


def run_grid(
    runs: Sequence[R],
    perform: Callable[[R], Row],
    folder: str | Path,
    executor: Executor,
    on_row: Callable[[Row], None] = lambda row: None,
) -> list[Row]:
    """Perform the runs that are not in `folder` yet, and return the rows of all runs, in order.

    Parameters
    ----------
    runs : sequence of Run
    perform : callable, run -> row
        If the workers of the executor are processes, they must be able to import it by its name.
    folder : str or path
        The folder that keeps a file `NAME.json` for each run.
    executor : concurrent.futures.Executor
        It is not shut down at the end.
    on_row : callable
        Called with each newly computed row, as soon as its file is written.

    Raises
    ------
    InputError
        If a file in the folder is not the row of its run.
    """
    folder = Path(folder)
    rows = {run.name: row for run in runs if (row := read_row(folder, run)) is not None}
    waiting = {executor.submit(perform, run): run for run in runs if run.name not in rows}
    try:
        for future in as_completed(waiting):
            run, row = waiting[future], future.result()
            write_row(folder, run, row)
            rows[run.name] = row
            on_row(row)
    except BaseException:
        for future in waiting:
            future.cancel()
        raise
    return [rows[run.name] for run in runs]


def read_row(folder: str | Path, run: Run) -> Row | None:
    """Return the row of a finished run, or None if there is no file."""
    path = Path(folder) / f"{run.name}.json"
    if not path.is_file():
        return None
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # no JSON, or no UTF-8
        raise InputError(f"{path}: not readable as JSON ({error}); delete it, to run it again.") from error
    if not isinstance(row, dict) or any(row.get(key) != value for key, value in run.settings().items()):
        raise InputError(f"{path}: not the row of {run.name}; delete it, to run it again.")
    return row


def write_row(folder: str | Path, run: Run, row: Row) -> None:
    """Write the row of a run to its file, completely or not at all."""
    text = json.dumps(row, indent=1) + "\n"
    atomic_write(Path(folder) / f"{run.name}.json", lambda stream: stream.write(text.encode()))
