"""Open models, datasets and pictures by their names on the command line."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minimaskrcnn import data, weights
from minimaskrcnn.cli.options import ARCHITECTURES, BUNDLED
from minimaskrcnn.cli.output import log
from minimaskrcnn.data.images import pages
from minimaskrcnn.data.nuclei import NUCLEI_STEPS
from minimaskrcnn.data.readers import UNNAMED
from minimaskrcnn.detection.coco_names import other_spellings
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.io import load_model
from minimaskrcnn.io.published import PUBLISHED, require
from minimaskrcnn.models import MaskRCNN
from minimaskrcnn.models.mask_rcnn import numbered_classes

MOST_OBJECTS = 10_000  # of one picture that is learnt from; 10,000 squared is 0.4 GB of overlaps
TEACHING = 27  # the shapes validation sample that shows most at once


def open_model(name: str) -> tuple[MaskRCNN, list[str]]:
    """Return the model and its class names, of bundled weights or of a file of weights."""
    model, _ = open_weights(name)
    return model, list(model.class_names)


def open_weights(
    name: str, arch: str | None = None, norm_eps: float | None = None
) -> tuple[MaskRCNN, dict[str, Any]]:
    """Return a model and all facts of its file; `arch` and `norm_eps` say what the file does not contain."""
    if is_published(name) and name in ARCHITECTURES:
        arch = arch or name
    model, facts = load_model(weights_path(name), arch, norm_eps)
    card = weights.card(name) if name in BUNDLED else {}
    return model, {"object_size": card.get("object_size"), **facts}


def weights_path(name: str) -> Path:
    """Return the path of weights, given a file, or the name of a bundled or of a published model."""
    if name in BUNDLED:
        return weights.path(name)
    return require(name) if is_published(name) else Path(name)


def is_published(name: str) -> bool:
    """Whether this is a name of `weights list`; a file of this name comes first."""
    return name in PUBLISHED and not Path(name).exists()


def open_dataset(
    args: argparse.Namespace, split: str, prepare: Sequence[str] = NUCLEI_STEPS, keypoints: bool = False
) -> data.Dataset:
    """The dataset that `--data` and `--images` describe; `split` where it has splits of its own.

    Nuclei are prepared by these steps; the pictures of the others are as they are. Shapes have keypoints if
    they are asked for, other data if their files have some.
    """
    if args.dataset == "coco":
        return open_coco(*coco_paths(args), args.skip_broken)
    if args.images:
        raise InputError(f"--images belongs to coco; leave it out for {args.dataset}.")
    if args.dataset == "nuclei":
        return data.Nuclei(args.data, split, prepare)
    if args.data:
        raise InputError("--data: shapes are generated, there is nothing to read; leave it out.")
    return data.ShapesWithKeypoints(split) if keypoints else data.Shapes(split)


def has_keypoints_of_shapes(model: MaskRCNN) -> bool:
    """Whether the model finds the three keypoints that shapes have."""
    return model.skeleton == data.ShapesWithKeypoints.skeleton


def coco_paths(args: argparse.Namespace) -> tuple[str, str]:
    """The annotation file and the folder of pictures, both of which `coco` needs."""
    if not (args.data and args.images):
        raise InputError("coco: needs --data FILE (the annotations) and --images DIR (the pictures).")
    return args.data, args.images


def open_coco(path: str, images: str | None, skip_broken: bool) -> data.CocoDataset:
    """An annotation file of any tool; what was left out of it is counted in the log."""
    dataset = data.CocoDataset(path, images, skip_broken)
    left_out = dataset.file.left_out()
    if left_out:
        log.info("%s: left out %s; `minimaskrcnn check %s` says why", path, left_out, path)
    return dataset


def refuse_crowding(dataset: data.CocoDataset) -> None:
    """Refuse to train on a picture of so many objects that comparing each with each takes all memory."""
    for key, annotations in dataset.file.annotations.items():
        if len(annotations) > MOST_OBJECTS:
            raise InputError(
                f"image {key} of {dataset.path} has {len(annotations):,} objects; training compares each "
                f"with each and takes at most {MOST_OBJECTS:,} per picture: cut the picture into tiles."
            )


def with_labels_of(model: MaskRCNN, dataset: data.Dataset) -> data.Dataset:
    """The dataset with the labels that the model gives to the same class names.

    The names are compared, not their positions; capitals, underscores, hyphens and the names of Pascal VOC
    make no difference. A model whose file has no names has only their number.

    Raises
    ------
    InputError
        The model does not know all the classes of the dataset.
    """
    named = model.class_names != numbered_classes(model.num_classes)
    if not named and model.num_classes == dataset.num_classes:
        log.warning("the model does not name its classes; they are taken in the order of the dataset's")
        return dataset
    if named and isinstance(dataset, data.CocoDataset):
        if dataset.class_names[1:] == [UNNAMED] and model.num_classes == 2:
            log.warning("%s names no class; its objects are taken for %s", dataset.path, model.class_names[1])
            dataset = dataset.renamed(model.class_names)
        dataset = _spelled_as(dataset, model.class_names)
        ordered = dataset.ordered_as(model.class_names)
        _say_what_is_matched(dataset, model)
        return ordered
    if tuple(model.class_names) != tuple(dataset.class_names):
        raise InputError(
            f"the model knows {model.num_classes - 1} classes ({', '.join(model.class_names[1:5])}), the "
            f"dataset {dataset.num_classes - 1} ({', '.join(dataset.class_names[1:5])}); name a --model that "
            "was trained on data of these classes."
        )
    return dataset


def _spelled_as(dataset: data.CocoDataset, class_names: Sequence[str]) -> data.CocoDataset:
    """The dataset with the model's spelling of class names, where that is all by which they differ."""
    renamed = other_spellings(dataset.class_names, class_names)
    if not renamed:
        return dataset
    pairs = ", ".join(f"{theirs!r} as {ours!r}" for theirs, ours in renamed.items())
    log.warning(
        "%s: classes under another spelling, or Pascal VOC's, are taken for the model's: %s",
        dataset.path,
        pairs,
    )
    return dataset.renamed([renamed.get(name, name) for name in dataset.class_names])


