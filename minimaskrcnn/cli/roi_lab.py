"""`minimaskrcnn roi-lab`: compare RoI operators, or mask branches, by training the same model with each."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from minimaskrcnn.cli import options, output

if TYPE_CHECKING:
    from minimaskrcnn.experiments.roi_lab import Plan

SUMMARY = "compare RoI operators, or mask branches, by training the same small model with each"

DESCRIPTION = """\
Does RoIAlign matter? Train the same small Mask R-CNN with RoIPool, RoIWarp
(RoIAlign with only the box rounded) and RoIAlign: once with a feature pyramid,
and once on a single map of stride 16, where rounding a box to whole cells
hurts most. All runs of one seed start from the same weights and see the same
pictures, so they are compared seed by seed.

Other experiments answer the questions that follow:
  family   maximum and mean, the end cell, half a cell: six operators
  full     RoIPool and RoIAlign at the full length of training, 3,000 steps:
           is RoIAlign better, or only faster to learn?
  nuclei   RoIPool and RoIAlign on photographs (docs/cli.md says where from)
  masks    the mask branch: sigmoid or softmax, class-agnostic, MLP or FCN

Writes to DIR: index.md (read this first), roi_lab.png, runs.csv (one row per
run), summary.csv (means and 95 % intervals over seeds), and runs/ with one
small file per run. You can interrupt it at any time: the same command
continues with the missing runs, and with more --seeds it adds to the finished
ones.

`operators` has 60 runs of half a minute to one and a half on a core, by its
processor; --quick has 12 of half that. A run of `full` takes ten times as
long and more: leave it overnight.
"""

EPILOG = """\
examples:
  minimaskrcnn roi-lab --quick
  minimaskrcnn roi-lab
  minimaskrcnn roi-lab --experiment full
  minimaskrcnn roi-lab --experiment masks --seeds 10 --workers 8 -o runs/masks
"""

# The keys of experiments.roi_lab.EXPERIMENTS, which --help must not import; a test compares.
NAMES = ("operators", "family", "full", "nuclei", "masks")
QUICK = {"seeds": 2, "steps": 150, "pictures": 50}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `roi-lab`."""
    parser.add_argument("--experiment", choices=NAMES, default="operators", help="what is compared")
    parser.add_argument(
        "-o", "--output", metavar="DIR", help="folder of the report (default: runs/roi_lab/EXPERIMENT)"
    )
    parser.add_argument("--quick", action="store_true", help="a first impression: few, short runs")
    parser.add_argument(
        "--seeds",
        type=options.positive,
        metavar="N",
        help="number of seeds, starting from --seed (default: the experiment's)",
    )
    parser.add_argument(
        "--steps",
        type=options.positive,
        metavar="N",
        help="updates of each run (default: the experiment's)",
    )
    options.add_workers(parser, "runs", "one per core")


def run(args: argparse.Namespace) -> int:
    """Perform the missing runs, each on one thread, write the report, and print the result of each claim."""
    options.limit_threads(args.threads or 1)  # the workers inherit it

    from minimaskrcnn.cli.progress import open_bar
    from minimaskrcnn.experiments.roi_report import compare, finished

    plan = plan_of(args)
    args.output = args.output or os.path.join("runs", "roi_lab", plan.experiment)
    total, done = len(plan.runs()), len(finished(plan, args.output))
    with open_bar(total, "run", args.quiet, done) as bar, executor_of(args, total - done) as pool:

        def show(row: dict[str, Any]) -> None:
            bar.set_postfix_str(f"{row['variant']} {row['choice']}: mask AP {row['mask_AP']:.3f}")
            bar.update()

        try:
            rows = compare(plan, args.output, pool, command_of(args, plan), show)
        except KeyboardInterrupt:
            output.log.warning("finished runs are kept; the same command continues with the missing ones")
            raise
    tell(args, plan.experiment, rows)
    return 0


@contextmanager
def executor_of(args: argparse.Namespace, runs: int) -> Iterator[Executor]:
    """Those who perform the runs: processes here, or the workers of a scheduler."""
    from minimaskrcnn.experiments.workers import RETRIES, cluster, worker_pool

    if args.scheduler:
        with cluster(args.scheduler) as client:
            yield client.get_executor(retries=RETRIES)
        return
    with worker_pool(min(args.workers or os.cpu_count() or 1, max(1, runs))) as pool:
        yield pool


def plan_of(args: argparse.Namespace) -> Plan:
    """Return the plan that the options describe: an experiment, quick or whole, its seeds and steps."""
    from minimaskrcnn.experiments.roi_lab import EXPERIMENTS, Plan

    whole = EXPERIMENTS[args.experiment]
    sizes = QUICK if args.quick else {"seeds": whole.seeds, "steps": whole.steps, "pictures": whole.pictures}
    count = args.seeds or sizes["seeds"]
    seeds = tuple(range(args.seed, args.seed + count))
    return Plan(args.experiment, seeds, args.steps or sizes["steps"], sizes["pictures"])


def command_of(args: argparse.Namespace, plan: Plan) -> str:
    """Return the command that makes the report of this plan, without the folder and the workers."""
    words = [f"minimaskrcnn roi-lab --experiment {plan.experiment}", *["--quick"] * args.quick]
    words += [f"--seeds {len(plan.seeds)} --steps {plan.steps} --seed {args.seed}"]
    return " ".join(words)


def tell(args: argparse.Namespace, experiment: str, rows: list[dict[str, Any]]) -> None:
    """Print the paper's claims and their results on stdout, and where the report is on stderr."""
    from minimaskrcnn.experiments.roi_claims import CLAIMS, reading, try_claim

    tried = [(claim, try_claim(claim, rows)) for claim in CLAIMS[experiment]]
    if args.json:
        claims = [
            {"difference": c.text, "paper": c.paper, "mean": i.mean, "low": i.low, "high": i.high}
            for c, i in tried
        ]
        output.print_json({"output": args.output, "runs": rows, "claims": claims})
    else:
        header = ["difference", "paper", "mean", "low", "high", "reading"]
        lines = [
            [c.text, "-" if c.paper is None else f"{c.paper:+.1f}", i.mean, i.low, i.high, reading(c, i)]
            for c, i in tried
        ]
        output.print_table(header, lines)
    output.log.info("the report is %s", os.path.join(args.output, "index.md"))
