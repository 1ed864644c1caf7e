"""Short names for several settings at once, and the names of version 0.1, translated to those of `Config`.

resolve({"image_size": (128, 256), "masks": False})  ->  {"min_size": 128, "max_size": 256, "masks": False}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minimaskrcnn.errors import InputError
from minimaskrcnn.models.setting import shortened

DEPTHS: dict[int, tuple[str, tuple[int, ...]]] = {
    18: ("basic", (2, 2, 2, 2)),
    34: ("basic", (3, 4, 6, 3)),
    50: ("bottleneck", (3, 4, 6, 3)),
    101: ("bottleneck", (3, 4, 23, 3)),
}


def _each(*names: str) -> Callable[[Any], dict[str, Any]]:
    return lambda values: dict(zip(names, values, strict=True))


def _proposals(value: Any) -> dict[str, Any]:
    train, test = value
    return {
        "rpn_pre_nms_top_n_train": 2 * train,
        "rpn_pre_nms_top_n_test": 2 * test,
        "rpn_post_nms_top_n_train": train,
        "rpn_post_nms_top_n_test": test,
    }


# alias -> (what it expects, the settings that it stands for)
ALIASES: dict[str, tuple[str, Callable[[Any], dict[str, Any]]]] = {
    "depth": (f"one of {', '.join(map(str, DEPTHS))}", lambda n: _each("block", "blocks")(DEPTHS[n])),
    "dilated": ("true or false", lambda last: {"replace_stride_with_dilation": (False, False, last)}),
    "image_size": ("(min_size, max_size)", _each("min_size", "max_size")),
    "proposals": ("two whole numbers, (train, test)", _proposals),
    "samples": (
        "two whole numbers, (anchors, RoIs)",
        _each("rpn_batch_size_per_image", "box_batch_size_per_image"),
    ),
    "score_thresh": ("a number", lambda value: {"box_score_thresh": value}),
    "detections_per_img": ("a whole number", lambda value: {"box_detections_per_img": value}),
}


def resolve(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Translate settings to the names of `Config`, so that checkpoints and scripts of version 0.1 work.

    Raises
    ------
    InputError
        If the value of an alias has the wrong form, or if a setting that the alias sets is given as well.
    """
    resolved: dict[str, Any] = {}
    for name, value in settings.items():
        expected, meaning = ALIASES.get(name, ("", _itself(name)))
        try:
            own = meaning(value)
        except (TypeError, ValueError, KeyError) as error:
            raise InputError(f"{name}: expected {expected}; got {shortened(value)}.") from error
        if twice := own.keys() & (resolved.keys() | settings.keys() - {name}):
            raise InputError(f"{name} sets {min(twice)}, which is given as well; leave out one of them.")
        resolved |= own
    return resolved


def _itself(name: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {name: value}