def _say_what_is_matched(dataset: data.CocoDataset, model: MaskRCNN) -> None:
    """Say how the classes of a file that are not in the model's order, or not all of them, are matched."""
    names, ids = dataset.class_names[1:], dataset.category_ids[1:]
    labels = [model.class_names.index(name) for name in names]
    if ids == labels:
        log.info("%s: %d classes match by name and by id (the model's label)", dataset.path, len(names))
    elif labels != list(range(1, len(labels) + 1)):
        log.warning("%s lists its classes in another order; they are matched by name", dataset.path)


def read_picture(path: str | Path, model: MaskRCNN, args: argparse.Namespace) -> np.ndarray:
    """A picture file as (3, H, W) float32, prepared as the pictures were that the model learnt from.

    `args` says which page and channel; of a stack the first page is taken with a word.
    """
    image = data.read_image(path, args.page or 1, args.channel)
    count = pages(path)
    if args.page is None and count > 1:
        log.warning("%s has %d pages, of which the first is taken; --page N takes another", path, count)
    return data.prepare(image, model.prepare)


def annotated(args: argparse.Namespace, model: MaskRCNN, image: np.ndarray) -> Target:
    """The objects that the annotations `--truth` list for the picture IMAGE, with the labels of the model."""
    dataset = with_labels_of(model, open_coco(args.truth, None, args.skip_broken))
    assert isinstance(dataset, data.CocoDataset)
    return dataset.target(dataset.index_of(args.image), (image.shape[1], image.shape[2]))


def validation_shapes(model: MaskRCNN) -> data.Shapes:
    """The validation set of shapes, with keypoints if the model finds them."""
    return data.ShapesWithKeypoints("val") if has_keypoints_of_shapes(model) else data.Shapes("val")


def sample(kind: str, model: MaskRCNN, seed: int) -> tuple[np.ndarray, Target]:
    """A picture with known objects, prepared for the model: a shapes validation sample, or the micrograph.

    Seed 0 is a sample with all three classes, one object half hidden by another; seed 1 the one after it.
    """
    if kind == "shapes":
        validation = validation_shapes(model)
        image, target = validation[(TEACHING + seed) % len(validation)]
        return data.prepare(image, model.prepare), target
    return data.nuclei_sample(model.prepare)
