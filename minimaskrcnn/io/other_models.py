"""Recognise weights of networks that this project does not have, by names that only these networks use.

network_of(["head.classification_head.conv.0.weight", "head.regression_head.bbox_reg.bias"])  ->  "RetinaNet"
"""

from __future__ import annotations

from collections.abc import Iterable

# kind -> beginnings of names that a file of that kind has, all of them; the first kind that fits is named
KINDS: dict[str, tuple[str, ...]] = {
    "FCOS": ("head.classification_head.", "head.regression_head.bbox_ctrness."),
    "SSD": ("head.classification_head.module_list.", "backbone.features."),
    "RetinaNet": ("head.classification_head.", "head.regression_head."),
    "a detector of detectron2": ("backbone.bottom_up.", "proposal_generator."),
    "a detector of mmdetection": ("rpn_head.", "roi_head."),
    "DETR": ("transformer.", "query_embed."),
    "a network for semantic segmentation (FCN, DeepLab)": ("backbone.layer1.", "classifier."),
    "YOLO": ("model.0.conv.", "model.1.conv."),
    "a ResNet classifier": ("conv1.", "layer1.", "fc."),
    "a vision transformer": ("encoder.layers.",),
    "a classifier": ("features.", "classifier."),
}


def network_of(names: Iterable[str]) -> str | None:
    """The kind of network that weights of these names are of, if it is one of `KINDS`.

    Examples
    --------
    >>> network_of(["transformer.encoder.layers.0.norm1.weight", "query_embed.weight"])
    'DETR'
    """
    names = list(names)

    def holds(beginning: str) -> bool:
        return any(name.startswith(beginning) for name in names)

    return next((kind for kind, beginnings in KINDS.items() if all(map(holds, beginnings))), None)
