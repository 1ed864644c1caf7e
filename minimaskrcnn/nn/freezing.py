"""Which parameters are trained: chosen by name, as `model.named_parameters()` writes it.

    freeze(model, "backbone.body.layer[12]")     requires_grad = False: no gradient is computed for them
    unfreeze(model, "*")                         everything is trained again

A pattern names parameters, or modules with all that is below them; `*`, `?` and `[...]` as in file names.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from minimaskrcnn.errors import InputError
from minimaskrcnn.nn.module import Module, Parameter


def freeze(model: Module, *patterns: str) -> list[str]:
    """Stop training the parameters that match; return their names.

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
    >>> from minimaskrcnn import nn
    >>> head = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    >>> freeze(head, "0")
    ['0.weight', '0.bias']
    >>> unfreeze(head, "*.bias")
    ['0.bias', '1.bias']
    """
    return _set_requires_grad(model, patterns, False)


def unfreeze(model: Module, *patterns: str) -> list[str]:
    """Train the parameters that match; return their names. This raises what `freeze` raises."""
    return _set_requires_grad(model, patterns, True)


def trainable_parameters(model: Module) -> list[Parameter]:
    """The parameters that are trained, in the order of definition."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def _set_requires_grad(model: Module, patterns: tuple[str, ...], value: bool) -> list[str]:
    parameters = dict(model.named_parameters())
    names = [*parameters, *(name for name, _ in model.named_buffers())]
    for pattern in patterns:
        if not any(matches(name, pattern) for name in names):
            parts = sorted({".".join(name.split(".")[:2]) for name in names})
            raise InputError(
                f"freeze {pattern!r}: no parameter has such a name; they begin with {', '.join(parts)}."
            )
    chosen = [name for name in parameters if any(matches(name, pattern) for pattern in patterns)]
    for name in chosen:
        parameters[name].requires_grad = value
        parameters[name].grad = None
    return chosen


def matches(name: str, pattern: str) -> bool:
    """Whether the pattern fits the name, or a module that the name is in."""
    return fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*")
