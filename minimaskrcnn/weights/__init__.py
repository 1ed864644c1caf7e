"""The bundled weights: two small models, each with a card (NAME.json) that says how to make it again."""

from __future__ import annotations

import atexit
import json
from contextlib import ExitStack
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from minimaskrcnn.errors import InputError

NAMES = ("shapes", "nuclei")
_unpacked = ExitStack()  # files of a package in a zip archive lie in temporary files until the process ends
atexit.register(_unpacked.close)


def path(name: str) -> Path:
    """Return the path of the bundled checkpoint `name`."""
    return _file(name, "npz")


def card(name: str) -> dict[str, Any]:
    """Return the model card: command, seed, steps, minutes, average precision, data, date."""
    return json.loads(_file(name, "json").read_text(encoding="utf-8"))


@cache
def _file(name: str, suffix: str) -> Path:
    if name not in NAMES:
        raise InputError(f"bundled weights {name!r} do not exist; choose one of {', '.join(NAMES)}.")
    return _unpacked.enter_context(as_file(files(__package__) / f"{name}.{suffix}"))
