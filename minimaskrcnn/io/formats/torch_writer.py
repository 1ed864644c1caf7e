"""Write a state dict as `torch.save` does, without torch; `torch.load(path, weights_only=True)` reads it.

model/data.pkl    an ordered dict: name -> _rebuild_tensor_v2(storage i, 0, shape, strides, ...)
model/data/i      the values of storage i, little-endian
model/byteorder, model/version
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from typing import BinaryIO

import numpy as np

from minimaskrcnn.errors import InputError
from minimaskrcnn.io.formats.torch_tensors import BFLOAT16, STORAGES

STORAGE_OF = {dtype: name for name, dtype in STORAGES.items() if dtype != BFLOAT16}
EPOCH = (1980, 1, 1, 0, 0, 0)  # of every member: the same state gives the same bytes


def write_torch(stream: BinaryIO, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays as a zip archive of torch's; each gets a storage of its own."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:

        def member(name: str, data: bytes | memoryview) -> None:
            archive.writestr(zipfile.ZipInfo(f"model/{name}", EPOCH), data)

        member("data.pkl", describe(arrays))
        member("byteorder", b"little")
        for key, array in enumerate(arrays.values()):
            # C order with the lowest byte first, whatever the array's own layout and the machine's.
            member(f"data/{key}", array.astype(array.dtype.newbyteorder("<")).tobytes())
        member("version", b"3\n")


def describe(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The pickle (protocol 2) that calls for these tensors."""
    pairs = [_text(name) + _tensor(key, array) for key, (name, array) in enumerate(arrays.items())]
    return b"".join([b"\x80\x02", ORDERED_DICT, b"(", *pairs, b"u."])


def _tensor(key: int, array: np.ndarray) -> bytes:
    """_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)"""
    if array.dtype.name not in STORAGE_OF:
        raise InputError(f"torch files: no tensor holds {array.dtype}; convert the array to float32.")
    storage = _global(STORAGE_OF[array.dtype.name])
    reference = _tuple(_text("storage"), storage, _text(str(key)), _text("cpu"), _int(array.size)) + b"Q"
    shape, strides = array.shape, _strides(array.shape)
    arguments = _tuple(
        reference, _int(0), _tuple(*map(_int, shape)), _tuple(*map(_int, strides)), b"\x89", ORDERED_DICT
    )
    return _global("torch._utils._rebuild_tensor_v2") + arguments + b"R"


def _strides(shape: tuple[int, ...]) -> list[int]:
    """Return the strides of a dense array in C order, in values: the products of the later sides."""
    return [int(np.prod(shape[axis + 1 :], dtype=np.int64)) for axis in range(len(shape))]


def _global(name: str) -> bytes:
    module, _, attribute = name.rpartition(".")
    return f"c{module}\n{attribute}\n".encode()


def _tuple(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def _text(text: str) -> bytes:
    data = text.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def _int(number: int) -> bytes:
    """LONG1: any length of number, lowest byte first."""
    data = number.to_bytes(8, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


ORDERED_DICT = _global("collections.OrderedDict") + b")R"
