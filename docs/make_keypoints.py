"""Draw docs/images/keypoints/*.png, the figures of keypoints, of a model of shapes that finds some.

    minimaskrcnn train shapes --weights shapes --set keypoints=3 --set steps=600 -o runs/keypoints
    python docs/make_keypoints.py runs/keypoints/model.npz

The pictures are those of `minimaskrcnn stages --model`. They are no part of the gallery's check, because a
model that is trained again on another machine draws slightly different ones.
"""

import argparse
from pathlib import Path

from matplotlib.figure import Figure

from minimaskrcnn import viz
from minimaskrcnn.cli import build_parser, examples
from minimaskrcnn.files import atomic_write
from minimaskrcnn.viz.catalogue import Chapter
from minimaskrcnn.viz.true_colour import small_png

PICTURES = Path(__file__).resolve().parent / "images" / "keypoints"
DPI = 110


def main() -> None:
    """Draw the figures of the chapter on keypoints, and print what each shows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", metavar="MODEL.npz", help="a model of shapes with keypoints")
    model = parser.parse_args().model
    example = examples.gather(build_parser().parse_args(["stages", "--model", model])).example
    for entry, draw in viz.stage_figures(example).items():
        if entry.chapter is Chapter.KEYPOINTS:
            _write(entry.name, draw())


def _write(name: str, figure: Figure) -> None:
    drawn = small_png(figure, DPI)
    atomic_write(PICTURES / f"{name}.png", lambda stream: stream.write(drawn))
    print(f"{name}: {viz.alt_text(figure)}")


if __name__ == "__main__":
    main()
