"""Execute a notebook from its first cell to its last, in a fresh kernel, and name the cell that fails."""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from minimaskrcnn.notebooks.ipynb import METADATA

SECONDS = 60  # limit for a whole notebook
ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",  # small matrices, and the same sums on any number of cores
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # the kernel's debugger would warn, on every start
}
# Which fonts a machine lacks is no fault of a notebook; `build.py --check` compares the figures themselves.
FONTS = "import logging; logging.getLogger('matplotlib.font_manager').setLevel('ERROR')"


def faulty(run: Callable[[Path], list[str]], paths: list[Path]) -> list[Path]:
    """Return the paths for which `run` finds something wrong; as many run at once as there are cores.

    Each notebook has a kernel, and so a process, of its own; the threads here only wait for it.
    """
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        return [path for path, found in zip(paths, threads.map(run, paths), strict=True) if found]


class CellError(Exception):
    """A cell ended in an error, or the notebook took too long; the message names the cell."""


def execute(notebook: NotebookNode, folder: Path, seconds: float = SECONDS) -> float:
    """Run every cell in a fresh kernel that works in `folder`; return how long it took.

    Raises
    ------
    CellError
        If a cell ends in an error, or all cells together take more than `seconds`.
    """
    from nbclient import NotebookClient

    os.environ.update(ENVIRONMENT)
    client = NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.record_timing, client.coalesce_streams = False, True
    client.extra_arguments = ["--log-level=CRITICAL", f"--IPKernelApp.exec_lines={FONTS}"]
    started = time.monotonic()
    with ThreadPoolExecutor(
        1
    ) as thread:  # the caller's may run an event loop already: only one can run in each
        thread.submit(asyncio.run, _execute_cells(client, seconds)).result()
    notebook.metadata = nbformat.from_dict(METADATA)
    return time.monotonic() - started


async def _execute_cells(client: Any, seconds: float) -> None:
    """Run the cells of the client's notebook, one after the other."""
    from nbclient.exceptions import CellExecutionError, CellTimeoutError

    deadline = time.monotonic() + seconds
    async with client.async_setup_kernel():
        for place, cell in enumerate(client.nb.cells):
            client.timeout = max(1, round(deadline - time.monotonic()))
            try:
                await client.async_execute_cell(cell, place)
            except CellTimeoutError:
                raise CellError(f"cell {cell.id} is reached, and {seconds} s are over") from None
            except CellExecutionError as error:
                raise CellError(f"cell {cell.id} ends in {error.ename}: {error.evalue}") from None
