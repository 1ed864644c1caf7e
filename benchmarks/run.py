"""Time the operators and the small model against the peers that are installed.

    python -m benchmarks.run                         everything: about six minutes with all peers
    python -m benchmarks.run --only nms              the rows whose name contains "nms"
    python -m benchmarks.run --quick                 two rounds instead of seven: only to see that it runs
    make bench BENCH_PYTHON=path/to/python           with a Python that has torch, mygrad, ...

Each row is timed in turn with its peers (ours, theirs, ours, theirs, ...) in one process with the same number
of threads, after a check that all give the same answer. The table goes to stdout, progress to stderr. A whole
run also replaces its section of benchmarks/results.md, and benchmarks/growth.png.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import environment

HERE = Path(__file__).resolve().parent
ROUNDS, FEW_ROUNDS = 7, 2
SECTION, RESULTS, FIGURE = "operators", "results.md", "growth.png"


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser(
        "python -m benchmarks.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--quick", action="store_true", help=f"{FEW_ROUNDS} rounds instead of {ROUNDS}")
    options.add_argument(
        "--only",
        metavar="PATTERN",
        default="",
        help="run the rows whose name contains this; `--list` shows names",
    )
    options.add_argument("--list", action="store_true", help="print the names of the rows, run nothing")
    options.add_argument(
        "--threads", type=int, default=2, metavar="N", help="threads of the BLAS and of torch (default: 2)"
    )
    options.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="FOLDER",
        help=f"where {RESULTS} and {FIGURE} go (default: benchmarks/, or nowhere with --quick or --only)",
    )
    return options


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; 2 if nothing has that name."""
    options = parser().parse_args(arguments)
    if options.threads < 1:
        parser().error(f"--threads {options.threads} is less than 1")
    done = environment.rerun_if_needed("benchmarks.run", list(arguments), options.threads)
    if done is not None:
        return done
    environment.set_torch_threads(options.threads)
    return run(options)


def run(options: argparse.Namespace) -> int:
    """Time, print, write; in a process whose threads are set."""
    from benchmarks import growth, report, rows_boxes, rows_conv, rows_roi, rows_training
    from benchmarks.rows import job

    jobs = [*map(job, rows_roi.ROWS), *map(job, rows_boxes.ROWS), *rows_conv.JOBS, *rows_training.JOBS]
    jobs = [j for j in jobs if options.only.lower() in j.name.lower()]
    sweeps = [s for s in growth.SWEEPS if options.only.lower() in s.title.lower()]
    names = [j.name for j in jobs] + [s.title for s in sweeps]
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

    results, tables = [], []
    for found in jobs:
        say(found.name)
        new_results, new_tables = found.run(rounds)
        results += new_results
        tables += new_tables
    curves = []
    for sweep in sweeps:
        say(sweep.title)
        curves.append(growth.follow(sweep, min(rounds, 3)))

    facts = environment.machine(options.threads) | {"rounds": str(rounds)}
    body = "\n\n".join(
        part
        for part in (
            "## Operators and the small model",
            report.facts(facts),
            report.main_table(results) if results else "",
            report.detail_tables(tables),
            report.detail_tables([growth.table(curves)]) if curves else "",
        )
        if part
    )
    print(body)
    out = options.out or (None if options.quick or options.only else HERE)
    if out is not None:
        if curves:
            from minimaskrcnn.viz import save

            save(growth.figure(curves), out / FIGURE)
            body += f"\n\n![Time against size, both logarithmic]({FIGURE})"
        report.write_section(out / RESULTS, SECTION, body)
        print(f"written: {RESULTS}{f', {FIGURE}' if curves else ''}", file=sys.stderr)
    return 0


def _progress(total: int) -> Callable[[str], None]:
    """Says on stderr what is being timed."""
    count = 0

    def say(name: str) -> None:
        nonlocal count
        count += 1
        print(f"[{count}/{total}] {name}", file=sys.stderr, flush=True)

    return say


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
