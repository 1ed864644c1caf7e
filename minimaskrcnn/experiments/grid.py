"""A grid of runs, each kept as one small file: what is finished is never repeated, whoever computes it.

    runs -> those without a file -> executor.submit(perform, run) -> a JSON file each -> all rows in order

The executor is any of `concurrent.futures`, or another with the same `submit` (a cluster's, say). Only this
process writes files, so the workers need no disk in common.
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
    """One cell of a grid: plain settings, and a name that tells it from all others."""

    @property
    def name(self) -> str:
        """Name of its file."""

    def settings(self) -> Row:
        """All that its result depends on; its row holds them too."""


R = TypeVar("R", bound=Run)


def run_grid(
    runs: Sequence[R],
    perform: Callable[[R], Row],
    folder: str | Path,
    executor: Executor,
    on_row: Callable[[Row], None] = lambda row: None,
) -> list[Row]:
    """Perform the runs that `folder` does not hold yet; return the rows of all, in the order of `runs`.

    Parameters
    ----------
    runs : sequence of Run
    perform : callable, run -> row
        Must be importable by its name where the executor's workers are other processes.
    folder : where `NAME.json` is kept for each run
    executor : concurrent.futures.Executor
        Used, not shut down.
    on_row : callable
        Is handed each row that is newly computed, as soon as its file is written.

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
    """The row of a finished run, or None if there is no file."""
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
    """Keep a row, whole or not at all."""
    text = json.dumps(row, indent=1) + "\n"
    atomic_write(Path(folder) / f"{run.name}.json", lambda stream: stream.write(text.encode()))
