"""The .safetensors format, through the library of the same name: an optional dependency.

The library holds what a file claims against its length; a text of our own rides in the file's metadata.
"""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

from minimaskrcnn.errors import InputError
from minimaskrcnn.io.formats.torch_tensors import BFLOAT16, MAX_EMPTY, Storage

FACTS = "minimaskrcnn"  # our entry in the metadata
MAX_HEADER = 2**21  # bytes: some 20,000 arrays
MAX_SIDES = 32
DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": BFLOAT16,
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}


def read_safetensors(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Name to array, and the facts that `write_safetensors` was given; bfloat16 becomes float32."""
    library = _library()
    _check_header(path)
    try:
        with library.safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
        entries = library.deserialize(Path(path).read_bytes())
    except library.SafetensorError as error:
        raise InputError(f"not a sound .safetensors file ({error}); get the file again.") from error
    strange = sorted({entry["dtype"] for _, entry in entries} - DTYPES.keys())
    if strange:
        raise InputError(f"holds numbers of type {strange[0]}, which NumPy lacks; convert them to F32.")
    return {name: _array(entry) for name, entry in sorted(entries)}, _facts(metadata)


def _check_header(path: str | Path) -> None:
    """Refuse a description that is longer than any model's, before the library makes objects of it."""
    with open(path, "rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
    if length > MAX_HEADER:
        raise InputError(f"not a sound .safetensors file: describes its arrays in {length:,} bytes; refused.")


def write_safetensors(stream: BinaryIO, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
    """Write named arrays, and facts that JSON can hold."""
    dense = {
        name: np.asarray(array, array.dtype.newbyteorder("<"), order="C") for name, array in arrays.items()
    }
    stream.write(_library("numpy").save(dense, {FACTS: json.dumps(facts, sort_keys=True, default=asdict)}))


def _array(entry: Mapping[str, Any]) -> np.ndarray:
    raw, shape = np.frombuffer(entry["data"], np.uint8), entry["shape"]
    if len(shape) > MAX_SIDES or math.prod(max(n, 1) for n in shape) > max(raw.size, MAX_EMPTY):
        raise InputError(f"claims an array of the shape {shape[:4]} ... beyond reason; refused.")
    return Storage("0", DTYPES[entry["dtype"]], math.prod(shape)).decode(raw, "<").reshape(shape)


def _facts(metadata: Mapping[str, str]) -> dict[str, Any]:
    try:
        facts = json.loads(metadata.get(FACTS, "{}"))
    except (ValueError, RecursionError) as error:  # too deep, or a number of more than 4,300 digits
        raise InputError("holds facts of minimaskrcnn that are no JSON; convert it again.") from error
    return facts if isinstance(facts, dict) else {}


def _library(part: str = "") -> ModuleType:
    try:
        return importlib.import_module(f"safetensors.{part}".rstrip("."))
    except ModuleNotFoundError as error:
        raise InputError(
            "the .safetensors format needs the library safetensors: pip install 'minimaskrcnn[safetensors]'."
        ) from error
