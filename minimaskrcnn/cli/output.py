"""Output of the commands: tables or JSON on stdout, messages on stderr."""

import argparse
import io
import json
import logging
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

from minimaskrcnn.errors import InputError, printable

log = logging.getLogger("minimaskrcnn")


def open_streams() -> None:
    """Make stdout and stderr take every text, so that no result is lost because it cannot be shown.

    A stream that the caller has closed (`>&-`) becomes the null device. Characters that the coding of a
    stream lacks are printed as escapes. Messages that stderr no longer takes are dropped.
    """
    stderr = sys.__stderr__
    if stderr is not None and stderr is sys.stderr:
        messages = _Messages(stderr.fileno(), "w", closefd=False)
        sys.stderr = io.TextIOWrapper(messages, stderr.encoding, write_through=True)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  open until the end
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class _Messages(io.FileIO):
    """Stderr as bytes: if its reader leaves or its disk is full, messages are lost, but no results."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(data)


def discard(stream: TextIO) -> None:
    """Send what is written to `stream` from now on to the null device."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def require_writable(path: str) -> None:
    """Ask before the work begins whether its result can be written to `path`, a file or a folder to be made.

    Raises
    ------
    InputError
        If the folder that is there cannot be written to, or a file is in the place of a folder.
    """
    target = Path(os.path.realpath(path))
    there = next(place for place in (target, *target.parents) if place.exists())
    if there.is_file() and there != target:
        raise InputError(f"-o {path}: {there} is a file; choose a folder.")
    if there.is_file():
        there = there.parent
    if not os.access(there, os.W_OK):
        raise InputError(f"-o {path}: nothing can be written to {there}; choose another folder.")


def start_logging(args: argparse.Namespace) -> None:
    """Send the package's log to stderr: warnings with --quiet, details with --verbose."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine())
    log.handlers[:] = [handler]
    log.propagate = False
    log.setLevel(logging.WARNING if args.quiet else logging.DEBUG if args.verbose else logging.INFO)


class _OneLine(logging.Formatter):
    """Format only the message, with names from files made printable."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return printable(record.getMessage())


def print_json(value: Any) -> None:
    """Print one JSON object on stdout."""
    print(json.dumps(value, indent=2))


def print_table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table on stdout, with numbers aligned to the right and words to the left.

    Examples
    --------
    >>> print_table(["label", "score"], [["circle", 0.98], ["square", 0.9]])
    label   score
    circle  0.980
    square  0.900
    """
    rows = [list(row) for row in rows]
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    right = [bool(rows) and isinstance(value, int | float) for value in (rows[0] if rows else header)]
    for line in cells:
        padded = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, right, strict=True)
        ]
        print("  ".join(padded).rstrip())


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else printable(str(value))
