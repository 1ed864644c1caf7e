"""Time maskrcnn_resnet50_fpn at full size against torchvision's: prediction, training step, memory, import.

    make bench SUITE=full_size BENCH_PYTHON=path/to/python    with a Python that has torch and torchvision
    python -m benchmarks.full_size --only 480                 the rows whose name contains "480"
    python -m benchmarks.full_size --quick                    one round, only to see that it runs

Both sides run in turn in one process, with the same weights and the same number of threads, after a check
that they find the same objects. The tables go to stdout, and progress goes to stderr. A complete run also
replaces its section of benchmarks/results.md, and benchmarks/full_size.png.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import environment
from benchmarks import options as common

if TYPE_CHECKING:  # they import NumPy, which must wait until the threads are set
    from benchmarks.full_growth import Curve
    from benchmarks.rows import Result, Table


@dataclass(frozen=True)
class Case:
    """One picture of size (height, width), for prediction or training; `target` is the highest ratio."""

    name: str
    size: tuple[int, int]
    training: bool
    target: float


HERE = Path(__file__).resolve().parent
ROUNDS, SECTION, RESULTS, FIGURE = 5, "full-size", "results.md", "full_size.png"
TITLE = "## maskrcnn_resnet50_fpn at full size"
CASES = (
    Case("prediction 800x1066", (800, 1066), training=False, target=1.0),
    Case("prediction 480x640", (480, 640), training=False, target=1.0),
    Case("training step 480x640, all layers", (480, 640), training=True, target=1.25),
)
MEMORY, IMPORT, AREA, COUNT = "peak memory 800x1066", "import", "growth: area", "growth: detections"
MEMORY_TARGET, IMPORT_TARGET = 1.0, 0.6  # of torchvision's; seconds
ROWS = (*(case.name for case in CASES), MEMORY, IMPORT, AREA, COUNT)
IMPORTS = ("import minimaskrcnn", "import minimaskrcnn.cli", "import minimaskrcnn.models")


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = common.parser("benchmarks.full_size", __doc__, (1, ROUNDS), f"{RESULTS} and {FIGURE}")
    options.add_argument("--list", action="store_true", help="print the names of the rows, run nothing")
    return options


def main(arguments: Sequence[str]) -> int:
    """Run the chosen rows; return 1 if the sides disagree, 2 if an option is wrong or a peer is missing."""
    options = parser().parse_args(arguments)
    if options.threads < 1:
        parser().error(f"--threads {options.threads} is less than 1")
    names = [name for name in ROWS if options.only.lower() in name.lower()]
    if options.list:
        print("\n".join(names))
        return 0
    if not names:
        parser().error(f"no row has {options.only!r} in its name; --list shows the names")
    if "torchvision" not in environment.available():
        parser().error(
            "this benchmark needs torch and torchvision, which this Python does not have; name one that has "
            "them: make bench SUITE=full_size BENCH_PYTHON=path/to/python"
        )
    done = environment.rerun_if_needed("benchmarks.full_size", list(arguments), options.threads)
    if done is not None:
        return done
    environment.set_torch_threads(options.threads)
    return run(options, names)


def run(options: argparse.Namespace, names: Sequence[str]) -> int:
    """Check, time, print and write, in a process whose number of threads is set."""
    rounds = 1 if options.quick else ROUNDS
    results: list[Result] = []
    tables: list[Table] = []
    curves: list[Curve] = []
    if MEMORY in names:
        results.append(memory())
    if IMPORT in names:
        results += imports(rounds)
    timed = [name for name in names if name not in (MEMORY, IMPORT)]
    if timed:
        from benchmarks.rows import DisagreementError

        try:
            found, tables, curves = times(timed, rounds)
        except DisagreementError as error:
            print(f"not timed: {error}.", file=sys.stderr)
            return 1
        results = found + results
    facts = environment.machine(options.threads) | {"rounds": str(rounds)}
    body = _body(facts, results, tables)
    print(body)
    out = options.out or (None if options.quick or options.only else HERE)
    if out is not None:
        _write(out, body, curves)
    return 0


def times(names: Sequence[str], rounds: int) -> tuple[list[Result], list[Table], list[Curve]]:
    """Time both sides; the curves come first, because the last row leaves the models in training mode."""
    from benchmarks import full_growth, full_times

    _say("building both models")
    sides = full_times.build()
    curves = []
    for name, grow in ((AREA, full_growth.by_area), (COUNT, full_growth.by_detections)):
        if name in names:
            _say(name)
            curves.append(grow(sides, min(rounds, 2)))
    results, tables = [], [full_growth.table(curves)] if curves else []
    for case in CASES:
        if case.name in names:
            _say(case.name)
            result, table = full_times.compare(case, sides, rounds)
            results.append(result)
            tables.append(table)
    return results, tables, curves


def memory() -> Result:
    """Measure the peak memory of a prediction; the note states how much of it is above the baseline."""
    from benchmarks.full_memory import peak
    from benchmarks.full_sides import OURS, TORCHVISION
    from benchmarks.rows import Result

    _say(MEMORY)
    ours, theirs = peak(OURS), peak(TORCHVISION)
    over = [f"{(p.peak - p.baseline) / 2**20:,.0f} MB" for p in (ours, theirs)]
    return Result(
        MEMORY,
        TORCHVISION,
        ours.peak,
        theirs.peak,
        ours.peak / theirs.peak,
        MEMORY_TARGET,
        note=f"over what is resident with the model built: ours {over[0]}, torchvision's {over[1]}; "
        "ours answers with masks cut at 0.5 (bool), torchvision with probabilities (float32)",
        unit="MB",
    )


def imports(rounds: int) -> list[Result]:
    """Time a whole Python process that imports the package."""
    from benchmarks.rows import Result

    results = []
    for program in IMPORTS:
        _say(program)
        seconds = []
        for _ in range(rounds + 1):  # the first run may compile to bytecode
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            seconds.append(time.perf_counter() - start)
        took = median(seconds[1:])
        results.append(Result(program, "0.6 s", took, IMPORT_TARGET, took / IMPORT_TARGET, 1.0))
    return results


def _body(facts: dict[str, str], results: Sequence[Result], tables: Sequence[Table]) -> str:
    """Write the section as Markdown."""
    from benchmarks import report

    return "\n\n".join(
        [TITLE, report.facts(facts), report.main_table(results), *map(report.detail_table, tables)]
    )


def _write(out: Path, body: str, curves: Sequence[Curve]) -> None:
    """Replace the section in the results file, and the figure if curves were measured."""
    from benchmarks import full_growth, report
    from minimaskrcnn.viz import save

    if curves:
        save(full_growth.figure(curves), out / FIGURE)
        body += f"\n\n![Time of a prediction against area and number of detections]({FIGURE})"
    report.write_section(out / RESULTS, SECTION, body)
    print(f"written: {RESULTS}{f', {FIGURE}' if curves else ''}", file=sys.stderr)


def _say(what: str) -> None:
    """Print on stderr what is being done."""
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
