"""Which parameters are trained: chosen by name, as `model.named_parameters()` writes it.

    freeze(model, "backbone.body.layer[12]")     requires_grad = False: no gradient is computed for them
    unfreeze(model, "*")                         everything is trained again

A pattern names parameters, or modules with all that is below them; `*`, `?` and `[...]` as in file names.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from minimaskrcnn import nn
from minimaskrcnn.errors import InputError

# The parts of a ResNet from the last to the first, and where they are. With C4, layer4 is in the heads.
BACKBONE = (
    ("backbone.body.layer4", "roi_heads.box_head.res5"),
    ("backbone.body.layer3",),
    ("backbone.body.layer2",),
    ("backbone.body.layer1",),
    ("backbone.body.conv1", "backbone.body.bn1"),
)


def freeze(model: nn.Module, *patterns: str) -> list[str]:
    """Train no longer the parameters that match; returns their names.

    Nothing is computed for them: where neither a layer's weights nor its input want a gradient, the layer
    is not even recorded, so that a frozen stem and first stages cost a forward pass only. The running
    statistics of a `BatchNorm2d` are no parameters and follow the batches in training all the same, as in
    torch; `FrozenBatchNorm2d` has none that move.

    Raises
    ------
    InputError
        If a pattern matches nothing.

    Examples
    --------
    >>> head = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    >>> freeze(head, "0")
    ['0.weight', '0.bias']
    >>> unfreeze(head, "*.bias")
    ['0.bias', '1.bias']
    """
    return _set_requires_grad(model, patterns, False)


def unfreeze(model: nn.Module, *patterns: str) -> list[str]:
    """Train the parameters that match; returns their names. Raises as `freeze` does."""
    return _set_requires_grad(model, patterns, True)


def freeze_backbone(model: nn.Module, trainable_layers: int) -> None:
    """Train only the last `trainable_layers` of the backbone's stem, layer1, ... layer4 (torchvision's rule).

    Raises
    ------
    InputError
        If it is not 0 to 5.
    """
    if trainable_layers not in range(len(BACKBONE) + 1):
        raise InputError(
            f"trainable_backbone_layers {trainable_layers!r}: must be 0 (none) to 5 (stem and four stages)."
        )
    places = [place for part in BACKBONE[trainable_layers:] for place in part]
    for name, parameter in model.named_parameters():
        if any(_matches(name, place) for place in places):
            parameter.requires_grad = False


def trainable_parameters(model: nn.Module) -> list[nn.Parameter]:
    """The parameters that are trained, in the order of definition."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def _set_requires_grad(model: nn.Module, patterns: tuple[str, ...], value: bool) -> list[str]:
    parameters = dict(model.named_parameters())
    names = [*parameters, *(name for name, _ in model.named_buffers())]
    for pattern in patterns:
        if not any(_matches(name, pattern) for name in names):
            parts = sorted({".".join(name.split(".")[:2]) for name in names})
            raise InputError(
                f"freeze {pattern!r}: no parameter has such a name; they begin with {', '.join(parts)}."
            )
    chosen = [name for name in parameters if any(_matches(name, pattern) for pattern in patterns)]
    for name in chosen:
        parameters[name].requires_grad = value
        parameters[name].grad = None
    return chosen


def _matches(name: str, pattern: str) -> bool:
    """Whether the pattern fits the name, or a module that the name is in."""
    return fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*")
