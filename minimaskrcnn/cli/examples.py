"""The material of `stages`: a picture and its trace, a picture with known objects, a data set to evaluate."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Any

import numpy as np

from minimaskrcnn import data, viz
from minimaskrcnn.cli import results, scale, sources
from minimaskrcnn.data.preparation import steps_left
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.evaluation import CocoEvaluator, Curves
from minimaskrcnn.inspection import anchor_coverage
from minimaskrcnn.models import MaskRCNN
from minimaskrcnn.training import read_log
from minimaskrcnn.viz.words import plural

PICTURES = {"shapes": 100, "nuclei": 20, "coco": 20}  # how many of a validation set are predicted
SAMPLES = 4
MAX_DETS = 500
SET_NAMES = {"shapes": "shapes validation set", "nuclei": "nuclei validation set"}


@dataclass(frozen=True)
class Gathered:
    """An example, facts about it, and a note for the figures that show the truth of a different picture."""

    example: viz.Example
    facts: dict[str, str]
    elsewhere: str


@dataclass(frozen=True)
class Known:
    """A model, a picture with known objects of its classes, and a data set of the same kind."""

    model: MaskRCNN
    image: np.ndarray
    target: Target
    dataset: data.Dataset | list[tuple[np.ndarray, Target]]
    pictures: int
    set_name: str

    def sample(self, index: int) -> tuple[np.ndarray, Target]:
        """Return a sample of the data set, with its picture prepared for the model if need be."""
        image, target = self.dataset[index]
        if isinstance(self.dataset, list):
            return image, target
        left = steps_left(self.model.prepare, getattr(self.dataset, "prepared", ()))
        return data.prepare(image, left), target


def gather(args: argparse.Namespace) -> Gathered:
    """Predict the picture and the data set that the command line describes.

    Raises
    ------
    InputError
        A file cannot be read, or --truth does not go with the picture or the model.
    """
    name = args.model or "shapes"
    if args.truth and not args.image:
        raise InputError("--truth: name the IMAGE that it annotates.")
    log = _read_log(args.log)
    model, facts_of_file = sources.open_weights(name)
    scale.rescale(model, facts_of_file, args)
    names = model.class_names
    image = sources.read_picture(args.image, model, args) if args.image else None
    known = _of_file(args, model, image) if args.truth else _of_kind(model, args.seed)
    own = image is None or bool(args.truth)
    trace = model.trace(known.image if image is None else image)
    sure = results.at_least(trace.detections, scale.SURE)
    scale.warn_of_misfit(model, [scale.shown_sides(model, sure, trace.image_size)])
    there = trace if own else known.model.trace(known.image)
    example = viz.Example(
        trace,
        viz.Truth(there, known.target),
        model,
        curves_by_kind=_curves(known),
        samples=[(known.image, known.target), *(known.sample(i) for i in _others(known))],
        class_names=known.model.class_names,
        coverage=anchor_coverage(known.model, known.dataset, range(known.pictures)),
        log_records=log,
    )
    sample = _sample_words(known)
    height, width = trace.image_size
    elsewhere = "" if own else f"Your picture's true objects are not known; this figure is of {sample}."
    facts = {
        "picture": str(args.image or f"{sample}, objects known"),
        "size": f"{width}x{height} pixels",
        "model": f"{name}, {plural(len(names) - 1, 'class')}",
        "truth": args.truth or ("known" if own else f"of {sample}, as that of your picture is not known"),
        "data set": f"{known.set_name}, {plural(known.pictures, 'picture')}",
        "training log": args.log or "a run of 600 steps on shapes that comes with the package",
    }
    return Gathered(example, facts, elsewhere)


def _of_file(args: argparse.Namespace, model: MaskRCNN, image: np.ndarray | None) -> Known:
    """The objects that a COCO file lists for the picture; the file is also the data set."""
    assert image is not None
    target = sources.annotated(args, model, image)
    return Known(model, image, target, [(image, target)], 1, f"{args.truth}, this picture alone")


def _of_kind(model: MaskRCNN, seed: int) -> Known:
    """A sample and a data set of the classes the model knows; for other classes the bundled shapes model."""
    names = list(model.class_names)
    if names == data.Nuclei.class_names:
        image, target = sources.sample("nuclei", model, seed)
        if data.find_data("nuclei_fluo256.npz", "stage1_train") is None:
            return Known(model, image, target, [(image, target)], 1, "the bundled micrograph alone")
        nuclei = data.Nuclei(split="val", prepare=model.prepare)
        pictures = min(len(nuclei), PICTURES["nuclei"])
        return Known(model, image, target, nuclei, pictures, SET_NAMES["nuclei"])
    if names != data.Shapes.class_names:
        model, _ = sources.open_model("shapes")
    image, target = sources.sample("shapes", model, seed)
    return Known(
        model, image, target, sources.validation_shapes(model), PICTURES["shapes"], SET_NAMES["shapes"]
    )


def _curves(known: Known) -> dict[str, Curves]:
    """Precision and recall of boxes, masks and keypoints over the data set, where there are any."""
    heads, truth = known.model.roi_heads, known.target
    evaluators = {"box": CocoEvaluator("bbox", (1, 10, MAX_DETS))}
    if heads.has_mask and truth.masks is not None:
        evaluators["mask"] = CocoEvaluator("segm", (1, 10, MAX_DETS))
    if heads.has_keypoints and truth.keypoints is not None:
        evaluators["keypoint"] = CocoEvaluator("keypoints")
    for index in range(known.pictures):
        image, target = known.sample(index)
        detections = known.model.predict([image])[0]
        for evaluator in evaluators.values():
            evaluator.add(target, detections)
    return {kind: evaluator.curves() for kind, evaluator in evaluators.items()}


def _others(known: Known) -> range:
    """Indices of the samples shown beside the picture itself."""
    return range(min(SAMPLES - 1, known.pictures if known.pictures > 1 else 0))


def _sample_words(known: Known) -> str:
    if list(known.model.class_names) == data.Nuclei.class_names:
        return "the bundled micrograph"
    return f"shapes validation sample {known.target.image_id}"


def _read_log(path: str | None) -> list[dict[str, Any]]:
    """The records of `path`, or of the run that comes with the package."""
    if path is None:
        with as_file(files("minimaskrcnn.data") / "samples" / "shapes-log.jsonl") as bundled:
            return read_log(bundled)
    records = read_log(path)
    if not records:
        raise InputError(f"--log: {path} has no records yet; pass the log.jsonl of a run that has begun.")
    return records
