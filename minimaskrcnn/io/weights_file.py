"""Weights from a file into a model, whoever wrote the file: this project, torch, or safetensors.

    load_weights("resnet50_coco.pth")     name -> array, under torchvision's names of today
    load_model("resnet50_coco.pth")       the model they are of, filled
    load_backbone(model, "resnet50.pth")  ImageNet's ResNet into a detector
    save_weights("out.safetensors", ...)  and back out

No file is trusted: pickles are read as data, archives are held against their length, nothing is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from minimaskrcnn import nn
from minimaskrcnn.data.nuclei import NUCLEI_STEPS, Nuclei
from minimaskrcnn.data.preparation import check_steps
from minimaskrcnn.detection.coco_names import COCO_NAMES
from minimaskrcnn.errors import InputError
from minimaskrcnn.files import atomic_write
from minimaskrcnn.io.architecture import BODY, CLASSES, COUNTER, RES5, recognise
from minimaskrcnn.io.checkpoint import load_arrays, save_arrays
from minimaskrcnn.io.formats.safetensors_file import read_safetensors, write_safetensors
from minimaskrcnn.io.formats.torch_file import read_torch
from minimaskrcnn.io.formats.torch_writer import write_torch
from minimaskrcnn.io.weight_names import modern_names
from minimaskrcnn.models.config import Config
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.presets import build, configure

TORCH, SAFETENSORS, OURS = (".pth", ".pt"), (".safetensors",), (".npz",)
ENDINGS = (*OURS, *TORCH, *SAFETENSORS)
MAX_NAME = 200
WHERE = "docs/published_weights.md tells where to get the published ones"

Arrays = dict[str, np.ndarray]
Facts = dict[str, Any]


def load_weights(path: str | Path) -> Arrays:
    """Every weight in a file by name; names that torchvision has changed are today's.

    Parameters
    ----------
    path : .npz of this project, .pth or .pt of `torch.save`, or .safetensors (needs the extra of that name)

    Returns
    -------
    dict from name to array, dtypes as in the file; bfloat16, which NumPy lacks, becomes float32

    Raises
    ------
    InputError
        If the file is missing, damaged, of another format, or holds anything but arrays.
    """
    return read_weights(path)[0]


def read_weights(path: str | Path) -> tuple[Arrays, Facts]:
    """As `load_weights`, and the facts beside them: class names, and how to build the model."""
    path, ending = Path(path), check_ending(path)
    if not path.is_file():
        raise InputError(f"weights {path}: there is no such file; check the path ({WHERE}).")
    if ending in OURS:
        return load_arrays(path)
    try:
        arrays, facts = read_safetensors(path) if ending in SAFETENSORS else (read_torch(path), {})
        if not all(map(_is_plain, arrays)):
            raise InputError("holds a name that is too long or cannot be printed; save it with plain names.")
        return modern_names(arrays), facts
    except InputError as error:
        raise InputError(f"weights {path}: {error}") from error


def load_model(path: str | Path, arch: str | None = None) -> tuple[MaskRCNN, Facts]:
    """Build the model that a file's weights are of, fill it, and return it with the facts beside them.

    A file of this project says how to build its model; that of a torchvision detector shows it by its names
    and shapes (`io.architecture`), and with 91 classes its `class_names` are COCO's. `arch`, a name
    in `io.architecture.ARCHITECTURES`, says what they do not tell.

    Raises
    ------
    InputError
        As `load_weights`; or if the model is not known, or the weights do not fit it: then what is missing,
        unexpected or of another shape is listed.
    """
    arrays, facts = read_weights(path)
    return model_of(path, arrays, facts, arch)


def model_of(
    path: str | Path, arrays: Arrays, facts: Facts, arch: str | None = None
) -> tuple[MaskRCNN, Facts]:
    """The model of weights that were read from `path`, and the facts with its config among them."""
    try:
        config = describe(arrays, facts, arch)
        if "config" not in facts and config.num_classes == len(COCO_NAMES):
            facts = {**facts, "class_names": list(COCO_NAMES)}
        check_facts(arrays, facts, config)
        model = build(config)
        fill(model, arrays)
    except InputError as error:
        raise InputError(f"weights {path}: {error}") from error
    except MemoryError as error:
        raise InputError(f"weights {path}: a model too large for the memory; check its config.") from error
    model.eval()
    if facts.get("class_names") is not None:
        model.class_names = tuple(facts["class_names"])
    model.prepare = preparation(facts)
    facts = {**facts, "prepare": list(model.prepare)}
    return model, {**facts, "config": asdict(config)}


def describe(arrays: Arrays, facts: Facts, arch: str | None = None) -> Config:
    """The config among the facts, or else the one that names and shapes of the weights show."""
    if "config" not in facts:
        return configure(recognise(arrays, arch))
    if arch:
        raise InputError(f"the file itself says how its model is built; leave out the choice of {arch}.")
    return configure(facts["config"])


def check_facts(arrays: Mapping[str, np.ndarray], facts: Facts, config: Config) -> None:
    """Hold what stands beside the weights against them, before a model of the size it claims is made."""
    classes, claimed = len(np.atleast_1d(arrays.get(CLASSES, ()))), config.num_classes
    if not classes:
        raise InputError(f"{CLASSES} is missing, so these are not the weights of a detector.")
    if claimed != classes:
        raise InputError(
            f"these weights are of another model: {classes} classes, and its config says {claimed}."
        )
    names, ids = facts.get("class_names"), facts.get("category_ids")
    if names is not None and not (
        isinstance(names, list) and len(names) == classes and all(map(_is_plain, names))
    ):
        raise InputError(f"its class names are not {classes} plain texts; save it again.")
    if ids is not None and not (
        isinstance(ids, list) and len(ids) == classes and all(type(i) is int for i in ids)
    ):
        raise InputError(f"its category ids are not {classes} whole numbers; save it again.")
    size = facts.get("object_size")
    if size is not None and not (type(size) in (int, float) and 0 < size < 1e6):
        raise InputError("its size of objects is not a number of pixels; save it again.")
    steps = facts.get("prepare", [])
    if not (isinstance(steps, list) and all(map(_is_plain, steps))):
        raise InputError("its preparation is not a list of names; save it again.")
    check_steps(steps)


def preparation(facts: Facts) -> tuple[str, ...]:
    """How the pictures were prepared that the weights learnt from.

    Files of version 0.1 do not say it. They were given pictures as they are, but for the data set `Nuclei`,
    which has one class and, unlike a COCO file, no category ids.
    """
    if "prepare" in facts:
        return tuple(facts["prepare"])
    of_nuclei = facts.get("class_names") == Nuclei.class_names and facts.get("category_ids") is None
    return NUCLEI_STEPS if of_nuclei else ()


def _is_plain(name: object) -> bool:
    """Whether a name from a file can stand in a message: escape codes would reach the terminal."""
    return isinstance(name, str) and len(name) <= MAX_NAME and name.isprintable()


def load_backbone(model: MaskRCNN, path: str | Path) -> None:
    """Fill a detector's ResNet with a classifier's weights (`resnet50`, trained on ImageNet); in place.

    The classifier's last layer, `fc`, is left out. In a C4 model the last stage, `layer4`, goes where it
    works: into the head. Everything else of the detector stays as it is.

    Raises
    ------
    InputError
        As `load_weights`; or if the file is of another ResNet.
    """
    arrays = load_weights(path)
    try:
        fill(model, with_backbone(model.state_dict(), arrays))
    except InputError as error:
        raise InputError(f"weights {path}: {error}") from error


def with_backbone(own: Mapping[str, np.ndarray], classifier: Mapping[str, np.ndarray]) -> Arrays:
    """A detector's own state, with a classifier's weights in the place of its ResNet's."""
    in_head = any(name.startswith(RES5) for name in own)

    def place(name: str) -> str:
        return name.replace("layer4.", RES5) if in_head and name.startswith("layer4.") else BODY + name

    rest = {name: array for name, array in own.items() if not name.startswith((BODY, RES5))}
    return rest | {place(name): a for name, a in classifier.items() if not name.startswith("fc.")}


def fill(module: nn.Module, arrays: Mapping[str, np.ndarray]) -> None:
    """`load_state_dict`, forgiving batch norm's counters: only training reads them; old files lack them."""
    own = dict(module.named_arrays())
    state = {name: a for name, a in arrays.items() if name in own or not name.endswith(COUNTER)}
    zeros = {name: np.zeros_like(a) for name, a in own.items() if name.endswith(COUNTER)}
    module.load_state_dict(zeros | state)


def save_weights(path: str | Path, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> Path:
    """Write named arrays in the format that the path ends in; .pth has no room for the facts.

    torch reads a .pth of ours with `torch.load(path, weights_only=True)`.
    """
    ending = check_ending(path)
    if ending in OURS:
        save_arrays(path, arrays, facts)
    elif ending in SAFETENSORS:
        atomic_write(path, lambda stream: write_safetensors(stream, arrays, facts))
    else:
        atomic_write(path, lambda stream: write_torch(stream, arrays))
    return Path(path)


def check_ending(path: str | Path) -> str:
    """The ending of a file of weights, which names its format."""
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise InputError(f"weights {path}: the name must end in one of {', '.join(ENDINGS)}.")
    return ending
