"""Turn a plan into a report: run or read the grid, then write two CSV files, a figure and a page."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from minimaskrcnn import viz
from minimaskrcnn.experiments.grid import Row, read_row, run_grid
from minimaskrcnn.experiments.roi_figure import curve_figure, roi_figure
from minimaskrcnn.experiments.roi_lab import EXPERIMENTS, Plan, perform
from minimaskrcnn.experiments.roi_page import roi_page
from minimaskrcnn.experiments.roi_summary import summarise, write_runs, write_summary
from minimaskrcnn.files import atomic_write

RUNS = "runs"  # the folder of finished runs, inside the report's


def compare(
    plan: Plan,
    folder: str | Path,
    executor: Executor,
    command: str = "",
    on_row: Callable[[Row], None] = lambda row: None,
) -> list[Row]:
    """Perform the missing runs of a plan, and write the report of all runs.

    Parameters
    ----------
    plan : Plan
    folder : str or path
        Receives runs/NAME.json for each run, runs.csv, summary.csv, roi_lab.png and index.md; and curve.png
        if AP was measured on the way.
    executor : concurrent.futures.Executor
        Its workers should use one thread each for matrix products (OPENBLAS_NUM_THREADS=1).
    command : str
        The command that the page names; by default the call of this function.
    on_row : callable
        Called with each new row.

    Returns
    -------
    list of dict, one per run, in the order of the plan
    """
    rows = run_grid(plan.runs(), perform, Path(folder) / RUNS, executor, on_row)
    write_report(folder, rows, plan, command or f"compare({plan}, folder, executor)")
    return rows


def finished(plan: Plan, folder: str | Path) -> list[Row]:
    """Return the rows of a plan that a folder already contains."""
    rows = (read_row(Path(folder) / RUNS, run) for run in plan.runs())
    return [row for row in rows if row is not None]


def write_report(folder: str | Path, rows: list[Row], plan: Plan, command: str) -> dict[str, Path]:
    """Write the CSV files, the figures and the page of finished rows; return their paths by kind."""
    folder, summary = Path(folder), summarise(rows, EXPERIMENTS[plan.experiment].baseline)
    paths = {
        "runs": write_runs(folder / "runs.csv", rows),
        "summary": write_summary(folder / "summary.csv", summary),
        "figure": viz.save(roi_figure(rows, summary, plan.experiment), folder / "roi_lab.png"),
    }
    if len(rows[0]["curve"]) > 1:
        paths["curve"] = viz.save(curve_figure(rows, plan.experiment), folder / "curve.png")
    page = roi_page(rows, summary, plan, command, "curve" in paths)
    paths["page"] = atomic_write(folder / "index.md", lambda stream: stream.write(page.encode()))
    return paths
