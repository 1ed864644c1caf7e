"""Time a prediction of each detector that torchvision publishes, ours and theirs in turn; its peak memory.

    make bench SUITE=published BENCH_PYTHON=path/to/python    with a Python that has torch and torchvision
    python -m benchmarks.published --only keypoint            the models whose name contains "keypoint"
    python -m benchmarks.published --quick                    one round, only to see that it runs

The picture has 800x1066 pixels, and the weights are random (full_sides.py). Nothing is timed unless both
sides find the same objects. A complete run also replaces its section of benchmarks/results.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import environment
from benchmarks import options as common

if TYPE_CHECKING:  # they import NumPy, which must wait until the threads are set
    from benchmarks.rows import Result

HERE = Path(__file__).resolve().parent
ROUNDS, SECTION, RESULTS, TARGET = 5, "published", "results.md", 1.0
SIZE = (800, 1066)
TITLE = "## The published detectors, a prediction of 800x1066"


def parser() -> argparse.ArgumentParser:
    """The options."""
    return common.parser("benchmarks.published", __doc__, (1, ROUNDS), RESULTS)


def main(arguments: Sequence[str]) -> int:
    """Time the chosen models; return 1 if the sides disagree, 2 if an option is wrong or a peer missing."""
    options = parser().parse_args(arguments)
    if options.threads < 1:
        parser().error(f"--threads {options.threads} is less than 1")
    if "torchvision" not in environment.available():
        parser().error(
            "this benchmark needs torch and torchvision, which this Python does not have; name one that has "
            "them: make bench SUITE=published BENCH_PYTHON=path/to/python"
        )
    done = environment.rerun_if_needed("benchmarks.published", list(arguments), options.threads)
    if done is not None:
        return done
    environment.set_torch_threads(options.threads)
    return run(options)


def run(options: argparse.Namespace) -> int:
    """Time, print and write, in a process whose number of threads is set."""
    from benchmarks import report
    from benchmarks.full_sides import MODELS
    from benchmarks.rows import DisagreementError

    rounds = 1 if options.quick else ROUNDS
    results: list[Result] = []
    for model in MODELS:
        if options.only in model:
            print(model, file=sys.stderr, flush=True)
            try:
                results += [seconds(model, rounds), memory(model)]
            except DisagreementError as error:
                print(f"not timed: {error}.", file=sys.stderr)
                return 1
    if not results:
        parser().error(f"no model has {options.only!r} in its name; they are {', '.join(MODELS)}")
    facts = environment.machine(options.threads) | {"rounds": str(rounds)}
    body = "\n\n".join([TITLE, report.facts(facts), report.main_table(results)])
    print(body)
    out = options.out or (None if options.quick or options.only else HERE)
    if out is not None:
        report.write_section(out / RESULTS, SECTION, body)
    return 0


def seconds(model: str, rounds: int) -> Result:
    """Time a prediction of both sides in turn, after a check that they find the same objects."""
    from benchmarks.full_ours import Ours
    from benchmarks.full_sides import OURS, TORCHVISION, in_common, picture
    from benchmarks.full_theirs import Theirs
    from benchmarks.full_times import ALIKE
    from benchmarks.rows import DisagreementError, Result
    from benchmarks.timing import in_turn

    image, ours, theirs = picture(*SIZE), Ours(model), Theirs(model)
    a, b = ours.predict(image), theirs.predict(image)
    shared, most = in_common(a, b), max(len(a["boxes"]), len(b["boxes"]))
    note = f"{shared} of {most} detections are in common"
    if not most or shared < ALIKE * most:
        raise DisagreementError(f"{model}: only {note}")
    times = in_turn({OURS: lambda: ours.predict(image), TORCHVISION: lambda: theirs.predict(image)}, rounds)
    ratio = times.ratio(OURS, TORCHVISION)
    return Result(model, TORCHVISION, times.median(OURS), times.median(TORCHVISION), ratio, TARGET, note=note)


def memory(model: str) -> Result:
    """Measure the peak memory of a prediction of each side, in processes of their own."""
    from benchmarks.full_memory import peak
    from benchmarks.full_sides import OURS, TORCHVISION
    from benchmarks.rows import Result

    ours, theirs = peak(OURS, model).peak, peak(TORCHVISION, model).peak
    return Result(f"{model}, peak memory", TORCHVISION, ours, theirs, ours / theirs, TARGET, unit="MB")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
