"""Models on disk: one .npz with an array for each name of the state, and one JSON text beside them.

Nothing in the file is code: arrays are read with pickling refused. It is written to a temporary name and
renamed, so that a reader finds the old file or the new one, never half of one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from minimaskrcnn.errors import InputError
from minimaskrcnn.files import atomic_write
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.npz import NpzFile, open_npz, write_npz

META = "meta.json"
FORMAT = "minimaskrcnn/1"
SWELLING = 8  # weights hardly compress: arrays that are longer by more were made to fill the memory


def save_arrays(path: str | Path, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
    """Write named arrays and `meta`, which is JSON or dataclasses; the same content gives the same bytes.

    The arrays are not compressed: compression would take forty times as long and save 7 % of the file.
    """
    text = json.dumps({"format": FORMAT, **meta}, sort_keys=True, default=asdict)
    if META in arrays:
        raise InputError(
            f"save {path}: an array is named {META}, which is the place of the facts; rename it."
        )
    pickled = [name for name, array in arrays.items() if np.asarray(array).dtype.hasobject]
    if pickled:
        raise InputError(f"save {path}: {pickled[0]} is not an array of numbers; convert it first.")
    atomic_write(path, lambda stream: write_npz(stream, {META: np.array(text), **arrays}))


def load_arrays(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what `save_arrays` wrote.

    Raises
    ------
    InputError
        If the file is missing, truncated, claims more than it holds, has pickled objects inside, or is no
        checkpoint of this project.
    """
    with open_npz(path, "checkpoint", SWELLING) as file:
        meta = read_meta(path, file)
        return {name: file.read(name) for name in file.claims if name != META}, meta


def read_meta(path: str | Path, file: NpzFile) -> dict[str, Any]:
    """The facts in an open checkpoint."""
    foreign = InputError(
        f"checkpoint {path}: a readable .npz, but not one that minimaskrcnn saved (no {META} inside)."
    )
    claim = file.claims.get(META)
    if claim is None or claim.dtype.kind != "U" or claim.shape != ():
        raise foreign
    try:
        meta = json.loads(str(file.read(META)))
    except (ValueError, RecursionError) as error:  # too deep, or a number of more than 4,300 digits
        raise foreign from error
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise foreign
    return meta


def save_model(path: str | Path, model: MaskRCNN, meta: Mapping[str, Any]) -> None:
    """Write the weights of a model, its config, from which it can be built, and the facts in `meta`."""
    if model.config is None:
        raise InputError("save_model: the model has no config; build it with models.build.")
    facts = {"prepare": list(model.prepare), **meta, "config": model.config}
    save_arrays(path, model.state_dict(), facts)
