"""`minimaskrcnn roi-lab`: compare the RoI operators by training the same small model with each of them."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from minimaskrcnn.cli import options, output

if TYPE_CHECKING:
    from minimaskrcnn.experiments.roi_lab import Plan

SUMMARY = "compare the RoI operators by training the same small model with each"

DESCRIPTION = """\
Does RoIAlign matter? Train the same small Mask R-CNN with RoIPool, RoIWarp
(mean, max), RoIAlign (mean, max) and aligned RoIAlign: once with a feature
pyramid, and once on a single map of stride 16, where rounding a box to whole
cells hurts most. All operators of one seed start from the same weights and see
the same pictures, so they are compared seed by seed.

Writes to DIR: index.md (read this first), roi_lab.png, runs.csv (one row per
run), summary.csv (means and 95 % intervals over seeds), and runs/ with one
small file per run. You can interrupt it at any time: the same command
continues with the missing runs, and with more --seeds it adds to the finished
ones.

The full comparison has 12 runs per seed; each takes about a minute on a core.
--quick has 24 runs of 150 steps; its models have only begun to learn.
"""

EPILOG = """\
examples:
  minimaskrcnn roi-lab --quick
  minimaskrcnn roi-lab
  minimaskrcnn roi-lab --seeds 5 --workers 8 -o runs/five_seeds
  minimaskrcnn roi-lab --steps 1500 --json
"""

FULL = {"seeds": 3, "steps": 300, "pictures": 100}
QUICK = {"seeds": 2, "steps": 150, "pictures": 50}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `roi-lab`."""
    parser.add_argument("-o", "--output", default="runs/roi_lab", metavar="DIR", help="folder of the report")
    parser.add_argument(
        "--quick", action="store_true", help="a first impression within ten minutes on two cores"
    )
    parser.add_argument(
        "--seeds",
        type=options.positive,
        metavar="N",
        help=f"number of seeds, starting from --seed (default: {FULL['seeds']}; quick {QUICK['seeds']})",
    )
    parser.add_argument(
        "--steps",
        type=options.positive,
        metavar="N",
        help=f"updates of each run (default: {FULL['steps']}; quick {QUICK['steps']})",
    )
    parser.add_argument(
        "--workers", type=options.positive, metavar="N", help="runs at once (default: one per core)"
    )


def run(args: argparse.Namespace) -> int:
    """Perform the missing runs, each on one thread, write the report, and print the result of each claim."""
    options.limit_threads(args.threads or 1)  # the workers inherit it

    from minimaskrcnn.cli.progress import open_bar
    from minimaskrcnn.experiments.roi_report import compare, finished
    from minimaskrcnn.experiments.workers import worker_pool

    plan = plan_of(args)
    total, done = len(plan.runs()), len(finished(plan, args.output))
    workers = min(args.workers or os.cpu_count() or 1, max(1, total - done))
    with open_bar(total, "run", args.quiet, done) as bar, worker_pool(workers) as pool:

        def show(row: dict[str, Any]) -> None:
            bar.set_postfix_str(f"{row['variant']} {row['operator']}: mask AP {row['mask_AP']:.3f}")
            bar.update()

        try:
            rows = compare(plan, args.output, pool, command_of(args, plan), show)
        except KeyboardInterrupt:
            output.log.warning("finished runs are kept; the same command continues with the missing ones")
            raise
    tell(args, rows)
    return 0


def plan_of(args: argparse.Namespace) -> Plan:
    """Return the plan that the options describe: the quick or the full one, with these seeds and steps."""
    from minimaskrcnn.experiments.roi_lab import Plan

    sizes = QUICK if args.quick else FULL
    count = args.seeds or sizes["seeds"]
    seeds = tuple(range(args.seed, args.seed + count))
    return Plan(seeds, args.steps or sizes["steps"], sizes["pictures"])


def command_of(args: argparse.Namespace, plan: Plan) -> str:
    """Return the command that makes the report of this plan, without the folder and the workers."""
    words = ["minimaskrcnn roi-lab", *["--quick"] * args.quick]
    words += [f"--seeds {len(plan.seeds)} --steps {plan.steps} --seed {args.seed}"]
    return " ".join(words)


def tell(args: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    """Print the paper's claims and their results on stdout, and where the report is on stderr."""
    from minimaskrcnn.experiments.roi_claims import CLAIMS, reading, try_claim

    tried = [(claim, try_claim(claim, rows)) for claim in CLAIMS]
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
