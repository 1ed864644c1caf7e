"""Models, datasets and pictures as the command line names them."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from minimaskrcnn import data, weights
from minimaskrcnn.cli.options import BUNDLED
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.io import load_model
from minimaskrcnn.models import MaskRCNN

TEACHING = 27  # the shapes validation sample that shows most at once


def open_model(name: str) -> tuple[MaskRCNN, list[str]]:
    """The model and its class names: bundled weights by name, or a file of weights."""
    model, _ = open_weights(name)
    return model, list(model.class_names)


def open_weights(name: str, arch: str | None = None) -> tuple[MaskRCNN, dict[str, Any]]:
    """As `open_model`, with all the facts that the file holds; `arch` says what its weights do not tell."""
    return load_model(weights.path(name) if name in BUNDLED else Path(name), arch)


def open_dataset(args: argparse.Namespace, split: str) -> data.Dataset:
    """The dataset that `--data` and `--images` describe; `split` where it has splits of its own."""
    if args.dataset == "coco":
        if not (args.data and args.images):
            raise InputError(
                "coco: needs --data FILE.json (the annotations) and --images DIR (the pictures)."
            )
        return data.CocoDataset(args.data, args.images)
    if args.images:
        raise InputError(f"--images belongs to coco; leave it out for {args.dataset}.")
    if args.dataset == "nuclei":
        return data.Nuclei(args.data, split)
    if args.data:
        raise InputError("--data: shapes are generated, there is nothing to read; leave it out.")
    return data.Shapes(split)


def read_picture(path: str | Path, class_names: list[str]) -> np.ndarray:
    """A picture file as (3, H, W) float32, treated as the pictures were that the model learnt from."""
    image = data.read_image(path)
    return data.prepare_nuclei(image) if class_names == data.Nuclei.class_names else image


def sample_picture(model: str, seed: int) -> np.ndarray:
    """A picture for a bundled model; see `sample`."""
    return sample(model, seed)[0]


def sample(model: str, seed: int) -> tuple[np.ndarray, Target]:
    """A picture for a bundled model and its true objects: a shapes validation sample, or the micrograph.

    Seed 0 is a sample with all three classes, one object half hidden by another; seed 1 the one after it.
    """
    if model == "shapes":
        validation = data.Shapes("val")
        return validation[(TEACHING + seed) % len(validation)]
    return data.nuclei_sample()
