"""Draw the gallery: docs/images/gallery/*.png and docs/gallery.md, a figure for each entry of the catalogue.

    python docs/make_gallery.py

The pictures are those of `minimaskrcnn stages` without arguments, smaller and in few colours, so that the
whole gallery stays below 2 MB.
"""

import argparse
import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image

from minimaskrcnn import viz
from minimaskrcnn.cli import subjects
from minimaskrcnn.files import atomic_write
from minimaskrcnn.viz.tour import Plate

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "images" / "gallery"
DPI = 62
COLOURS = 48

INTRODUCTION = """\
# Gallery

Every figure that the project draws, in the order in which `minimaskrcnn stages` shows them. The first 24 are
the steps that learners know from the classic inspection notebooks of Mask R-CNN. Below each stands the call
that draws it; all of them live in `minimaskrcnn.viz`, take a `Trace` where they show a forward pass, and most
take `ax=` to draw into axes of yours.

    minimaskrcnn stages -o out/stages              # these pictures, larger, and a page that shows them
    minimaskrcnn stages photo.jpg -o out/photo     # your own picture

The picture is a shapes validation sample, the model is the bundled one. `python docs/make_gallery.py` draws
this page anew.
"""


def main() -> None:
    """Gather what `minimaskrcnn stages` gathers, draw, write."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    settings = argparse.Namespace(image=None, model="shapes", truth=None, log=None, seed=0)
    plates = viz.tour(subjects.gather(settings).subject)
    shutil.rmtree(PICTURES, ignore_errors=True)
    alts = [write_picture(plate) for plate in plates]
    text = page(plates, alts)
    atomic_write(DOCS / "gallery.md", lambda stream: stream.write(text.encode()))


def write_picture(plate: Plate) -> str:
    """Write one figure, small, and return its alternative text."""
    figure = plate.draw()
    with tempfile.TemporaryDirectory() as folder:
        path = viz.save(figure, Path(folder) / "figure.png", DPI)
        with Image.open(path) as picture:
            small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    encoded = io.BytesIO()
    small.save(encoded, "PNG", optimize=True)
    atomic_write(PICTURES / f"{plate.file}.png", lambda stream: stream.write(encoded.getvalue()))
    return viz.alt_text(figure)


def page(plates: list[Plate], alts: list[str]) -> str:
    """The gallery as Markdown."""
    parts, chapter = [INTRODUCTION], ""
    for plate, alt in zip(plates, alts, strict=True):
        if plate.chapter != chapter:
            chapter = plate.chapter
            parts.append(f"## {chapter}\n")
        entry = plate.entry
        parts.append(f"### {plate.number}. {entry.heading}\n\n{entry.note}\n")
        parts.append(f"![{alt.replace('[', '(').replace(']', ')')}](images/gallery/{plate.file}.png)\n")
        parts.append(f"    viz.{entry.call}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    main()
