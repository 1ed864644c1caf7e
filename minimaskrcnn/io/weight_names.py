"""Replace torchvision's older names for the weights of a detector, and names with a prefix, by current names.

The COCO models that torchvision publishes were saved before its convolutions moved into blocks of
(convolution, norm, activation); its own modules translate when they load them, and so does this table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from minimaskrcnn.errors import InputError

RENAMED_LAYERS = {
    "rpn.head.conv": "rpn.head.conv.0.0",
    **{f"backbone.fpn.inner_blocks.{i}": f"backbone.fpn.inner_blocks.{i}.0" for i in range(4)},
    **{f"backbone.fpn.layer_blocks.{i}": f"backbone.fpn.layer_blocks.{i}.0" for i in range(4)},
    **{f"roi_heads.mask_head.mask_fcn{i + 1}": f"roi_heads.mask_head.{i}.0" for i in range(4)},
}
# Of detectors on a ResNet, on MobileNetV3 and on other bodies, and of classifiers.
FIRST_LAYERS = (
    *("backbone.body.conv1.weight", "backbone.body.0.0.weight", "backbone.features.0.weight"),
    *("features.0.0.weight", "features.0.weight", "conv1.weight"),
)
EMA_COUNTERS = ("n_averaged",)
NEW_NAMES = {
    f"{old}.{kind}": f"{new}.{kind}" for old, new in RENAMED_LAYERS.items() for kind in ("weight", "bias")
}


V = TypeVar("V")


def modern_names(state: Mapping[str, V]) -> dict[str, V]:
    """Return the same values under the current names, in the same order.

    Raises
    ------
    InputError
        If a state holds the same layer under both names.

    Examples
    --------
    >>> list(modern_names({"rpn.head.conv.bias": 2, "rpn.head.cls_logits.bias": 3}))
    ['rpn.head.conv.0.0.bias', 'rpn.head.cls_logits.bias']
    """
    twice = [old for old in state if NEW_NAMES.get(old) in state]
    if twice:
        raise InputError(f"holds {twice[0]} both under this name and as {NEW_NAMES[twice[0]]}; keep one.")
    return {NEW_NAMES.get(name, name): value for name, value in state.items()}


def common_prefix(names: Iterable[str]) -> str:
    """Return the prefix that DataParallel, `torch.compile` or a trainer added to every name.

    It ends where the name of the first convolution begins. A counter that torch's moving average of weights
    (EMA) adds needs no prefix.

    Examples
    --------
    >>> common_prefix(["n_averaged", "module.backbone.body.conv1.weight", "module.rpn.head.conv.bias"])
    'module.'
    """
    names = [name for name in names if name not in EMA_COUNTERS]
    for first in FIRST_LAYERS:
        ending = [name for name in names if name == first or name.endswith(f".{first}")]
        prefix = min(ending, key=len, default=first).removesuffix(first)
        if ending and all(name.startswith(prefix) for name in names):
            return prefix
    return ""
