"""`minimaskrcnn anchors DATASET`: check whether the anchors of a model fit the objects of a data set."""

from __future__ import annotations

import argparse
from pathlib import Path

from minimaskrcnn.cli import options, output

SUMMARY = "how well a model's anchors fit the objects of a dataset"

DESCRIPTION = """\
Compare every object of a dataset with every anchor of its picture.

Prints the best IoU that the anchors reach, the number of objects that no
anchor covers, and sizes that would fit better; DIR/anchors.png shows both. If
the best IoU of an object is below one half, it is hard to learn. Before you
train for longer, try
minimaskrcnn train DATASET --set model.anchor_sizes=[16,24,40]. Anchors do not
depend on training: for coco, no model is needed, and those of the recipe are
compared.
"""

EPILOG = """\
examples:
  minimaskrcnn anchors shapes
  minimaskrcnn anchors nuclei --data nuclei_fluo256.npz --split train
  minimaskrcnn anchors coco --data instances.json --images photos
  minimaskrcnn anchors coco --data instances.json --images photos \\
      --model runs/mine/model.npz
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `anchors`."""
    options.add_dataset(parser)
    options.add_model(parser, default="the bundled weights named like the dataset; for coco an untrained one")
    parser.add_argument(
        "--split", choices=("train", "val", "test"), help="part of shapes or nuclei (default: val)"
    )
    parser.add_argument("-o", "--output", default="out", metavar="DIR", help="folder for anchors.png")


def run(args: argparse.Namespace) -> int:
    """Print a report as text or as JSON, and draw the figure."""
    from minimaskrcnn import viz
    from minimaskrcnn.cli import sources
    from minimaskrcnn.inspection import anchor_coverage
    from minimaskrcnn.models import build
    from minimaskrcnn.training import RECIPES

    dataset = sources.open_dataset(args, args.split or "val")
    if args.dataset == "coco" and args.model is None:
        model = build(RECIPES["coco"].model)
    else:
        model, _ = sources.open_model(args.model or args.dataset)
    coverage = anchor_coverage(model, dataset)
    path = viz.save(viz.coverage_figure(coverage), Path(args.output) / "anchors.png")
    if args.json:
        known = len(coverage.best_iou) > 0
        output.print_json(
            {
                "objects": len(coverage.best_iou),
                "mean_best_iou": round(float(coverage.best_iou.mean()), 4) if known else None,
                "never_covered": len(coverage.never),
                "pictures_with_uncovered": sorted(set(coverage.image_ids[coverage.never].tolist())),
                "sizes": coverage.now,
                "suggested_sizes": coverage.suggested,
                "figure": str(path),
            }
        )
    else:
        print(coverage)
    output.log.info("drawn in %s", path)
    return 0
