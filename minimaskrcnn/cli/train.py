"""`minimaskrcnn train`: from random weights, or given ones, to a checkpoint, by a recipe."""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minimaskrcnn.cli import options, output
from minimaskrcnn.errors import InputError

if TYPE_CHECKING:
    from minimaskrcnn.data import Dataset
    from minimaskrcnn.training import Recipe

SUMMARY = "train a small Mask R-CNN from scratch"

DESCRIPTION = """\
Train a model from random weights, or from those of --weights, by the recipe of
the dataset (minimaskrcnn/training/recipes.py).

DIR receives log.jsonl (one line per step), state.npz (what --resume needs),
best.npz (the model with the best validation AP so far), and at the end
model.npz and curves.png (losses and AP). Interrupt whenever you like: the
same command with --resume goes on from the last whole step, and ends with the
same bytes as a run that was never interrupted, if it has as many threads.
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
    parser.add_argument("-o", "--output", metavar="DIR", help="folder of the run (default: runs/DATASET)")
    parser.add_argument(
        "--weights",
        metavar="FILE",
        help="start from these weights of the same model; layers that depend on the number of classes are "
        "drawn anew if the number differs",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in DIR")
    parser.add_argument(
        "--epochs",
        type=options.positive,
        metavar="N",
        help="train for N rounds through the pictures, not for the recipe's steps; evaluate after each",
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
        help="coco: keep this part of the pictures for validation, for example 0.2",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="changes",
        metavar="NAME=VALUE",
        help="change a setting of the recipe (steps, batch_size, lr, optimizer, schedule, warmup, "
        "weight_decay, clip_norm, freeze, ...) or of its model (model.anchor_sizes, ...); model.preset "
        "begins with that preset's own settings; may be repeated",
    )


def run(args: argparse.Namespace) -> int:
    """Open the data, adapt the recipe, train, print the final average precision."""
    import numpy as np

    from minimaskrcnn import viz
    from minimaskrcnn.cli.progress import Progress
    from minimaskrcnn.training import Trainer, read_log

    recipe = adapt(plan(args), args.changes)
    train, validation = open_parts(args)
    if args.epochs:
        recipe = adapt(in_epochs(recipe, args.epochs, len(train)), args.changes)
    out = Path(args.output or f"runs/{args.dataset}")
    with Progress(recipe.steps, args.quiet) as progress:
        trainer = Trainer.from_recipe(
            recipe,
            train,
            out,
            seed=args.seed,
            weights=args.weights,
            validation=validation,
            on_record=progress,
            on_picture=progress.picture,
        )
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # the trainer says better what overflowed
                trainer.run(args.resume)
        except KeyboardInterrupt:
            output.log.warning("stopped at step %d; the same command with --resume goes on", trainer.step)
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
    """The data set's recipe with what the options say in its place.

    Raises
    ------
    InputError
        If --epochs and --set both say how long to train.
    """
    from minimaskrcnn.training import RECIPES

    if args.epochs and any(change.startswith("steps=") for change in args.changes):
        raise InputError("--epochs and --set steps both say how long to train; leave one out.")
    return replace(RECIPES[args.dataset], early_stop=args.early_stop)


def in_epochs(recipe: Recipe, epochs: int, pictures: int) -> Recipe:
    """The recipe for that many rounds through the pictures, with an evaluation after each round."""
    per_epoch = math.ceil(pictures / recipe.batch_size)
    return replace(recipe, steps=epochs * per_epoch, evaluate_every=per_epoch)


def open_parts(args: argparse.Namespace) -> tuple[Dataset, Dataset | None]:
    """The pictures to learn from, and those to validate on: a split of the data set, other files, or a part.

    Raises
    ------
    InputError
        If the options do not fit each other.
    """
    from minimaskrcnn import data
    from minimaskrcnn.cli import sources

    if args.dataset != "coco":
        if args.val_data or args.val_images or args.val_fraction is not None:
            raise InputError(
                f"--val-data, --val-images and --val-fraction belong to coco; {args.dataset} has a "
                "validation split of its own."
            )
        return sources.open_dataset(args, "train"), sources.open_dataset(args, "val")
    if args.val_data and args.val_fraction is not None:
        raise InputError("--val-data and --val-fraction both name the validation pictures; leave one out.")
    if args.val_images and not args.val_data:
        raise InputError("--val-images: name the annotations of these pictures with --val-data.")
    train = sources.open_dataset(args, "train")
    if args.val_data:
        return train, data.CocoDataset(args.val_data, args.val_images or args.images)
    if args.val_fraction is not None:
        return data.cut(train, args.val_fraction)
    output.log.info("no validation pictures, so no AP: --val-fraction 0.2 would keep a fifth of them for it")
    return train, None


def adapt(recipe: Recipe, changes: list[str]) -> Recipe:
    """The recipe with each NAME=VALUE applied; values are JSON, or bare words.

    Raises
    ------
    InputError
        A change without `=`, an unknown name, or a value of another type than the recipe's own.
    """
    from minimaskrcnn.models import configure
    from minimaskrcnn.models.aliases import resolve

    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise InputError(f"--set {change}: expected NAME=VALUE, for example --set steps=500.")
        group, _, setting = name.partition(".")
        if name == "model.preset":  # the settings were the other preset's
            recipe = replace(recipe, model=configure({"preset": parse(text)}), predict={})
        elif setting and group == "model":
            recipe = replace(recipe, model=recipe.model.changed(**{setting: parse(text)}))
        elif setting and group == "predict":
            recipe = replace(recipe, predict={**recipe.predict, **resolve({setting: parse(text)})})
        else:
            recipe = _with_setting(recipe, name, text)
    return recipe


def _with_setting(recipe: Recipe, name: str, text: str) -> Recipe:
    known = sorted({field.name for field in fields(recipe)} - {"model", "predict"})
    if name not in known:
        nearest = get_close_matches(name, known, 1)
        meant = f"did you mean {nearest[0]}?" if nearest else f"choose one of {', '.join(known)}."
        raise InputError(f"--set {name}: there is no such setting; {meant}")
    value: Any = names(name, text) if name in ("augment", "freeze") else parse(text)
    return replace(recipe, **{name: value})


def parse(text: str) -> Any:
    """A JSON value, or the text itself.

    >>> parse("[8, 16, 32]"), parse("roi_pool")
    ([8, 16, 32], 'roi_pool')
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
    except (ValueError, RecursionError) as error:  # thousands of digits, or of brackets
        raise InputError(f"--set: {text[:20]}... is no sensible value; pass a shorter one.") from error


def names(name: str, text: str) -> tuple[str, ...]:
    """A JSON list of strings, or the same without quotes, which a shell would eat.

    >>> names("freeze", '["backbone", "rpn"]') == names("freeze", "[backbone,rpn]") == ("backbone", "rpn")
    True
    """
    value = parse(text)
    if isinstance(value, str) and text.startswith("[") and text.endswith("]"):
        value = [word.strip() for word in text[1:-1].split(",")]
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise InputError(f"--set {name}={text}: expected a list of names, for example {name}=[backbone,rpn].")
    return tuple(value)
