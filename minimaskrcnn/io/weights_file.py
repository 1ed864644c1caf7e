"""Load weights from a file into a model, for files of this project, of torch, and of safetensors.

    load_weights("resnet50_coco.pth")     name -> array, under torchvision's current names
    load_model("resnet50_coco.pth")       the model of the weights, filled with them
    load_backbone(model, "resnet50.pth")  load ImageNet's ResNet into a detector
    save_weights("out.safetensors", ...)  write weights again

No file is trusted: pickles are read as data, archives are checked against their length, and no code is run.
The claims of a file are compared with a model that has shapes but no memory yet; only what fits is filled in.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from minimaskrcnn import nn
from minimaskrcnn.data.nuclei import NUCLEI_STEPS, Nuclei
from minimaskrcnn.data.preparation import check_steps
from minimaskrcnn.detection.coco_names import COCO_NAMES
from minimaskrcnn.detection.skeleton import PERSON, skeleton_from
from minimaskrcnn.errors import InputError
from minimaskrcnn.files import atomic_write
from minimaskrcnn.io.architecture import BODY, CLASSES, COUNTER, RES5, State, recognise
from minimaskrcnn.io.checkpoint import save_arrays
from minimaskrcnn.io.formats.safetensors_file import write_safetensors
from minimaskrcnn.io.formats.torch_writer import write_torch
from minimaskrcnn.io.opening import (
    ENDINGS,
    OURS,
    SAFETENSORS,
    Arrays,
    Facts,
    WeightsFile,
    is_plain,
    open_weights,
)
from minimaskrcnn.models.builder import describe_model
from minimaskrcnn.models.config import Config
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.presets import configure
from minimaskrcnn.npz import Claim

log = logging.getLogger(__name__)

EPS_UNKNOWN = (
    "weights %s: the epsilon of frozen batch norm cannot be seen in the weights; 1e-5 is used, which is "
    "right for models that started from ImageNet's weights. For models that started from the first COCO "
    "weights pass --norm-eps 0."
)


def load_weights(path: str | Path) -> Arrays:
    """Read every weight in a file by name; old names of torchvision are replaced by the current ones.

    A prefix of all names, such as the `module.` of DataParallel, is left out.

    Parameters
    ----------
    path : .npz of this project, .pth or .pt of `torch.save`, .safetensors (needs the extra of that name), or
        a .ckpt or .bin that is one of these inside

    Returns
    -------
    dict from name to array, dtypes as in the file; bfloat16, which NumPy lacks, becomes float32

    Raises
    ------
    InputError
        If the file is missing, damaged, of another format, or holds anything but finite numbers.
    """
    with open_weights(path) as file:
        return file.read()


def load_model(
    path: str | Path, arch: str | None = None, norm_eps: float | None = None
) -> tuple[MaskRCNN, Facts]:
    """Build the model that a file's weights are of, fill it, and return it with the facts beside them.

    A file of this project says how to build its model; that of a torchvision detector shows it by its names
    and shapes (`io.architecture`), and with 91 classes, or persons' keypoints, its `class_names` are COCO's.
    `arch`, a name in `io.architecture.ARCHITECTURES`, says what they do not tell.

    Parameters
    ----------
    path : see `load_weights`
    arch : str, optional
    norm_eps : float, optional
        The epsilon of the batch norm, which no weight tells: 0 for models that began from the first COCO
        weights of torchvision, 1e-5 for those from ImageNet's.

    Raises
    ------
    InputError
        As `load_weights`; or if the model is not known, or the weights do not fit it: then what is missing,
        unexpected or of another shape is listed, before the weights are read.
    """
    with open_weights(path) as file:
        return model_of(file, arch, norm_eps)


def model_of(
    file: WeightsFile, arch: str | None = None, norm_eps: float | None = None
) -> tuple[MaskRCNN, Facts]:
    """The model of an open file of weights, and the facts with its config among them."""
    facts = file.facts
    try:
        config = describe(file.claims, facts, arch)
        if "config" not in facts and config.num_classes == len(COCO_NAMES):
            facts = {**facts, "class_names": list(COCO_NAMES)}
        elif "config" not in facts and config.num_classes == 2 and config.keypoints == len(PERSON):
            facts = {**facts, "class_names": list(COCO_NAMES[:2])}
        if norm_eps is not None:
            config = config.changed(norm_eps=norm_eps)
        elif (
            "config" not in facts and config.body == "resnet" and config.norm == "frozen" and config.norm_eps
        ):
            log.warning(EPS_UNKNOWN, file.path)
        check_facts(file.claims, facts, config)
        skeleton = skeleton_from(facts["skeleton"], config.keypoints) if "skeleton" in facts else None
        model = describe_model(config)
        check_fit(model, file.claims)
    except InputError as error:
        raise InputError(f"weights {file.path}: {error}") from error
    try:
        fill(model, file.read())
    except MemoryError as error:
        raise InputError(f"weights {file.path}: a model too large for the memory.") from error
    model.eval()
    if facts.get("class_names") is not None:
        model.class_names = tuple(facts["class_names"])
    model.skeleton = skeleton or model.skeleton
    model.prepare = preparation(facts)
    facts = {**facts, "prepare": list(model.prepare)}
    return model, {**facts, "config": asdict(config)}


def describe(claims: State, facts: Facts, arch: str | None = None) -> Config:
    """The config among the facts, or else the one that names and shapes of the weights show."""
    if "config" not in facts:
        return configure(recognise(claims, arch))
    if arch:
        raise InputError(f"the file itself says how its model is built; leave out the choice of {arch}.")
    return configure(with_the_same_roi_operator(facts["config"]))


def with_the_same_roi_operator(config: Any) -> Any:
    """Name the RoI operator of a config as it is named today.

    Before there was a setting `mask_output`, "roi_warp" included the end cell, as "roi_warp_end" does now.
    """
    names = {"roi_warp": "roi_warp_end", "roi_warp_max": "roi_warp_end_max"}
    if not isinstance(config, Mapping) or "mask_output" in config:
        return config
    operator = config.get("roi_operator")
    return {**config, "roi_operator": names[operator]} if operator in list(names) else config


def check_facts(claims: State, facts: Facts, config: Config) -> None:
    """Hold what stands beside the weights against them, before a model of the size it claims is made."""
    classes, claimed = check_class_facts(claims, facts), config.num_classes
    if claimed != classes:
        raise InputError(
            f"these weights are of another model: {classes} classes, and its config says {claimed}."
        )
    size = facts.get("object_size")
    if size is not None and not (type(size) in (int, float) and 0 < size < 1e6):
        raise InputError("its size of objects is not a number of pixels; save it again.")
    preparation(facts)


def check_class_facts(claims: State, facts: Facts) -> int:
    """Count the classes of a detector's weights; names and ids beside them are held against the number.

    Raises
    ------
    InputError
        If it is no detector, or there is not one name and id per class.
    """
    if CLASSES not in claims or len(claims[CLASSES].shape) != 1:
        raise InputError(f"{CLASSES} is missing or no vector, so these are not the weights of a detector.")
    classes = claims[CLASSES].shape[0]
    names, ids = facts.get("class_names"), facts.get("category_ids")
    if names is not None and not (
        isinstance(names, list) and len(names) == classes and all(map(is_plain, names))
    ):
        raise InputError(f"its class names are not {classes} plain texts; save it again.")
    if ids is not None and not (
        isinstance(ids, list) and len(ids) == classes and all(type(i) is int for i in ids)
    ):
        raise InputError(f"its category ids are not {classes} whole numbers; save it again.")
    return classes


def preparation(facts: Facts) -> tuple[str, ...]:
    """Return the steps that prepared the pictures of the training set.

    Files of version 0.1 do not say it. They were given pictures as they are, but for the data set `Nuclei`,
    which has one class and, unlike a COCO file, no category ids.

    Raises
    ------
    InputError
        If what a file says is not a list of steps that are known.
    """
    if "prepare" in facts:
        steps = facts["prepare"]
        if not (isinstance(steps, list) and all(map(is_plain, steps))):
            raise InputError("its preparation is not a list of names; save it again.")
        check_steps(steps)
        return tuple(steps)
    of_nuclei = facts.get("class_names") == Nuclei.class_names and facts.get("category_ids") is None
    return NUCLEI_STEPS if of_nuclei else ()


def load_backbone(model: MaskRCNN, path: str | Path) -> None:
    """Load the weights of a classifier (`resnet50`, trained on ImageNet) into a detector's ResNet, in place.

    The classifier's last layer, `fc`, is not used. In a C4 model the last stage, `layer4`, is loaded into the
    head. The rest of the detector is not changed.

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
    """Return the state of a detector, with the weights of its ResNet replaced by those of a classifier."""
    in_head = any(name.startswith(RES5) for name in own)

    def place(name: str) -> str:
        return name.replace("layer4.", RES5) if in_head and name.startswith("layer4.") else BODY + name

    rest = {name: array for name, array in own.items() if not name.startswith((BODY, RES5))}
    return rest | {place(name): a for name, a in classifier.items() if not name.startswith("fc.")}


