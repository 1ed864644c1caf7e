"""`minimaskrcnn stages [IMAGE]`: draw every stage as a numbered figure, and make a page that shows them."""

from __future__ import annotations

import argparse
import time

from minimaskrcnn.cli import options, output, scale

SUMMARY = "draw every stage of one picture as a numbered figure, and make a page of them"

DESCRIPTION = """\
Follow one picture through the network, one figure per stage.

Writes DIR/01-detections.png, DIR/02-precision-recall.png, ... and
DIR/index.html, a page that shows all of them in order and contains them.

Some steps compare the result with the truth (overlaps, matches, recall,
targets). If you give no IMAGE, a picture with known objects is shown: a shapes
validation sample (--seed chooses which one) or the bundled micrograph. For
your own picture, pass its COCO annotations with --truth. Otherwise these steps
are shown for that sample, and the page says so at each of them.

Average precision, anchor coverage and samples are computed on the validation
set of the model. The training curves come from --log, or from a short run on
shapes.
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
        "image", nargs="?", metavar="IMAGE", help="your own picture (default: a sample that suits the model)"
    )
    options.add_model(parser, default="shapes")
    options.add_picture(parser)
    scale.add_arguments(parser)
    parser.add_argument("--truth", metavar="FILE", help="COCO annotations with the true objects of IMAGE")
    options.add_skip_broken(parser)
    parser.add_argument("--log", metavar="FILE", help="log.jsonl of a training run, for the training curves")
    parser.add_argument(
        "-o", "--output", default="out/stages", metavar="DIR", help="folder for the figures and the page"
    )


def run(args: argparse.Namespace) -> int:
    """Predict, draw the figures, and print a table of them."""
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
