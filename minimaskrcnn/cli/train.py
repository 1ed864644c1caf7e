"""`minimaskrcnn train`: train a model by a recipe, from random weights or from given ones."""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from minimaskrcnn.cli import options, output
from minimaskrcnn.errors import InputError

if TYPE_CHECKING:
    from minimaskrcnn.data import Dataset
    from minimaskrcnn.training import Recipe

SUMMARY = "train a small Mask R-CNN from scratch"

DESCRIPTION = """\
Train a model from random weights, or from those of --weights, by the recipe of
the dataset (minimaskrcnn/training/recipes.py).

DIR receives log.jsonl (one line per step), state.npz (for --resume), best.npz
(the model with the best validation AP so far), and at the end model.npz and
curves.png (losses and AP). You can interrupt the run at any time: the same
command with --resume continues from the last complete step. It ends with the
same bytes as a run that was never interrupted, if it uses as many threads.
"""

EPILOG = """\
examples:
  minimaskrcnn train shapes
  minimaskrcnn train shapes --resume
  minimaskrcnn train nuclei --data nuclei_fluo256.npz --seed 1
  minimaskrcnn train shapes --set model.roi_operator=roi_pool -o runs/pool
  minimaskrcnn train coco --data instances.json --images photos -o runs/mine \\
      --val-fraction 0.2 --epochs 30 --early-stop 5
  minimaskrcnn train shapes --weights a.npz --set freeze=[backbone,rpn] -o new
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `train`."""
    options.add_dataset(parser)
    parser.add_argument("-o", "--output", metavar="DIR", help="folder for the run (default: runs/DATASET)")
    parser.add_argument(
        "--weights",
        metavar="NAME|FILE",
        help="start from these weights (shapes, nuclei, or a file) of the same model; layers that depend on "
        "the number of classes are drawn anew if the number differs, and so is a branch of masks or "
        "keypoints that the weights lack",
    )
    parser.add_argument("--resume", action="store_true", help="continue the run in DIR")
    parser.add_argument(
        "--changed-data",
        action="store_true",
        help="with --resume: continue even if pictures or objects were added, removed or moved",
    )
    parser.add_argument(
        "--epochs",
        type=options.positive,
        metavar="N",
        help="train for N rounds through the pictures instead of the recipe's steps; evaluate after each",
    )
    parser.add_argument(
        "--early-stop",
        type=options.natural,
        default=0,
        metavar="N",
        help="end the run after N evaluations in a row without a better AP; 0 means never",
    )
    parser.add_argument(
        "--val-data", metavar="PATH", help="coco: annotations of the validation pictures, for AP in training"
    )
    parser.add_argument(
        "--val-images", metavar="DIR", help="coco: folder of the validation pictures (default: --images)"
    )
    parser.add_argument(
        "--val-fraction",
        type=options.fraction,
        metavar="F",
        help="coco: keep this share of the pictures for validation, for example 0.2",
    )
    parser.add_argument(
        "--anchors",
        choices=("auto",),
        help="coco: take the anchor sizes that `minimaskrcnn anchors coco` suggests for the pictures to "
        "learn from; they are stored with the model",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="changes",
        metavar="NAME=VALUE",
        help="change a setting of the recipe (steps, batch_size, lr, optimizer, schedule, augment, freeze, "
        "...) or of its model (anchor_sizes, min_size, ...; model.NAME is the same, predict.NAME applies "
        "only at prediction); preset starts from the settings of that preset; may be repeated",
    )


