"""What a resumed run may change: only settings that the weights so far do not depend on."""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, fields
from typing import Any

from minimaskrcnn.models import configure
from minimaskrcnn.training.recipes import Recipe

Record = dict[str, Any]

# Settings that may differ between the parts of a run: its length, and what happens beside the training.
FREE = ("steps", "predict", "max_dets", "evaluate_every", "checkpoint_every", "early_stop")
# Settings that older versions did not write, because they could not be changed.
ONCE_FIXED = ("momentum", "betas", "augment")


def changes(now: Record, then: Record) -> tuple[str, str]:
    """Compare the facts of a run with those in its state, each as `name then -> now`.

    Returns
    -------
    forbidden, allowed : str
        The changes with which the run cannot go on, and those with which it can.
    """
    flat_now, flat_then = _flat(now), _flat(then)
    differing = [name for name, value in flat_now.items() if flat_then.get(name, value) != value]

    def words(names: list[str]) -> str:
        return ", ".join(f"{name} {flat_then.get(name)} -> {flat_now[name]}" for name in names)

    return (
        words([name for name in differing if name not in FREE]),
        words([name for name in differing if name in FREE]),
    )


def _flat(facts: Record) -> Record:
    """Settings and facts by name, as JSON has them; what an older version did not write has its default."""
    defaults = {setting.name: setting.default for setting in fields(Recipe) if setting.default is not MISSING}
    written = {name: value for name, value in defaults.items() if name not in ONCE_FIXED}
    others = {name: facts.get(name) for name in ("seed", "class_names", "weights")}
    settings = {**written, "predict": {}, **facts["recipe"], **others}
    model = asdict(configure(settings.pop("model")))
    settings |= {f"model.{name}": value for name, value in model.items()}
    return json.loads(json.dumps(settings))
