"""`minimaskrcnn evaluate`: compute the COCO average precision of a model on a dataset."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from minimaskrcnn.cli import crews, options, output, scale
from minimaskrcnn.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from minimaskrcnn.data import Dataset
    from minimaskrcnn.detection.structures import Detections
    from minimaskrcnn.training import Evaluation

SUMMARY = "COCO average precision of boxes and masks"

DESCRIPTION = """\
Run a model over a dataset and print COCO's average precision (AP) and average
recall (AR), for boxes and for masks.

AP is the mean over the IoU thresholds 0.50, 0.55, ..., 0.95; AP50 and AP75 are
for one threshold. APs, APm and APl are for objects of up to 32x32 pixels, up
to 96x96 pixels, and larger ones. AR10 is the recall with at most 10 detections
per picture.
"""

EPILOG = """\
examples:
  minimaskrcnn evaluate shapes
  minimaskrcnn evaluate nuclei --data nuclei_fluo256.npz --split test
  minimaskrcnn evaluate nuclei --data folder --split all
  minimaskrcnn evaluate shapes --model runs/shapes/model.npz --json
  minimaskrcnn evaluate coco --data instances.json --images photos \\
      --model runs/mine/model.npz
  minimaskrcnn evaluate coco --data instances.json --results detections.json
"""

DEFAULT_SPLIT = {"shapes": "val", "nuclei": "test", "coco": "all"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `evaluate`."""
    options.add_dataset(parser)
    options.add_model(
        parser, default="for shapes and nuclei the bundled weights of that name; coco needs one"
    )
    options.add_arch(parser)
    options.add_norm_eps(parser)
    parser.add_argument(
        "--results",
        metavar="FILE",
        help="coco: score these detections, a JSON in COCO's results format, instead of a model's",
    )
    scale.add_arguments(parser)
    parser.add_argument(
        "--split",
        choices=("train", "val", "test", "all"),
        help="part of shapes or nuclei (default: shapes val, nuclei test); all: of nuclei",
    )
    options.add_workers(parser, "pictures", "one, in this process")
    parser.add_argument(
        "--max-dets",
        type=options.positive,
        metavar="N",
        help="detections per picture that count (default: 500 for nuclei, else 100, as in the recipe)",
    )


def run(args: argparse.Namespace) -> int:
    """Predict every picture, or read what was predicted; compare, print."""
    from minimaskrcnn.evaluation import format_summary
    from minimaskrcnn.training import RECIPES

    limit = args.max_dets or RECIPES[args.dataset].max_dets
    dataset, result = of_results(args, limit) if args.results else of_model(args, limit)
    summaries = result.named()
    if args.json:
        output.print_json({"pictures": len(dataset), "max_dets": limit, **summaries})
    else:
        print(f"{len(dataset)} pictures, at most {limit} detections each")
        for name, summary in summaries.items():
            print(f"\n{name}\n{format_summary(summary, dataset.class_names)}")
    return 0


def of_model(args: argparse.Namespace, limit: int) -> tuple[Dataset, Evaluation]:
    """The data set, and the average precision of a model on it."""
    from minimaskrcnn.cli import results, sources
    from minimaskrcnn.cli.progress import open_bar
    from minimaskrcnn.training import evaluate

    if args.dataset == "coco" and args.model is None:
        raise InputError(
            "coco: name a --model, such as the model.npz of your own training (no bundled weights are taken "
            "for granted), or score the --results of one."
        )
    model, facts = sources.open_weights(args.model or args.dataset, args.arch, args.norm_eps)
    scale.rescale(model, facts, args)
    split, keypoints = args.split or DEFAULT_SPLIT[args.dataset], sources.has_keypoints_of_shapes(model)
    dataset = sources.open_dataset(args, split, model.prepare, keypoints)
    dataset = sources.with_labels_of(model, dataset)
    sides = []

    def note_sides(image: np.ndarray, found: Detections) -> None:
        sides.append(scale.shown_sides(model, results.at_least(found, scale.SURE), image.shape[1:]))

    with open_bar(len(dataset), "picture", args.quiet) as bar, crews.crew_of(args, model) as crew:
        scored = evaluate(
            model, dataset, limit, on_image=lambda _: bar.update(), on_detections=note_sides, crew=crew
        )
    scale.warn_of_misfit(model, sides)
    return dataset, scored


def of_results(args: argparse.Namespace, limit: int) -> tuple[Dataset, Evaluation]:
    """The annotations, and the average precision of results that have their ids."""
    from minimaskrcnn import data
    from minimaskrcnn.cli import sources
    from minimaskrcnn.cli.progress import open_bar
    from minimaskrcnn.training import evaluate_results

    if args.dataset != "coco" or not args.data or args.model:
        raise InputError(
            "--results: pass coco, the annotations with --data FILE.json, and no --model, since a model has "
            "made the results already."
        )
    dataset = sources.open_coco(args.data, args.images, args.skip_broken)
    results = data.CocoResults(args.results, dataset)
    with open_bar(len(dataset), "picture", args.quiet) as bar:
        scored = evaluate_results(results, limit, on_image=lambda index: bar.update())
    missing = len(dataset) - results.pictures
    if missing:
        output.log.warning(
            "%s has nothing on %d of %d pictures; all their objects count as missed",
            *(args.results, missing, len(dataset)),
        )
    return dataset, scored
