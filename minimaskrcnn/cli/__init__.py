"""The command `minimaskrcnn`: one file per subcommand, data on stdout, everything else on stderr.

A subcommand is a module with `SUMMARY`, `DESCRIPTION`, `add_arguments(parser)` and `run(args) -> exit code`.
Only `run` imports NumPy and the rest of the package. So `--help` is quick, and `--threads` takes effect.

Exit codes: 0 done; 1 a check failed or the run was interrupted; 2 the input or the command line is wrong.
"""

import argparse
import sys
import traceback
from collections.abc import Sequence

from minimaskrcnn import __version__
from minimaskrcnn.cli import (
    anchors,
    check,
    convert,
    data_sets,
    demo,
    evaluate,
    explore,
    grade,
    notebooks,
    options,
    output,
    predict,
    roi_lab,
    stages,
    train,
    weights,
)
from minimaskrcnn.errors import InputError, TrainingDivergedError, printable

COMMANDS = {
    "demo": demo,
    "stages": stages,
    "explore": explore,
    "check": check,
    "train": train,
    "evaluate": evaluate,
    "predict": predict,
    "convert": convert,
    "weights": weights,
    "anchors": anchors,
    "roi-lab": roi_lab,
    "notebooks": notebooks,
    "grade": grade,
}

EPILOG = """\
examples:
  minimaskrcnn demo                              a picture, explained in one figure
  minimaskrcnn stages -o out/stages              one figure per stage
  minimaskrcnn explore                           a page to follow it in yourself
  minimaskrcnn predict --model nuclei cells.png  outline the nuclei in a file
  minimaskrcnn check instances.json              what is wrong with an annotation file
  minimaskrcnn train shapes                      from scratch, on two cores
  minimaskrcnn evaluate shapes                   AP of the bundled weights
  minimaskrcnn notebooks copy course             the notebooks, to work in
  minimaskrcnn grade hand-ins/*.ipynb            score the exercises in them

`minimaskrcnn COMMAND --help` explains each.
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="minimaskrcnn",
        description="Mask R-CNN in NumPy: see it work, train it, measure it, use it.",
        epilog=EPILOG,
        formatter_class=options.HelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"minimaskrcnn {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(
            name,
            help=command.SUMMARY,
            description=command.DESCRIPTION,
            epilog=command.EPILOG,
            formatter_class=options.HelpFormatter,
        )
        command.add_arguments(subparser)
        options.add_common(subparser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    output.open_streams()
    args = build_parser().parse_args(argv)
    output.start_logging(args)
    options.limit_threads(args.threads or (1 if getattr(args, "workers", None) else None))
    options.limit_pixels(args.max_pixels)
    try:
        from minimaskrcnn import kernels
        from minimaskrcnn.io import published

        if "output" in args:
            output.require_writable(args.output or ".")  # a command's own default is in this folder

        obtain = weights.obtain(args.yes, args.quiet)
        with kernels.use(args.kernels), published.obtained_by(obtain):
            data_sets.resolve(args)
            code = COMMANDS[args.command].run(args)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return _stop(args, "interrupted", 1)
    except BrokenPipeError:
        # The reader of stdout has exited (`| head`). Python would raise again when it flushes at exit.
        output.discard(sys.stdout)
        return 1
    except TrainingDivergedError as error:
        return _stop(args, str(error), 1)
    except InputError as error:
        return _stop(args, str(error), 2)
    except MemoryError:
        return _stop(args, "there is not enough memory for this; use smaller or fewer pictures", 2)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _stop(args, f"{where}{error.strerror or error}", 2)


def _stop(args: argparse.Namespace, sentence: str, code: int) -> int:
    if args.verbose:
        traceback.print_exc()
    print(printable(f"minimaskrcnn {args.command}: {sentence}"), file=sys.stderr)
    return code
