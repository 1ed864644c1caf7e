"""torchvision's older names of a detector's weights, and what they are called today.

The COCO models that torchvision publishes were saved before its convolutions moved into blocks of
(convolution, norm, activation); its own modules translate when they load them, and so does this table.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from minimaskrcnn.errors import InputError

RENAMED_LAYERS = {
    "rpn.head.conv": "rpn.head.conv.0.0",
    **{f"backbone.fpn.inner_blocks.{i}": f"backbone.fpn.inner_blocks.{i}.0" for i in range(4)},
    **{f"backbone.fpn.layer_blocks.{i}": f"backbone.fpn.layer_blocks.{i}.0" for i in range(4)},
    **{f"roi_heads.mask_head.mask_fcn{i + 1}": f"roi_heads.mask_head.{i}.0" for i in range(4)},
}
NEW_NAMES = {
    f"{old}.{kind}": f"{new}.{kind}" for old, new in RENAMED_LAYERS.items() for kind in ("weight", "bias")
}


def modern_names(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same arrays under today's names, in the same order; names of today stay.

    Raises
    ------
    InputError
        If a state holds the same layer under both names.

    Examples
    --------
    >>> list(modern_names({"rpn.head.conv.bias": np.zeros(2), "rpn.head.cls_logits.bias": np.zeros(3)}))
    ['rpn.head.conv.0.0.bias', 'rpn.head.cls_logits.bias']
    """
    twice = [old for old in state if NEW_NAMES.get(old) in state]
    if twice:
        raise InputError(f"holds {twice[0]} both under this name and as {NEW_NAMES[twice[0]]}; keep one.")
    return {NEW_NAMES.get(name, name): array for name, array in state.items()}
