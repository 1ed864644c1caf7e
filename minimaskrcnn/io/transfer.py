"""Start training from weights that were trained before, on the same classes or on others.

same names and shapes         are taken from the file: of this project, of torch, or .safetensors
a classifier's ResNet         goes into the backbone; everything else keeps the weights it was drawn with
layers with a row per class   are taken if the number of classes is the same; else they keep theirs
anything else                 is refused: it belongs to another model
"""

from __future__ import annotations

from pathlib import Path

from minimaskrcnn.errors import InputError
from minimaskrcnn.io.architecture import is_detector
from minimaskrcnn.io.weights_file import fill, load_weights, with_backbone
from minimaskrcnn.models.mask_rcnn import MaskRCNN

PER_CLASS = ("roi_heads.box_predictor.", "roi_heads.mask_predictor.mask_fcn_logits.")


def start_from(model: MaskRCNN, path: str | Path) -> list[str]:
    """Fill `model` from a file of weights; returns the names that keep the weights they were drawn with.

    Raises
    ------
    InputError
        If the file cannot be read, or is of a model that differs in more than the number of classes.
    """
    arrays, own = load_weights(path), model.state_dict()
    if not is_detector(arrays):
        complete = with_backbone(own, arrays)
        fresh = [name for name in own if complete.get(name) is own[name]]
    else:
        fresh = [
            name
            for name in own
            if name.startswith(PER_CLASS) and name in arrays and arrays[name].shape != own[name].shape
        ]
        complete = {**arrays, **{name: own[name] for name in fresh}}
    try:
        fill(model, complete)
    except InputError as error:
        raise InputError(f"weights {path}: {error}") from error
    return fresh