def fill(module: nn.Module, arrays: Mapping[str, np.ndarray]) -> None:
    """Call `load_state_dict`; batch norm's counters may be missing, because only training reads them."""
    check_fit(module, arrays)
    own = dict(module.named_arrays())
    zeros = {name: np.zeros_like(a) for name, a in own.items() if name.endswith(COUNTER)}
    module.load_state_dict(zeros | {name: array for name, array in arrays.items() if name in own})


def check_fit(module: nn.Module, claims: Mapping[str, np.ndarray] | Mapping[str, Claim]) -> None:
    """Refuse weights whose names, shapes or types are not those of a module; batch norm's counters may lack.

    Raises
    ------
    InputError
        All names that do not fit are listed, or one that holds no floating numbers is named.
    """
    own = dict(module.named_arrays())
    counters = {name: array.shape for name, array in own.items() if name.endswith(COUNTER)}
    given = {name: c.shape for name, c in claims.items() if name in own or not name.endswith(COUNTER)}
    module.check_state(counters | given)
    for name in given.keys() - counters.keys():
        if claims[name].dtype.kind != "f":
            raise InputError(
                f"{name} holds {claims[name].dtype} and not floating numbers; convert it to float32."
            )


def save_weights(path: str | Path, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> Path:
    """Write named arrays in the format that the ending of the path names; a .pth cannot hold the facts.

    torch reads such a .pth with `torch.load(path, weights_only=True)`.
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
    """Return the ending of a file of weights, which names its format."""
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise InputError(f"weights {path}: the name must end in one of {', '.join(ENDINGS)}.")
    return ending
