"""Read named arrays from an ``.npz`` that nobody vouches for: its headers may claim no more than it holds."""

import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from minimaskrcnn.errors import InputError

Header = tuple[tuple[int, ...], np.dtype]


def read_arrays(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, np.ndarray]:
    """Return arrays of a NumPy archive by name; nothing pickled is loaded.

    Raises
    ------
    InputError
        The file is no such archive, lacks a required array, or claims more values than it holds.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            there = set(archive.namelist())
            wanted = [*required, *(name for name in optional if f"{name}.npy" in there)]
            return {name: _read(archive, f"{name}.npy") for name in wanted}
    except MemoryError:
        raise InputError(f"{path} needs more memory than there is; split it into smaller files.") from None
    except Exception as fault:  # zip and NumPy raise whatever a stranger's bytes lead them to
        words = " ".join(f"{type(fault).__name__} {fault}".split())
        raise InputError(
            f"{path} is not an .npz with the arrays {', '.join(required)} ({words:.200})."
        ) from None


def _read(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """Read one member once its header is known to claim as many bytes as there are."""
    size = archive.getinfo(name).file_size
    with archive.open(name) as stream:
        shape, dtype = _header(stream)
        claimed = stream.tell() + math.prod(shape) * dtype.itemsize
    if dtype.hasobject or not dtype.itemsize or claimed != size:
        raise ValueError(f"{name} claims {shape} of {dtype} in {size} bytes")
    with archive.open(name) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)


def _header(stream: IO[bytes]) -> Header:
    """Shape and dtype that a ``.npy`` claims."""
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[np.lib.format.read_magic(stream)]
    try:
        shape, _, dtype = read(stream)
    except MemoryError:  # the parser's own, at a header of nothing but operators
        raise ValueError("its header makes no sense") from None
    if not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError(f"its header claims the shape {shape}")
    return shape, dtype
