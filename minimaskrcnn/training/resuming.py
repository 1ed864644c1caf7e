"""Which settings a resumed run may change: only those on which the weights so far do not depend."""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, fields, replace
from typing import Any

from minimaskrcnn.models import configure
from minimaskrcnn.models.aliases import resolve
from minimaskrcnn.training.recipes import Recipe

Record = dict[str, Any]

# Settings that may differ between the parts of a run: its length, and all that does not affect training.
FREE = ("steps", "predict", "max_dets", "evaluate_every", "checkpoint_every", "early_stop")
# Settings that older versions did not write, because they could not be changed.
ONCE_FIXED = ("momentum", "betas", "augment", "prepare")


def changes(now: Record, then: Record) -> tuple[str, str]:
    """Compare the facts of a run with those in its state, each as `name then -> now`.

    Returns
    -------
    forbidden, allowed : str
        The changes with which the run cannot continue, and those with which it can.

    Raises
    ------
    InputError
        If this version does not know the settings of the state.
    """
    flat_now, flat_then = _flat(now), _flat(then)
    differing = [name for name, value in flat_now.items() if flat_then.get(name, value) != value]

    def words(names: list[str]) -> str:
        return ", ".join(f"{name} {flat_then[name]} -> {flat_now[name]}" for name in names)

    return (
        words([name for name in differing if name not in FREE]),
        words([name for name in differing if name in FREE]),
    )


def _flat(facts: Record) -> Record:
    """Return settings and facts by name, as in JSON; settings that older versions lack get their defaults."""
    defaults = {own.name: own.default for own in fields(Recipe) if own.default is not MISSING}
    recipe = {name: value for name, value in defaults.items() if name not in ONCE_FIXED} | facts["recipe"]
    # An older state uses aliases, and the number of classes is only known from its class names.
    model = replace(configure(recipe.pop("model")), num_classes=len(facts["class_names"]))
    predict = resolve(recipe.pop("predict", {}))
    others = {name: facts.get(name) for name in ("seed", "class_names", "weights")}
    settings = {f"model.{name}": value for name, value in asdict(model).items()}
    return json.loads(json.dumps({**recipe, "predict": predict, **settings, **others}))
