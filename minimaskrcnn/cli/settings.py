"""`--set NAME=VALUE`: change a recipe, and the settings of its model, from the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import Any

from minimaskrcnn.errors import InputError
from minimaskrcnn.models import configure
from minimaskrcnn.models.aliases import ALIASES, resolve
from minimaskrcnn.models.setting import shortened
from minimaskrcnn.training import Recipe

LISTS_OF_NAMES = ("augment", "prepare", "freeze")


def adapt(recipe: Recipe, changes: Sequence[str]) -> Recipe:
    """Apply each NAME=VALUE to a recipe: to its own settings, or to its model's, with or without `model.`.

    `preset` is always applied first; it starts from the settings of that preset.

    Raises
    ------
    InputError
        If a change has no `=`, a name is unknown, or a value is out of the range of its setting.
    """
    own: dict[str, Any] = {}
    model: dict[str, Any] = {}
    predict: dict[str, Any] = {}
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise InputError(f"--set {shortened(change)}: expected NAME=VALUE, for example --set steps=500.")
        group, setting = owner(recipe, name)
        value = names(name, text) if setting in LISTS_OF_NAMES else parse(text)
        if group == "recipe":
            own[setting] = value
        else:  # a word for several settings is taken apart here, so that what comes later wins
            (model if group == "model" else predict).update(resolve({setting: value}))
    if "preset" in model:  # the settings so far were the other preset's
        recipe = replace(recipe, model=configure({"preset": model.pop("preset")}), predict={})
    changed = recipe.model.changed(**model)
    return replace(recipe, **own, model=changed, predict={**recipe.predict, **predict})


def owner(recipe: Recipe, name: str) -> tuple[str, str]:
    """Return the owner of a setting ("recipe", "model" or "predict"), and its name without a prefix."""
    own = {field.name for field in fields(recipe)} - {"model", "predict"}
    of_model = ({field.name for field in fields(recipe.model)} | {"preset", *ALIASES}) - {"num_classes"}
    group, dot, setting = name.partition(".")
    if dot and group in ("model", "predict") and setting in of_model:
        return group, setting
    if name in own:
        return "recipe", name
    if name in of_model:
        return "model", name
    near = get_close_matches(setting or name, sorted(own | of_model), 3, 0.5)
    advice = f"did you mean {' or '.join(near)}?" if near else "docs/cli.md and docs/settings.md list them."
    raise InputError(f"--set {shortened(name)}: there is no such setting; {advice}")


def parse(text: str) -> Any:
    """Read a JSON value; if it is none, return the text itself.

    >>> parse("[8, 16, 32]"), parse("roi_pool")
    ([8, 16, 32], 'roi_pool')
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
    except (ValueError, RecursionError) as error:  # thousands of digits, or of brackets
        raise InputError(f"--set: {text[:20]}... is not a usable value; pass a shorter one.") from error


def names(name: str, text: str) -> tuple[str, ...]:
    """A JSON list of strings, or the same without quotes, which a shell would eat.

    >>> names("freeze", '["backbone", "rpn"]') == names("freeze", "[backbone,rpn]") == ("backbone", "rpn")
    True
    """
    value = parse(text)
    if isinstance(value, str) and text.startswith("[") and text.endswith("]"):
        value = [word.strip() for word in text[1:-1].split(",")]
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise InputError(f"--set {name}={text}: expected a list of names, for example {name}=[backbone,rpn].")
    return tuple(value)
