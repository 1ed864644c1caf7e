"""`--object-size` and `--image-size`: the size to which pictures are resized for the model.

    resized side = side * (size of the objects in training) / (size of the objects in the picture)

A detector knows objects of the sizes that it was trained on. Without these options the size of the picture
decides how it is resized, whatever the size of its objects.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from minimaskrcnn.cli.output import log
from minimaskrcnn.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from minimaskrcnn.detection.structures import Detections
    from minimaskrcnn.models import MaskRCNN

UNBOUNDED = 2**24  # the longer side follows the shorter; the limit of pixels bounds both
SURE = 0.5  # least score of the detections that tell how large objects are
FEW = 5  # detections that say nothing about the scale yet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the two options, which exclude each other."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--object-size",
        type=pixels,
        metavar="PIXELS",
        help="typical diameter of the objects in your pictures; the pictures are resized so that the model "
        "sees objects of the size that it was trained on",
    )
    group.add_argument(
        "--image-size",
        type=pixels,
        metavar="PIXELS",
        help="resize the shorter side of each picture to this (default: the setting of the model)",
    )


def pixels(text: str) -> float:
    """Read a length of at least a tenth of a pixel, for argparse."""
    value = float(text)
    if not 0.1 <= value <= 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.1 and 1000000")
    return value


pixels.__name__ = "number of pixels"  # argparse names the type in "invalid ... value: 'x'"


def rescale(model: MaskRCNN, facts: dict[str, Any], args: argparse.Namespace) -> None:
    """Let the model resize pictures as the options ask for; in place.

    Raises
    ------
    InputError
        --object-size is given, and the file does not say how large the objects were that the model learnt.
    """
    if args.object_size:
        learnt = facts.get("object_size")
        if learnt is None:
            raise InputError(
                "--object-size: the file of the weights does not say how large the objects were that the "
                "model learnt; give --image-size, what the shorter side is resized to."
            )
        model.transform = replace(model.transform, scale=learnt / args.object_size)
    elif args.image_size:
        side = max(1, round(args.image_size))
        model.transform = replace(model.transform, min_size=side, max_size=UNBOUNDED, fixed_size=None)


def shown_sides(model: MaskRCNN, found: Detections, size: tuple[int, int]) -> np.ndarray:
    """``sqrt(width * height)`` of each detection, (N,) in pixels of the resized picture."""
    import numpy as np

    from minimaskrcnn.detection.boxes import resize_boxes

    resized = model.transform.resized_size(size)
    boxes = resize_boxes(found.boxes, size, resized)
    return np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))


def warn_of_misfit(model: MaskRCNN, sides: Sequence[np.ndarray]) -> None:
    """Say so if most detections are larger than the largest anchor, or smaller than the smallest.

    Parameters
    ----------
    sides : `shown_sides` of each picture
    """
    import numpy as np

    every = np.concatenate([np.zeros(0), *sides])
    cells = np.concatenate(model.rpn.anchor_generator.cells)  # (A, 4)
    anchors = np.sqrt(np.prod(cells[:, 2:] - cells[:, :2], axis=1))
    many = max(FEW, len(every) / 2)
    for count, words, end in (
        (np.sum(every > anchors.max()), "larger than the model's largest anchor", anchors.max()),
        (np.sum(every < anchors.min()), "smaller than the model's smallest anchor", anchors.min()),
    ):
        if count > many:
            log.warning(
                "%d of %d detections are %s (%.0f pixels of the resized picture), so objects may be missed "
                "or cut up; say how large they are in your pictures with --object-size PIXELS, or resize "
                "with --image-size PIXELS",
                *(count, len(every), words, end),
            )
