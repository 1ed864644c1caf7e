"""`minimaskrcnn stages [IMAGE]`: every stage as a numbered figure, and one page that shows them in order."""

from __future__ import annotations

import argparse
import time

from minimaskrcnn.cli import options, output, scale

SUMMARY = "draw every stage of one picture, numbered, with a page that shows them in order"

DESCRIPTION = """\
Follow one picture through the network, one figure per stage.

Writes DIR/01-detections.png, DIR/02-precision-recall.png, ... and
DIR/index.html, a page that shows them all in order and needs nothing else.

Some steps compare with the truth (overlaps, matches, recall, targets). Without
IMAGE a picture with known objects is shown: a shapes validation sample (--seed
chooses another) or the bundled micrograph. For a picture of your own give its
COCO annotations with --truth; otherwise these steps are shown on that sample,
and the page says so at each of them.

Average precision, anchor coverage and samples are those of the model's
validation set; the training curves are of --log, or of a short run on shapes.
"""

EPILOG = """\
examples:
  minimaskrcnn stages -o out/stages
  minimaskrcnn stages --model nuclei -o out/nuclei
  minimaskrcnn stages photo.jpg -o out/photo
  minimaskrcnn stages photo.jpg --truth instances.json \\
      --model runs/mine/model.npz --log runs/mine/log.jsonl -o out/mine
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `stages`."""
    parser.add_argument(
        "image", nargs="?", metavar="IMAGE", help="your own picture (default: one of the model's kind)"
    )
    options.add_model(parser, default="shapes")
    options.add_picture(parser)
    scale.add_arguments(parser)
    parser.add_argument("--truth", metavar="FILE", help="COCO annotations that list IMAGE: its true objects")
    options.add_skip_broken(parser)
    parser.add_argument("--log", metavar="FILE", help="log.jsonl of a training run, for the training curves")
    parser.add_argument(
        "-o", "--output", default="out/stages", metavar="DIR", help="folder of what is written"
    )


def run(args: argparse.Namespace) -> int:
    """Gather what the figures are about, draw them, print a table of them."""
    from minimaskrcnn import viz
    from minimaskrcnn.cli import examples
    from minimaskrcnn.cli.progress import open_bar
    from minimaskrcnn.viz.page import check_folder

    started = time.perf_counter()
    check_folder(args.output)
    output.log.info("predicting, and measuring the model on its validation set ...")
    gathered = examples.gather(args)
    with open_bar(len(viz.stage_figures(gathered.example)), "figure", args.quiet) as bar:
        drawn = viz.write_page(
            gathered.example,
            args.output,
            "Mask R-CNN, stage by stage",
            gathered.facts,
            gathered.elsewhere,
            on_figure=lambda entry: bar.update(),
        )
    seconds = time.perf_counter() - started
    page = f"{args.output}/index.html"
    rows = [
        {"number": one.entry.number, "name": one.entry.name, "heading": one.entry.heading} for one in drawn
    ]
    if args.json:
        figures = [{**row, "file": one.file, "alt": one.alt} for row, one in zip(rows, drawn, strict=True)]
        output.print_json({"page": page, "seconds": round(seconds, 2), **gathered.facts, "figures": figures})
    else:
        output.print_table(
            ["figure", "file", "heading"],
            [[r["number"], d.file, r["heading"]] for r, d in zip(rows, drawn, strict=True)],
        )
    output.log.info("%d figures in %.0f s; open %s", len(drawn), seconds, page)
    return 0
