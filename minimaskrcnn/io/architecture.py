"""Recognise the model that weights belong to by their names and shapes.

backbone.body.layer3.0 ... layer3.5, with conv3   ResNet-50
backbone.body.13.block.*                          MobileNetV3
backbone.fpn.*                                    a pyramid; without it C5, or C4 if res5 is in the head
rpn.head.conv.1.*, roi_heads.box_head.0.*         torchvision's second version
roi_heads.mask_predictor.*                        masks
roi_heads.keypoint_predictor.*                    keypoints
roi_heads.box_predictor.cls_score.bias (91,)      COCO's classes
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from minimaskrcnn.detection.coco_names import COCO_NAMES
from minimaskrcnn.detection.skeleton import PERSON
from minimaskrcnn.errors import InputError
from minimaskrcnn.io.other_models import network_of
from minimaskrcnn.models.aliases import DEPTHS
from minimaskrcnn.models.presets import COCO_V1

BODY = "backbone.body."
RES5 = "roi_heads.box_head.res5."
CLASSES = "roi_heads.box_predictor.cls_score.bias"
KEYPOINTS = "roi_heads.keypoint_predictor.kps_score_lowres.weight"
COUNTER = "num_batches_tracked"

# What a user can say of weights (`--arch`); that a C5 is dilated cannot be seen in
# them, nor for which size of pictures a MobileNet was trained.
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "maskrcnn_resnet50_fpn": {"preset": "resnet_fpn", "depth": 50, "masks": True},
    "fasterrcnn_resnet50_fpn": {"preset": "resnet_fpn", "depth": 50, "masks": False},
    "resnet_c5_dilated": {"preset": "resnet_c5", "dilated": True},
    "fasterrcnn_mobilenet_v3_large_fpn": {"preset": "fasterrcnn_mobilenet_v3_large_fpn"},
    "fasterrcnn_mobilenet_v3_large_320_fpn": {"preset": "fasterrcnn_mobilenet_v3_large_320_fpn"},
}
MOBILENET = f"{BODY}13.block.0.0.weight"


class Shaped(Protocol):
    """An array, or what a file claims about one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        ...


State = Mapping[str, Shaped]


def is_detector(state: State) -> bool:
    """Whether these are the weights of a whole detector, and not of a classifier or of a part."""
    return CLASSES in state and any(name.startswith(BODY) for name in state)


def is_classifier(state: State) -> bool:
    """Whether these are the weights of a ResNet, with or without its last layer."""
    return "conv1.weight" in state and any(name.startswith("layer1.") for name in state)


def recognise(state: State, arch: str | None = None) -> dict[str, Any]:
    """Settings of the model that these weights belong to; the settings of `arch` replace what is recognised.

    What cannot be seen in weights (anchors, thresholds, sizes) keeps the preset's defaults, which are
    torchvision's. With COCO's 91 classes, or persons' keypoints, the norm's eps is 0, as in the published
    models; else it is 1e-5.

    Parameters
    ----------
    state : mapping from torchvision's names of today to arrays, or to anything that has their shapes
    arch : str, optional
        A name in `ARCHITECTURES`.

    Raises
    ------
    InputError
        If they do not belong to a detector with a ResNet-18, -34, -50 or -101, or a MobileNetV3 (large).
    """
    check_network(state)
    if not is_detector(state):
        raise InputError(f"no weights of a detector that is known here (the first are {_first(state)}).")
    if len(state[CLASSES].shape) != 1:
        raise InputError(f"{CLASSES} has the shape {state[CLASSES].shape}, and not one value per class.")
    trained_norm = any(name.startswith(BODY) and name.endswith(COUNTER) for name in state)
    config = {
        "preset": _preset(state),
        "num_classes": state[CLASSES].shape[0],
        "masks": any(name.startswith("roi_heads.mask_predictor.") for name in state),
        "norm": "batch" if trained_norm else "frozen",
        **_neck_and_heads(state),
        **_keypoints(state),
    }
    if MOBILENET not in state:
        config["depth"] = _depth(state)
        first = not trained_norm and "head_norm" not in config
        if first and (config["num_classes"] == len(COCO_NAMES) or is_person(config)):
            config |= COCO_V1
    return config | (ARCHITECTURES[arch] if arch else {})