def run(args: argparse.Namespace) -> int:
    """Open the data, adapt the recipe, train, print the final average precision."""
    import numpy as np

    from minimaskrcnn import viz
    from minimaskrcnn.cli import sources
    from minimaskrcnn.cli.auto_anchors import with_anchors_of_run, with_fitting_anchors
    from minimaskrcnn.cli.progress import Progress
    from minimaskrcnn.cli.settings import adapt
    from minimaskrcnn.training import Trainer, read_log
    from minimaskrcnn.training.run_folder import RunFolder

    recipe = adapt(plan(args), args.changes)
    train, validation = open_parts(args, recipe)
    if args.epochs:
        recipe = adapt(in_epochs(recipe, args.epochs, len(train)), args.changes)
    out = Path(args.output or f"runs/{args.dataset}")
    begun = RunFolder(out) if args.resume else None
    if args.anchors and begun and begun.state.is_file():
        recipe = with_anchors_of_run(recipe, begun)
    elif args.anchors:
        recipe = with_fitting_anchors(recipe, train)
    with Progress(recipe.steps, args.quiet) as progress:
        trainer = Trainer.from_recipe(
            recipe,
            train,
            out,
            seed=args.seed,
            weights=sources.weights_path(args.weights) if args.weights else None,
            validation=validation,
            on_record=progress,
            on_picture=progress.picture,
        )
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # the trainer has a better message
                trainer.run(args.resume, changed_data=args.changed_data)
        except KeyboardInterrupt:
            output.log.warning("stopped at step %d; the same command with --resume continues", trainer.step)
            raise
    curves = viz.training_curves(read_log(out / "log.jsonl"), trainer.model.num_classes)
    output.log.info("losses and average precision are drawn in %s", viz.save(curves, out / "curves.png"))
    report = {"model": str(out / "model.npz"), "steps": trainer.step, "seconds": round(trainer.seconds, 1)}
    if trainer.evaluations:
        report |= {name: score for name, score in trainer.evaluations[-1].items() if name != "step"}
        report |= {"best": str(out / "best.npz"), "best_step": trainer.best_step}
    if args.json:
        output.print_json(report)
    else:
        output.print_table(list(report), [list(report.values())])
    return 0


def plan(args: argparse.Namespace) -> Recipe:
    """Return the recipe of the data set, changed by the options.

    Pictures of one's own are prepared as the weights to start from are used to it.

    Raises
    ------
    InputError
        If two options set the length of the run or the anchors, or --anchors is not for this data set.
    """
    from minimaskrcnn.cli import sources
    from minimaskrcnn.io.opening import open_weights
    from minimaskrcnn.io.weights_file import preparation
    from minimaskrcnn.training import RECIPES

    if args.epochs and any(change.startswith("steps=") for change in args.changes):
        raise InputError("--epochs and --set steps both set the length of the run; leave one out.")
    if args.anchors and args.dataset != "coco":
        raise InputError(
            f"--anchors auto belongs to coco; the recipe of {args.dataset} has anchors that fit."
        )
    if args.anchors and any("anchor_sizes=" in change for change in args.changes):
        raise InputError("--anchors auto and --set anchor_sizes both set the anchors; leave one out.")
    recipe = replace(RECIPES[args.dataset], early_stop=args.early_stop)
    steps: tuple[str, ...] = ()
    if args.dataset == "coco" and args.weights:
        with open_weights(sources.weights_path(args.weights)) as file:
            steps = preparation(file.facts)
    if steps and not any(change.startswith("prepare=") for change in args.changes):
        output.log.info("pictures are prepared as for %s: %s", args.weights, ", ".join(steps))
        recipe = replace(recipe, prepare=steps)
    return recipe


def in_epochs(recipe: Recipe, epochs: int, pictures: int) -> Recipe:
    """Return the recipe for that many rounds through the pictures, with an evaluation after each round."""
    per_epoch = math.ceil(pictures / recipe.batch_size)
    return replace(recipe, steps=epochs * per_epoch, evaluate_every=per_epoch)


def open_parts(args: argparse.Namespace, recipe: Recipe) -> tuple[Dataset, Dataset | None]:
    """The pictures to learn from, and those to validate on: a split of the data set, other files, or a part.

    Raises
    ------
    InputError
        If the options do not fit together.
    """
    from minimaskrcnn import data
    from minimaskrcnn.cli import sources

    if args.dataset != "coco":
        if args.val_data or args.val_images or args.val_fraction is not None:
            raise InputError(
                f"--val-data, --val-images and --val-fraction belong to coco; {args.dataset} has a "
                "validation split of its own."
            )
        keypoints = recipe.model.keypoints > 0
        train, validation = (
            sources.open_dataset(args, split, recipe.prepare, keypoints) for split in ("train", "val")
        )
        return train, validation
    if args.val_data and args.val_fraction is not None:
        raise InputError("--val-data and --val-fraction both name the validation pictures; leave one out.")
    if args.val_images and not args.val_data:
        raise InputError("--val-images: name the annotations of these pictures with --val-data.")
    train = sources.open_coco(*sources.coco_paths(args), args.skip_broken)
    sources.refuse_crowding(train)
    if args.val_data:
        validation = sources.open_coco(args.val_data, args.val_images or args.images, args.skip_broken)
        return train, validation.ordered_as(train.class_names)
    if args.val_fraction is not None:
        return data.cut(train, args.val_fraction)
    output.log.info("no validation pictures, so no AP: --val-fraction 0.2 would keep a fifth of them for it")
    return train, None
