"""The options that every suite of `make bench` has."""

from __future__ import annotations

import argparse
from pathlib import Path


def parser(
    module: str, description: str | None, rounds: tuple[int, int], files: str
) -> argparse.ArgumentParser:
    """Make a parser with --quick, --only, --threads and --out.

    Parameters
    ----------
    module : the program, as `python -m` takes it
    description : its docstring
    rounds : how many rounds a quick run and a complete one have
    files : what a complete run writes
    """
    few, all_ = rounds
    options = argparse.ArgumentParser(
        f"python -m {module}", description=description, formatter_class=argparse.RawTextHelpFormatter
    )
    options.add_argument("--quick", action="store_true", help=f"rounds: {few} instead of {all_}")
    options.add_argument(
        "--only", metavar="PATTERN", default="", help="run only the rows whose name contains this"
    )
    options.add_argument(
        "--threads", type=int, default=2, metavar="N", help="threads of the BLAS and of torch (default: 2)"
    )
    options.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="FOLDER",
        help=f"folder for {files} (default: benchmarks/, or none with --quick or --only)",
    )
    return options
