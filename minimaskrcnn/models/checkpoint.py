"""Models on disk: one .npz with an array for each name of the state, and one JSON text beside them.

Nothing in the file is code: arrays are read with pickling refused. It is written to a temporary name and
renamed, so that a reader finds the old file or the new one, never half of one.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minimaskrcnn.errors import InputError
from minimaskrcnn.files import atomic_write
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.presets import build

META = "meta.json"
FORMAT = "minimaskrcnn/1"


def save_arrays(path: str | Path, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
    """Write named arrays and JSON-able `meta`; the same content gives the same bytes."""
    text = json.dumps({"format": FORMAT, **meta}, sort_keys=True)
    contents = {META: np.array(text), **arrays}
    atomic_write(path, lambda stream: np.savez_compressed(stream, allow_pickle=False, **contents))


def load_arrays(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what `save_arrays` wrote.

    Raises
    ------
    InputError
        If the file is missing, truncated, holds pickled objects, or is no checkpoint of this project.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"checkpoint {path}: there is no such file; check the path.")
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (zipfile.BadZipFile, EOFError, OSError, KeyError, zipfile.LargeZipFile) as error:
        raise InputError(
            f"checkpoint {path}: damaged or truncated ({error}); copy or save it again."
        ) from error
    except ValueError as error:
        raise InputError(
            f"checkpoint {path}: not a plain .npz of numbers ({error}); pickled objects are refused because "
            "loading them could run code. Save it with minimaskrcnn."
        ) from error
    return arrays, _read_meta(path, arrays)


def _read_meta(path: Path, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    foreign = InputError(
        f"checkpoint {path}: a readable .npz, but not one that minimaskrcnn saved (no {META} inside)."
    )
    if META not in arrays or arrays[META].dtype.kind != "U":
        raise foreign
    try:
        meta = json.loads(str(arrays.pop(META)))
    except json.JSONDecodeError as error:
        raise foreign from error
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise foreign
    return meta


def save_model(path: str | Path, model: MaskRCNN, meta: Mapping[str, Any]) -> None:
    """Write a model's weights, how to build it (`model.config`) and the facts in `meta`."""
    if model.config is None:
        raise InputError("save_model: the model has no config; build it with models.presets.")
    save_arrays(path, model.state_dict(), {**meta, "config": model.config})


def load_model(path: str | Path) -> tuple[MaskRCNN, dict[str, Any]]:
    """Build the model a checkpoint describes, fill in its weights, and return it with the meta facts."""
    arrays, meta = load_arrays(path)
    if not isinstance(meta.get("config"), dict):
        raise InputError(
            f"checkpoint {path}: does not say how to build its model; it may be a training state."
        )
    model = build(meta["config"])
    try:
        model.load_state_dict(arrays)
    except InputError as error:
        raise InputError(f"checkpoint {path}: {error}") from error
    model.eval()
    return model, meta
