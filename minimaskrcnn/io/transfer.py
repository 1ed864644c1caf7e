"""Start training from weights that were trained before, on the same classes or on different ones.

same names and shapes         are taken from the file: of this project, of torch, or .safetensors
a classifier's ResNet         is loaded into the backbone; everything else keeps its random weights
layers with rows per class    take the rows of the classes that both models name and keep the other rows;
                              if the file names no classes, they take all rows or none, by their number
a branch of masks or          is drawn anew if only the model has it, and left out if only the file has it
keypoints
anything else                 is refused, because it belongs to a different model
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from minimaskrcnn.detection.coco_names import COCO_NAMES, other_spellings
from minimaskrcnn.errors import InputError
from minimaskrcnn.io.architecture import CLASSES, check_network, is_classifier, is_detector
from minimaskrcnn.io.opening import Facts, open_weights
from minimaskrcnn.io.weights_file import check_class_facts, fill, with_backbone
from minimaskrcnn.models.mask_output import CLASS_AGNOSTIC
from minimaskrcnn.models.mask_rcnn import MaskRCNN

log = logging.getLogger(__name__)

State = Mapping[str, np.ndarray]

PER_CLASS = (
    "roi_heads.box_predictor.",
    "roi_heads.mask_predictor.mask_fcn_logits.",
    "roi_heads.mask_predictor.mask_mlp_logits.",
)

BRANCHES = {"masks": "roi_heads.mask_", "keypoints": "roi_heads.keypoint_"}

POINTS = "roi_heads.keypoint_predictor."
"""The layer with rows per keypoint, which is drawn anew for another number of keypoints."""


def start_from(model: MaskRCNN, path: str | Path) -> list[str]:
    """Fill `model` from a file of weights, and return the names of the weights that keep random rows.

    `model.class_names` names the classes of the model. The rows of a class that the file names too are taken
    from the file, whatever its label there is.

    Raises
    ------
    InputError
        If the file cannot be read, or is of a model that differs in more than its classes and its branches.
    """
    with open_weights(path) as file:
        try:
            if not is_classifier(file.claims):
                check_network(file.claims)
            given_classes = check_class_facts(file.claims, file.facts) if is_detector(file.claims) else 0
        except InputError as error:
            raise InputError(f"weights {path}: {error}") from error
        arrays, facts = file.read(), file.facts
    own = model.state_dict()
    if is_detector(arrays):
        for kind, prefix in BRANCHES.items():
            if _has(arrays, prefix) and not _has(own, prefix):
                log.info("weights %s: its branch of %s is left out, as the model has none", path, kind)
        complete, fresh = _completed(model, own, arrays, facts, given_classes)
    else:
        complete = with_backbone(own, arrays)
        fresh = [name for name in own if complete.get(name) is own[name]]
    try:
        fill(model, complete)
    except InputError as error:
        raise InputError(f"weights {path}: {error}") from error
    return fresh


def _completed(
    model: MaskRCNN, own: State, arrays: State, facts: Facts, given_classes: int
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return arrays for every layer, and the names of those that keep random rows."""
    absent = tuple(prefix for prefix in BRANCHES.values() if not _has(own, prefix))
    complete = {name: array for name, array in arrays.items() if not name.startswith(absent)}
    per_class = [name for name in own if name.startswith(_prefixes(model)) and name in arrays]
    ours, theirs = _names_of(model), _names_in(arrays, facts)
    if ours and theirs:
        pairs = shared_labels(ours, theirs)
    else:
        same_number = given_classes == model.num_classes
        pairs = [(label, label) for label in range(model.num_classes)] if same_number else []
    for name in per_class:
        complete[name] = with_rows(own[name], arrays[name], pairs, model.num_classes, given_classes)
    drawn = [name for name in own if name.startswith(POINTS) and _other_shape(own, arrays, name)]
    new = tuple(prefix for prefix in BRANCHES.values() if not _has(arrays, prefix))
    drawn += [name for name in own if name.startswith(new)]
    complete |= {name: own[name] for name in drawn}
    return complete, (per_class if len(pairs) < model.num_classes else []) + drawn


def _has(arrays: State, prefix: str) -> bool:
    return any(name.startswith(prefix) for name in arrays)


def _other_shape(own: State, arrays: State, name: str) -> bool:
    return name in arrays and arrays[name].shape != own[name].shape


def shared_labels(ours: Sequence[str], theirs: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs (our label, their label) of the classes that both name; none if the background is the only one.

    Capitals, underscores and hyphens make no difference, see `coco_names.other_spellings`.

    >>> shared_labels(("background", "dog", "cat"), ("background", "cat", "car"))
    [(0, 0), (2, 1)]
    """
    respelled = other_spellings(theirs, ours)
    theirs = [respelled.get(name, name) for name in theirs]
    pairs = [(label, theirs.index(name)) for label, name in enumerate(ours) if name in theirs]
    return pairs if len(pairs) > 1 else []


def with_rows(
    own: np.ndarray, theirs: np.ndarray, pairs: Sequence[tuple[int, int]], classes: int, given_classes: int
) -> np.ndarray:
    """Our layer with the rows of shared classes taken from theirs; every class has equally many rows.

    >>> with_rows(np.zeros((4, 1)), np.arange(6.0)[:, None], [(1, 2)], 2, 3).ravel()
    array([0., 0., 4., 5.])
    """
    rows = len(own) // classes
    if theirs.shape != (given_classes * rows, *own.shape[1:]):
        return theirs  # of another model, as `fill` will say
    mixed, given = own.reshape(classes, rows, -1).copy(), theirs.reshape(given_classes, rows, -1)
    for label, place in pairs:
        mixed[label] = given[place]
    return mixed.reshape(own.shape)


def _prefixes(model: MaskRCNN) -> tuple[str, ...]:
    """The layers with rows per class; a class-agnostic mask has none."""
    heads = model.roi_heads
    agnostic = heads.has_mask and heads.mask_rule is CLASS_AGNOSTIC
    return PER_CLASS[:1] if agnostic else PER_CLASS


def _names_of(model: MaskRCNN) -> Sequence[str] | None:
    """The model's class names, if it has been given any."""
    return None if model.class_names[1:2] == ("class 1",) else model.class_names


def _names_in(arrays: Mapping[str, np.ndarray], facts: Facts) -> Sequence[str] | None:
    """The class names that a file gives, or COCO's for its 91 classes."""
    is_coco = len(arrays[CLASSES]) == len(COCO_NAMES)
    return facts.get("class_names") or (COCO_NAMES if is_coco else None)
