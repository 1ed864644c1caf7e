"""Time the operators and the small model against the peers that are installed.

    python -m benchmarks.run                         everything: some minutes with all peers
    python -m benchmarks.run --only nms              the rows whose name contains "nms"
    python -m benchmarks.run --quick                 two rounds instead of seven, only to see that it runs
    make bench BENCH_PYTHON=path/to/python           with a Python that has torch, mygrad, ...

Each row is timed in turn with its peers (ours, theirs, ours, theirs, ...) in one process with the same number
of threads, after a check that all sides give the same result. The table goes to stdout, and progress goes to
stderr. A complete run also replaces its section of benchmarks/results.md, and benchmarks/growth.png.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import environment
from benchmarks import options as common

if TYPE_CHECKING:  # they import NumPy, which must wait until the threads are set
    from benchmarks.growth import Curve
    from benchmarks.rows import Job, Result, Table

HERE = Path(__file__).resolve().parent
ROUNDS, FEW_ROUNDS, ROUNDS_OF_GROWTH = 7, 2, 3
SECTION, RESULTS, FIGURE = "operators", "results.md", "growth.png"
TITLE = "## Operators and the small model"


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = common.parser("benchmarks.run", __doc__, (FEW_ROUNDS, ROUNDS), f"{RESULTS} and {FIGURE}")
    options.add_argument("--list", action="store_true", help="print the names of the rows, run nothing")
    return options


def main(arguments: Sequence[str]) -> int:
    """Run the chosen rows; return 1 if two sides disagreed and were not timed, 2 if no row has that name."""
    options = parser().parse_args(arguments)
    if options.threads < 1:
        parser().error(f"--threads {options.threads} is less than 1")
    done = environment.rerun_if_needed("benchmarks.run", list(arguments), options.threads)
    if done is not None:
        return done
    environment.set_torch_threads(options.threads)
    return run(options)


def run(options: argparse.Namespace) -> int:
    """Choose, time, print and write, in a process whose number of threads is set."""
    from benchmarks import growth, rows_boxes, rows_conv, rows_roi, rows_training
    from benchmarks.rows import job

    jobs = [*map(job, rows_roi.ROWS), *map(job, rows_boxes.ROWS), *rows_conv.JOBS, *rows_training.JOBS]
    jobs = [j for j in jobs if options.only.lower() in j.name.lower()]
    sweeps = [s for s in growth.SWEEPS if options.only.lower() in s.name.lower()]
    names = [thing.name for thing in (*jobs, *sweeps)]
    if options.list:
        print("\n".join(names))
        return 0
    if not names:
        print(f"no row has {options.only!r} in its name; --list shows the names.", file=sys.stderr)
        return 2
    if sentence := environment.missing_sentence():
        print(sentence, file=sys.stderr)

    rounds = FEW_ROUNDS if options.quick else ROUNDS
    say = _progress(len(names))
    results, tables, failed = _time(jobs, rounds, say)
    curves = []
    for sweep in sweeps:
        say(sweep.name)
        curves.append(growth.follow(sweep, min(rounds, ROUNDS_OF_GROWTH)))
    if curves:
        tables.append(growth.table(curves))

    facts = environment.machine(options.threads) | {"rounds": str(rounds)}
    body = _body(facts, results, tables)
    print(body)
    out = options.out or (None if options.quick or options.only else HERE)
    if out is not None:
        _write(out, body, curves)
    return int(failed)


def _time(
    jobs: Sequence[Job], rounds: int, say: Callable[[str], None]
) -> tuple[list[Result], list[Table], bool]:
    """Return the lines and details of every job, and whether the sides of one job disagreed."""
    from benchmarks.rows import DisagreementError, Result

    results, tables, failed = [], [], False
    for job in jobs:
        say(job.name)
        try:
            lines, details = job.run(rounds)
        except DisagreementError as error:
            failed = True
            print(f"not timed: {error}.", file=sys.stderr)
            lines, details = [Result(job.name, "", None, note=f"NOT TIMED, {error}")], []
        results += lines
        tables += details
    return results, tables, failed


def _body(facts: dict[str, str], results: Sequence[Result], tables: Sequence[Table]) -> str:
    """Write the section as Markdown."""
    from benchmarks import report

    parts = [TITLE, report.facts(facts)]
    if results:
        parts.append(report.main_table(results))
    return "\n\n".join([*parts, *map(report.detail_table, tables)])


def _write(out: Path, body: str, curves: Sequence[Curve]) -> None:
    """Replace the section in the results file, and the figure if curves were measured."""
    from benchmarks import growth, report
    from minimaskrcnn.viz import save

    if curves:
        save(growth.figure(curves), out / FIGURE)
        body += f"\n\n![Time against size, both logarithmic]({FIGURE})"
    report.write_section(out / RESULTS, SECTION, body)
    print(f"written: {RESULTS}{f', {FIGURE}' if curves else ''}", file=sys.stderr)


def _progress(total: int) -> Callable[[str], None]:
    """Return a function that prints on stderr what is being timed."""
    count = 0

    def say(name: str) -> None:
        nonlocal count
        count += 1
        print(f"[{count}/{total}] {name}", file=sys.stderr, flush=True)

    return say


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
