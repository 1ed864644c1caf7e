"""Build the slides and the one-page map: markdown in, self-contained HTML files and their PDFs out.

    python docs/instructors/make_slides.py            # build/slides/*.html and *.pdf
    python docs/instructors/make_slides.py lab_a map  # only these
    python docs/instructors/make_slides.py --html     # no PDFs, and no browser needed

`slide_deck.py` says how a deck is written, `one_page_map.py` how the map is.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from one_page_map import PAPERS, map_page
from slide_deck import SOURCES, Deck, slides_page

from minimaskrcnn.files import atomic_write

REPO = Path(__file__).resolve().parents[2]
OUT = REPO / "build" / "slides"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "msedge")


def browser() -> str | None:
    """Return the first browser of the Chromium family on the path."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def print_pdf(program: str, address: str, pdf: Path) -> None:
    """Print a page, in the size that its style asks for."""
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    options = [
        "--headless",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-pdf-header-footer",
        *as_root,
    ]
    command = [program, *options, f"--print-to-pdf={pdf}", address]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


def pages(name: str) -> dict[str, str]:
    """Return the pages that a source becomes, by the names of their files."""
    source = SOURCES / f"{name}.md"
    if name == "map":
        return {f"map_{paper}": map_page(source, paper) for paper in PAPERS}
    return {name: slides_page(Deck(source))}


def main(arguments: list[str] | None = None) -> int:
    """Build the pages that are asked for, and print them."""
    known = sorted(path.stem for path in SOURCES.glob("*.md"))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sources", nargs="*", metavar="NAME", help=f"of {', '.join(known)} (default: all)")
    parser.add_argument("--html", action="store_true", help="write no PDFs")
    args = parser.parse_args(arguments)
    if unknown := set(args.sources) - set(known):
        parser.error(f"there is no {', '.join(sorted(unknown))}; choose of {', '.join(known)}.")
    OUT.mkdir(parents=True, exist_ok=True)
    program = None if args.html else browser()
    for source in args.sources or known:
        for name, text in pages(source).items():
            target = OUT / f"{name}.html"
            atomic_write(target, lambda stream, text=text: stream.write(text.encode()))
            print(f"{target.relative_to(REPO)}: {len(text) / 1e6:.1f} MB")
            if program:
                print_pdf(program, target.as_uri(), target.with_suffix(".pdf"))
            if program and source != "map":
                print_pdf(program, target.as_uri() + "?notes", OUT / f"{name}_notes.pdf")
    if not (program or args.html):
        print(
            "For the PDFs, install Chromium (apt-get install chromium) and run this again.", file=sys.stderr
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
