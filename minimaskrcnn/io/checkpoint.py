"""Models on disk: one .npz with an array for each name of the state, and one JSON text beside them.

Nothing in the file is code: arrays are read with pickling refused. It is written to a temporary name and
renamed, so that a reader finds the old file or the new one, never half of one.
"""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from minimaskrcnn.errors import InputError
from minimaskrcnn.files import atomic_write
from minimaskrcnn.models.mask_rcnn import MaskRCNN

META = "meta.json"
STRAY = "allow_pickle"  # version 0.1 under NumPy < 2.2 stored this keyword of `savez_compressed` as an array
FORMAT = "minimaskrcnn/1"

# Weights hardly compress. What swells more than this was made to fill the memory.
MAX_SWELLING, SMALL = 100, 64 * 2**20
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def save_arrays(path: str | Path, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
    """Write named arrays and `meta`, JSON or dataclasses of it; the same content gives the same bytes.

    Arrays are stored, not deflated: that would take forty times as long and save 7 % of the file.
    """
    text = json.dumps({"format": FORMAT, **meta}, sort_keys=True, default=asdict)
    contents: dict[str, Any] = {META: np.array(text), **arrays}
    pickled = [name for name, array in contents.items() if np.asarray(array).dtype.hasobject]
    if pickled:
        raise InputError(f"save {path}: {pickled[0]} is no array of numbers; convert it first.")
    atomic_write(path, lambda stream: np.savez(stream, **contents))


def load_arrays(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what `save_arrays` wrote.

    Raises
    ------
    InputError
        If the file is missing, truncated, claims more than it holds, has pickled objects inside, or is no
        checkpoint of this project.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"checkpoint {path}: there is no such file; check the path.")
    try:
        with open(path, "rb") as stream:
            _check_claims(stream, path.stat().st_size)
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files if name != STRAY}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError, RuntimeError) as error:
        raise InputError(
            f"checkpoint {path}: damaged or truncated ({error}); copy or save it again."
        ) from error
    except ValueError as error:
        raise InputError(
            f"checkpoint {path}: not a plain .npz of numbers ({error}); pickled objects are refused because "
            "loading them could run code. Save it with minimaskrcnn."
        ) from error
    return arrays, _read_meta(path, arrays)


def _check_claims(stream: BinaryIO, size: int) -> None:
    """Hold what each member's header says against its length, before NumPy makes room for it."""
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > max(MAX_SWELLING * size, SMALL):
            raise zipfile.BadZipFile(f"its members claim to be over {MAX_SWELLING} times as long as the file")
        for member in members:
            if member.compress_type not in METHODS:
                raise zipfile.BadZipFile("its members are compressed in a way that NumPy does not use")
            with archive.open(member) as file:
                version = np.lib.format.read_magic(file)
                if version not in HEADERS:
                    raise ValueError(f"arrays of format {version}")
                shape, _, dtype = HEADERS[version](file)
            if not all(n >= 0 for n in shape) or math.prod(shape) * dtype.itemsize > member.file_size:
                raise zipfile.BadZipFile(f"{member.filename} claims more numbers than it has bytes for")


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
        raise InputError("save_model: the model has no config; build it with models.build.")
    facts = {"prepare": list(model.prepare), **meta, "config": model.config}
    save_arrays(path, model.state_dict(), facts)
