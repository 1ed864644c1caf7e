"""How much of a pretrained backbone is trained: torchvision's rule, which counts from the last stage.

freeze_backbone(model, 3)     layer4, layer3, layer2 are trained; layer1 and the stem stay as they are
"""

from __future__ import annotations

from minimaskrcnn import nn
from minimaskrcnn.errors import InputError
from minimaskrcnn.nn.freezing import matches

# The parts of a ResNet from the last to the first, and where they are. With C4, layer4 is in the heads.
BACKBONE = (
    ("backbone.body.layer4", "roi_heads.box_head.res5"),
    ("backbone.body.layer3",),
    ("backbone.body.layer2",),
    ("backbone.body.layer1",),
    ("backbone.body.conv1", "backbone.body.bn1"),
)


def freeze_backbone(model: nn.Module, trainable_layers: int) -> None:
    """Freeze all but the last `trainable_layers` of the backbone's stem, layer1, ..., layer4.

    This is torchvision's rule. A body with fewer stages is counted from its own last stage.

    Raises
    ------
    InputError
        If `trainable_layers` is not one of 0, 1, ..., 5.
    """
    if trainable_layers not in range(len(BACKBONE) + 1):
        raise InputError(
            f"trainable_backbone_layers {trainable_layers!r}: must be 0 (none) to 5 (stem and four stages)."
        )
    names = [name for name, _ in model.named_parameters()]
    names += [name for name, _ in model.named_buffers()]
    parts = [part for part in BACKBONE if any(matches(name, place) for name in names for place in part)]
    places = [place for part in parts[trainable_layers:] for place in part]
    for name, parameter in model.named_parameters():
        if any(matches(name, place) for place in places):
            parameter.requires_grad = False
