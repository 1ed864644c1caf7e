"""Draw the gallery: docs/images/gallery/*.png and docs/gallery.md, a figure for each entry of the catalogue.

    python docs/make_gallery.py
    python docs/make_gallery.py --check    # write nothing: draw, and compare with the committed pictures

The pictures are those of `minimaskrcnn stages` without arguments, with five bits of each channel, so that the
whole gallery stays below 6 MB.
"""

import argparse
import shutil
import sys
from pathlib import Path

from matplotlib.figure import Figure

from minimaskrcnn import viz
from minimaskrcnn.cli import build_parser, examples
from minimaskrcnn.files import atomic_write
from minimaskrcnn.viz.true_colour import SAME, apart, small_png

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "images" / "gallery"
DPI = 110

INTRODUCTION = """\
# Gallery

Every figure that the project draws, in the order in which `minimaskrcnn stages` shows them. The first 24 are
the steps that learners know from the classic inspection notebooks of Mask R-CNN. Below each stands the call
that draws it; all of them live in `minimaskrcnn.viz`, and most take `ax=` to draw into axes of yours.

    trace = model.trace(image)                     # one forward pass; `target`: the true objects
    curves = evaluator.curves()                    # of a `CocoEvaluator` that has seen a whole data set
    curves_by_kind = {"box": curves}
    coverage = anchor_coverage(model, dataset)
    log_records = read_log("log.jsonl")

The same figures as files, and a figure of your own:

    minimaskrcnn stages -o out/stages              # these pictures, larger, and a page that shows them
    minimaskrcnn stages photo.jpg -o out/photo     # your own picture

A model with keypoints adds three figures: its heat maps, the way from one of them to a place on the picture,
and the distances from the truth.

`viz.catalogued` declares a figure above the function that draws it; from then on it is part of these pages.

The picture is a shapes validation sample, the model is the bundled one. `python docs/make_gallery.py` draws
this page anew.
"""


def main(arguments: list[str] | None = None) -> int:
    """Gather what `minimaskrcnn stages` gathers, draw, and write or compare; 1 if a picture is stale."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a picture is stale")
    args = parser.parse_args(arguments)
    settings = build_parser().parse_args(["stages"])
    figures = viz.stage_figures(examples.gather(settings).example)
    if args.check:
        stale = [name for entry, draw in figures.items() for name in stale_picture(entry, draw())]
        print("\n".join(stale) or "every picture shows what is drawn today")
        return int(bool(stale))
    shutil.rmtree(PICTURES, ignore_errors=True)
    alts = {entry: write_picture(entry, draw()) for entry, draw in figures.items()}
    text = page(alts)
    atomic_write(DOCS / "gallery.md", lambda stream: stream.write(text.encode()))
    return 0


def write_picture(entry: viz.Entry, figure: Figure) -> str:
    """Write one figure, and return its alternative text."""
    drawn = small_png(figure, DPI)
    atomic_write(PICTURES / f"{entry.file}.png", lambda stream: stream.write(drawn))
    return viz.alt_text(figure)


def stale_picture(entry: viz.Entry, figure: Figure) -> list[str]:
    """Name the committed picture if it is missing, or does not show what the figure shows."""
    path = PICTURES / f"{entry.file}.png"
    if not path.is_file():
        return [f"{path.name} is missing"]
    far = apart(path.read_bytes(), small_png(figure, DPI))
    return [f"{path.name} is stale, {far:.2f} from what is drawn today"] if far > SAME else []


def page(alts: dict[viz.Entry, str]) -> str:
    """The gallery as Markdown, from the alternative text of each figure."""
    parts, chapter = [INTRODUCTION], ""
    for entry, alt in alts.items():
        if entry.chapter != chapter:
            chapter = entry.chapter
            parts.append(f"## {chapter}\n")
        parts.append(f"### {entry.number}. {entry.heading}\n\n{entry.note}\n")
        parts.append(f"![{alt.replace('[', '(').replace(']', ')')}](images/gallery/{entry.file}.png)\n")
        parts.append(f"    viz.{entry.call}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
