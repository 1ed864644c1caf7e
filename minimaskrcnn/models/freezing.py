"""How much of a pretrained backbone is trained: torchvision's rule, which counts from the last stage.

freeze_backbone(model, 3)     layer4, layer3, layer2 are trained; layer1 and the stem stay as they are
"""

from __future__ import annotations

from minimaskrcnn import nn
from minimaskrcnn.errors import InputError
from minimaskrcnn.nn.freezing import matches

# The parts of a body from the last to the first, and where they are. With C4, layer4 is in the heads. Each
# part of a MobileNet begins with a stride.
RESNET = (
    ("backbone.body.layer4", "roi_heads.box_head.res5"),
    ("backbone.body.layer3",),
    ("backbone.body.layer2",),
    ("backbone.body.layer1",),
    ("backbone.body.conv1", "backbone.body.bn1"),
)
MOBILENET = tuple(
    tuple(f"backbone.body.{layer}" for layer in layers)
    for layers in ([16], [13, 14, 15], [7, 8, 9, 10, 11, 12], [4, 5, 6], [2, 3], [0, 1])
)


def freeze_backbone(model: nn.Module, trainable_layers: int) -> None:
    """Freeze all but the last `trainable_layers` of the backbone's stem, layer1, ..., layer4.

    This is torchvision's rule. A body with fewer stages is counted from its own last stage; a MobileNet has
    six parts.

    Raises
    ------
    InputError
        If `trainable_layers` is not one of 0, 1, ..., 5 (6 for a MobileNet).
    """
    names = [name for name, _ in model.named_parameters()]
    names += [name for name, _ in model.named_buffers()]
    parts = [
        part for part in RESNET + MOBILENET if any(matches(name, place) for name in names for place in part)
    ]
    most = len(MOBILENET if MOBILENET[0] in parts else RESNET)
    if trainable_layers not in range(most + 1):
        raise InputError(
            f"trainable_backbone_layers {trainable_layers!r}: must be 0 (none) to {most} (all of the body)."
        )
    places = [place for part in parts[trainable_layers:] for place in part]
    for name, parameter in model.named_parameters():
        if any(matches(name, place) for place in places):
            parameter.requires_grad = False
