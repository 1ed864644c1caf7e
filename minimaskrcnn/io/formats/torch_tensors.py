"""The content of a torch file: storages, and tensors that are views of them. Claims first, numbers later.

A tensor is not in the pickle, only a description of it: which storage, from which value on, shape, strides.
Value (i, j, ...) of the tensor is value offset + i*strides[0] + j*strides[1] + ... of the storage, so a
description can be checked against the storage's length before anything is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from minimaskrcnn.errors import InputError
from minimaskrcnn.io.formats.plain_pickle import Makers, Name

ByteOrder = Literal["<", ">"]
BFLOAT16 = "bfloat16"
STORAGES = {
    "torch.FloatStorage": "float32",
    "torch.DoubleStorage": "float64",
    "torch.HalfStorage": "float16",
    "torch.BFloat16Storage": BFLOAT16,
    "torch.LongStorage": "int64",
    "torch.IntStorage": "int32",
    "torch.ShortStorage": "int16",
    "torch.CharStorage": "int8",
    "torch.ByteStorage": "uint8",
    "torch.BoolStorage": "bool",
}
MAX_DIMENSIONS = 32
MAX_EMPTY = 2**31  # values that the other sides of an empty tensor may name


@dataclass(frozen=True)
class Storage:
    """A run of `count` values of one type, in the record `key` of the file."""

    key: str
    dtype: str
    count: int

    @property
    def itemsize(self) -> int:
        """Bytes of one value in the file."""
        return 2 if self.dtype == BFLOAT16 else np.dtype(self.dtype).itemsize

    @property
    def nbytes(self) -> int:
        """Length of the record."""
        return self.count * self.itemsize

    def decode(self, raw: np.ndarray, byte_order: ByteOrder) -> np.ndarray:
        """The values (count,) of the record's bytes; bfloat16, which NumPy lacks, becomes float32 exactly."""
        if self.dtype == BFLOAT16:
            # The upper half of a float32: the lower half is zeros.
            high = raw.view(np.dtype(np.uint16).newbyteorder(byte_order)).astype(np.uint32)
            return (high << 16).view(np.float32)
        stored = np.dtype(self.dtype).newbyteorder(byte_order)
        return raw.view(stored).astype(self.dtype, copy=False)


@dataclass(frozen=True)
class TensorClaim:
    """A tensor as described; it lies within its storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype:
        """Type of the values once they are read."""
        return np.dtype("float32" if self.storage.dtype == BFLOAT16 else self.storage.dtype)

    @property
    def nbytes(self) -> int:
        """Bytes of the tensor's own values."""
        return math.prod(self.shape) * self.storage.itemsize

    def view(self, values: np.ndarray) -> np.ndarray:
        """The tensor as a view of its storage's values (count,)."""
        if 0 in self.shape:
            return np.empty(self.shape, values.dtype)
        step = values.itemsize
        # Of an axis of length 1 the stride is never taken, and may be any number.
        strides = [stride * step * (n > 1) for n, stride in zip(self.shape, self.strides, strict=True)]
        return np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, strides)


class Claims:
    """Collects the storages that a pickle refers to, and makes its tensors."""

    def __init__(self) -> None:
        self.storages: dict[str, Storage] = {}
        allowed: dict[str, Callable[[tuple[Any, ...]], Any] | None] = {
            "collections.OrderedDict": _ordered_dict,
            "torch._utils._rebuild_tensor_v2": _tensor,
            "torch._utils._rebuild_parameter": _parameter,
        }
        self.makers: Makers = allowed | dict.fromkeys(STORAGES) | {f"torch.{d}": None for d in DTYPES}

    def dereference(self, reference: Any) -> Storage:
        """The storage that a reference ("storage", type, key, device, count) names."""
        if not isinstance(reference, tuple) or len(reference) not in (5, 6) or reference[0] != "storage":
            raise InputError("damaged: a reference that names no storage; get the file again.")
        _, kind, key, _, count, *view = reference
        if not isinstance(kind, Name) or kind.text not in STORAGES or view not in ([], [None]):
            raise InputError("damaged: a storage of an unknown type; save a plain model.state_dict().")
        if not (isinstance(key, str) and key.isascii() and key.isdecimal()):
            raise InputError("damaged: a storage whose key is no number; it was refused unread.")
        if not _is_natural(count):
            raise InputError("damaged: a storage whose length is no number; it was refused unread.")
        storage = Storage(key, STORAGES[kind.text], count)
        if self.storages.setdefault(key, storage) != storage:
            raise InputError(f"damaged: storage {key} is described in two ways; get the file again.")
        return storage


DTYPES = (*STORAGES.values(), "half", "float", "double", "long", "int", "short")


def _ordered_dict(arguments: tuple[Any, ...]) -> dict[str, Any]:
    if arguments:
        raise InputError("damaged: an ordered dict made of something; save a plain model.state_dict().")
    return {}


def _tensor(arguments: tuple[Any, ...]) -> TensorClaim:
    """(storage, offset, shape, strides, requires_grad, hooks) and, lately, metadata."""
    if len(arguments) not in (6, 7) or not isinstance(arguments[0], Storage):
        raise InputError("damaged: a tensor without a storage; get the file again.")
    storage, offset, shape, strides = arguments[:4]
    if not (_is_natural(offset) and _are_naturals(shape) and _are_naturals(strides)):
        raise InputError("claims a tensor whose offset, shape or strides are no natural numbers; refused.")
    if len(shape) != len(strides) or len(shape) > MAX_DIMENSIONS:
        raise InputError(f"claims a tensor of {len(shape)} sides and {len(strides)} strides; refused.")
    if 0 in shape:
        if math.prod(max(n, 1) for n in shape) > MAX_EMPTY:
            raise InputError("claims an empty tensor with sides beyond reason; refused.")
    elif offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True)) >= storage.count:
        raise InputError("claims a tensor that reaches beyond its storage; refused before reading it.")
    elif math.prod(shape) > storage.count:
        raise InputError("claims a tensor of more values than its storage holds; refused before reading it.")
    return TensorClaim(storage, offset, shape, strides)


def _parameter(arguments: tuple[Any, ...]) -> TensorClaim:
    """(tensor, requires_grad, hooks): the tensor."""
    if len(arguments) != 3 or not isinstance(arguments[0], TensorClaim):
        raise InputError("damaged: a parameter without a tensor; get the file again.")
    return arguments[0]


def _is_natural(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _are_naturals(values: Any) -> bool:
    return isinstance(values, tuple) and all(map(_is_natural, values))
