"""`minimaskrcnn weights list` and `weights get NAME`: the weights that torchvision publishes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from minimaskrcnn.cli import output

if TYPE_CHECKING:
    from minimaskrcnn.io.published import Obtain, Published, Remote

SUMMARY = "list and download the weights that torchvision publishes"

DESCRIPTION = """\
`weights list` shows the published weights that are read here, and which of
them are on this machine: detectors trained on COCO, and ImageNet classifiers
to train a detector from.

`weights get NAME` downloads a file into the cache, where `--weights NAME`
finds it. The size and the first digits of its SHA-256 are checked before it
can be used. A download that was interrupted goes on where it stopped. This
needs pooch: pip install 'minimaskrcnn[download]'.

Without a network, copy the file from another machine into the folder that
`weights list` names.
"""

EPILOG = """\
examples:
  minimaskrcnn weights list
  minimaskrcnn weights get maskrcnn_resnet50_fpn_v2
  minimaskrcnn predict photo.jpg --weights maskrcnn_resnet50_fpn_v2
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `weights`."""
    parser.add_argument("action", choices=("list", "get"), help="what to do")
    parser.add_argument("names", nargs="*", metavar="NAME", help="get: which weights, as `list` names them")


def run(args: argparse.Namespace) -> int:
    """List, or download one after the other and print where the files are."""
    from minimaskrcnn.errors import InputError
    from minimaskrcnn.io.published import PUBLISHED, folder

    unknown = [name for name in args.names if name not in PUBLISHED]
    if unknown:
        raise InputError(f"weights {unknown[0]!r} are unknown; choose from {', '.join(PUBLISHED)}.")
    if args.action == "get" and not args.names:
        raise InputError(f"get: say which; choose from {', '.join(PUBLISHED)}.")
    chosen = [PUBLISHED[name] for name in args.names or PUBLISHED]
    rows = [(entry, get(entry, args.quiet) if args.action == "get" else _here(entry)) for entry in chosen]
    if args.json:
        output.print_json([_record(entry, path) for entry, path in rows])
    elif args.action == "list":
        table = [[e.name, f"{e.megabytes:.0f}", "yes" if path else "", e.holds] for e, path in rows]
        output.print_table(["name", "MB", "here", "what"], table)
        output.log.info("they are looked for in %s", folder())
    else:
        print("\n".join(str(path) for _, path in rows))
    return 0


def get(entry: Published, quiet: bool) -> Path:
    """Return the path of a published file, after a download if it is not here."""
    return _here(entry) or download(entry, quiet)


def download(entry: Remote, quiet: bool) -> Path:
    """Download a file with a progress bar, and return its path."""
    from minimaskrcnn.cli.progress import open_bar
    from minimaskrcnn.io.download import fetch

    output.log.info("downloading %s", entry.url)
    with open_bar(round(entry.megabytes * 2**20), "B", quiet) as bar:
        bar.unit_scale = True
        return fetch(entry, lambda done, total: bar.update(done - bar.n))


def obtain(yes: bool, quiet: bool) -> Obtain:
    """Return what a command does about a published file that is not here: `--yes` or one question decides."""
    return lambda entry: download(entry, quiet) if yes or _agreed(entry) else None


def _agreed(entry: Remote) -> bool:
    """Ask once, if somebody is there to answer."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print(f"{entry.name} is not here. Download {entry.url}", file=sys.stderr)
    print(f"({entry.megabytes:.0f} MB)? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _here(entry: Published) -> Path | None:
    from minimaskrcnn.io.published import find

    return find(entry.name)


def _record(entry: Published, path: Path | None) -> dict[str, object]:
    return {
        "name": entry.name,
        "url": entry.url,
        "megabytes": entry.megabytes,
        "sha256_begins": entry.digits,
        "holds": entry.holds,
        "path": str(path) if path else None,
    }