def check_network(state: State) -> None:
    """Refuse the weights of a network of another kind, and name it.

    Raises
    ------
    InputError
        If they belong to one of `other_models.KINDS`.
    """
    kind = network_of(state)
    if kind is not None:
        raise InputError(
            f"the weights of {kind} (the first are {_first(state)}); only Mask, Faster and Keypoint R-CNN "
            "with a ResNet or a MobileNetV3 (large) are read, and ResNet classifiers to train from."
        )


def _first(state: State) -> str:
    return ", ".join(list(state)[:3])


def _neck_and_heads(state: State) -> dict[str, Any]:
    """Settings in which torchvision's second version differs from its first."""
    inner, head = "backbone.fpn.inner_blocks.0.1.", "roi_heads.box_head."
    config: dict[str, Any] = {}
    if f"{inner}weight" in state:
        config["head_norm"] = "batch" if f"{inner}{COUNTER}" in state else "frozen"
    if depth := _count(state, "rpn.head.conv."):
        config["rpn_conv_depth"] = depth
    layers = 0
    while f"{head}{layers}.0.weight" in state:
        layers += 1
    if layers:
        widths = [state[f"{head}{layer}.0.weight"].shape[0] for layer in range(layers)]
        config |= {"box_head": "conv_fc", "box_layers": widths}
    return config


def is_person(config: Mapping[str, Any]) -> bool:
    """Whether recognised settings are those of persons and their keypoints."""
    return config["num_classes"] == 2 and config.get("keypoints") == len(PERSON)


def _keypoints(state: State) -> dict[str, Any]:
    """The number of keypoints, and the widths of their head."""
    deconvolution = _shape(state, KEYPOINTS)
    if len(deconvolution) != 4:
        return {}
    shapes: list[tuple[int, ...]] = []
    while len(shape := _shape(state, f"roi_heads.keypoint_head.{2 * len(shapes)}.weight")) == 4:
        shapes.append(shape)
    widths = [shape[0] for shape in shapes]
    usual = bool(shapes) and widths == [2 * shapes[0][1]] * 8
    return {"keypoints": deconvolution[1]} | ({} if usual else {"keypoint_layers": widths})


def _shape(state: State, name: str) -> tuple[int, ...]:
    return state[name].shape if name in state else ()


def _preset(state: State) -> str:
    if MOBILENET in state:
        return "fasterrcnn_mobilenet_v3_large_fpn"
    if any(name.startswith("backbone.fpn.") for name in state):
        return "resnet_fpn"
    return "resnet_c4" if any(name.startswith(RES5) for name in state) else "resnet_c5"


def _depth(state: State) -> int:
    blocks = tuple(_count(state, f"{BODY}layer{stage}.") for stage in (1, 2, 3, 4))
    if not blocks[3]:
        blocks = (*blocks[:3], _count(state, RES5))
    bottleneck = f"{BODY}layer1.0.conv3.weight" in state
    stem = state[f"{BODY}conv1.weight"].shape if f"{BODY}conv1.weight" in state else ()
    for depth, (block, expected) in DEPTHS.items():
        if expected == blocks and (block == "bottleneck") == bottleneck and stem == (64, 3, 7, 7):
            return depth
    raise InputError(
        f"weights with a backbone of {blocks} residual blocks and a stem {stem}, which is none of "
        f"ResNet-{', -'.join(map(str, DEPTHS))}; a model of minimaskrcnn's own comes as .npz or .safetensors."
    )


def _count(state: State, prefix: str) -> int:
    """Return the number of residual blocks of a stage."""
    return len({name[len(prefix) :].partition(".")[0] for name in state if name.startswith(prefix)})
