"""Read what `torch.save` wrote, without torch: a description of tensors, and records of their bytes.

    since torch 1.6   a zip archive, nothing compressed:  NAME/data.pkl, NAME/data/0, NAME/data/1, ...
    before            pickles one after the other, then the bytes:  magic, version, machine, state, keys, ...

The COCO models that torchvision published in 2019 are of the second kind. What a file claims is held against
its length before room is made for it, so that a hostile file costs no more than some multiple of its size.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from minimaskrcnn.archives import Piecewise
from minimaskrcnn.errors import InputError
from minimaskrcnn.io.formats.plain_pickle import Inert, Name, PlainPickle
from minimaskrcnn.io.formats.torch_tensors import ByteOrder, Claims, Storage, TensorClaim

ZIP_MAGIC = b"PK\x03\x04"
PICKLE_MAGIC = b"\x80"
LEGACY_MAGIC, LEGACY_VERSION = 0x1950A86A20F9469CFC6C, 1001
# Where training checkpoints keep the state, or a dict that holds it; the last two are its moving average.
WRAPPERS = (
    *("model", "state_dict", "model_state_dict", "model_state", "net", "network", "module", "weights"),
    *("params", "checkpoint", "ema", "model_ema"),
)
MAX_DEPTH = 3  # dicts around the state
MAX_KEYS = 8  # that a refusal lists
MAX_REPEATS = 4  # times the file's size that tensors sharing storages may claim together
LOCAL_HEADER = 30  # bytes before a member's name
ENCRYPTED_FLAG, UTF8_FLAG = 0x1, 0x800

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class TorchFile:
    """A file of torch whose description has been read, and whose numbers have not.

    Attributes
    ----------
    state : dict from name to TensorClaim, in the file's order
    """

    state: dict[str, TensorClaim]
    _load: Callable[[Storage], np.ndarray]
    _values: Arrays = field(default_factory=dict)  # of the storages that were read, by key

    def read(self, name: str) -> np.ndarray:
        """One tensor; those that share a storage share memory here too."""
        storage = self.state[name].storage
        if storage.key not in self._values:
            self._values[storage.key] = self._load(storage)
        return self.state[name].view(self._values[storage.key])


@contextlib.contextmanager
def open_torch(path: str | Path) -> Iterator[TorchFile]:
    """Read what a .pth file says about its tensors.

    A checkpoint that keeps its state under one of `WRAPPERS`, or its only one under another name, is
    unwrapped; what it holds beside it (the state of an optimiser, a schedule, settings) stays unread.

    Raises
    ------
    InputError
        If the file is not of torch, is damaged, or says anything that is not plain data about tensors.
    """
    with Piecewise(io.FileIO(path)) as stream:
        start = stream.read(len(ZIP_MAGIC))
        stream.seek(0)
        yield _open_zip(stream) if start == ZIP_MAGIC else _open_legacy(stream)


def read_torch(path: str | Path) -> Arrays:
    """The state dict of a .pth file, name to array in the file's order.

    bfloat16 becomes float32, which holds it exactly; other dtypes stay.

    Raises
    ------
    InputError
        As `open_torch`; or if a checksum does not fit.
    """
    with open_torch(path) as file:
        return {name: file.read(name) for name in file.state}


def _state(value: Any, file_size: int) -> dict[str, TensorClaim]:
    """The dict of tensors in what a file holds."""
    candidates = list(_candidates(value, MAX_DEPTH, set()))
    states = (*filter(_is_state, candidates), *filter(None, map(_among_plain_values, candidates)))
    state = states[0] if states else _only_state(value)
    if not all(isinstance(name, str) for name in state):
        raise InputError("holds tensors under numbers, not names; save a plain model.state_dict().")
    if sum(tensor.nbytes for tensor in state.values()) > MAX_REPEATS * file_size:
        raise InputError("claims many times the numbers it holds; refused before reading them.")
    return state


def _is_state(value: Any) -> bool:
    """Whether it is a dict of tensors."""
    return isinstance(value, dict) and bool(value) and all(type(v) is TensorClaim for v in value.values())


def _among_plain_values(held: dict[Any, Any]) -> dict[Any, TensorClaim]:
    """The tensors of a dict that else holds None, numbers and texts; none if it holds anything more."""
    tensors = {name: item for name, item in held.items() if type(item) is TensorClaim}
    plain = sum(item is None or isinstance(item, int | float | str) for item in held.values())
    return tensors if len(tensors) + plain == len(held) else {}


def _only_state(value: Any) -> dict[Any, TensorClaim]:
    """The only dict of tensors that a dict holds, whatever its name there."""
    states = {key: held for key, held in value.items() if _is_state(held)} if isinstance(value, dict) else {}
    if len(states) == 1:
        return next(iter(states.values()))
    if states:
        listed = ", ".join(str(key)[:60] for key in list(states)[:MAX_KEYS])
        raise InputError(
            f"holds {len(states)} state dicts ({listed}), and their names do not say which is the model's; "
            "save that one alone."
        )
    raise InputError(
        f"holds no state dict (names with a tensor each) by itself or under {', '.join(WRAPPERS)}; it holds "
        f"{_contents(value)}. Save one with torch.save(model.state_dict(), ...)."
    )


def _candidates(value: Any, depth: int, seen: set[int]) -> Iterator[dict[Any, Any]]:
    """Yield a dict, then those that it holds under `WRAPPERS`, in their order; each one once."""
    if not isinstance(value, dict) or id(value) in seen:
        return
    seen.add(id(value))
    yield value
    if depth:
        for name in WRAPPERS:
            yield from _candidates(value.get(name), depth - 1, seen)


def _contents(value: Any) -> str:
    """Describe the content of a file in words: the keys of a dict and the types of their values."""
    if not isinstance(value, dict):
        return _kind(value)
    listed = [f"{str(key)[:60]} ({_kind(item)})" for key, item in list(value.items())[:MAX_KEYS]]
    more = len(value) - len(listed)
    return (
        "the keys " + ", ".join(listed) + (f", and {more} more" if more > 0 else "") if listed else "nothing"
    )


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return f"a dict of {', '.join(str(key)[:60] for key in list(value)[:2]) or 'nothing'}"
    if isinstance(value, Inert | Name):
        return value.text
    return "a tensor" if isinstance(value, TensorClaim) else f"a {type(value).__name__}"


def _read(stream: BinaryIO, start: int, length: int) -> np.ndarray:
    """Bytes (length,) of the file; the caller has made sure that it holds them."""
    stream.seek(start)
    raw = np.empty(length, np.uint8)
    if stream.readinto(raw) != length:  # type: ignore[attr-defined]
        raise InputError("became shorter while it was read; get the file again.")
    return raw


# ---- the zip archive -----------------------------------------------------------------------------------


class _Member(NamedTuple):
    """Where a member's bytes lie in the file."""

    start: int
    length: int
    crc: int


def _open_zip(stream: BinaryIO) -> TorchFile:
    members = _members(stream)
    prefixes = [name.removesuffix("data.pkl") for name in members if re.fullmatch(r"[^/]+/data\.pkl", name)]
    if len(prefixes) != 1:
        raise InputError("a zip archive, but not one of torch.save (no NAME/data.pkl inside).")
    records = {
        name.removeprefix(prefixes[0]): m for name, m in members.items() if name.startswith(prefixes[0])
    }
    description = records["data.pkl"]
    _checked(stream, description)
    stream.seek(description.start)
    claims = Claims()
    value = PlainPickle(
        stream, description.start + description.length, claims.makers, claims.dereference
    ).load()
    for key, storage in claims.storages.items():
        record = records.get(f"data/{key}")
        if record is None:
            raise InputError(f"has no record data/{key}, which a tensor needs; get the file again.")
        if record.length != storage.nbytes:
            raise InputError(
                f"claims {storage.nbytes:,} bytes in record data/{key}, which has {record.length:,}; "
                "refused before reading them."
            )
    state = _state(value, os.fstat(stream.fileno()).st_size)
    order = _byte_order(stream, records)
    return TorchFile(state, lambda s: s.decode(_checked(stream, records[f"data/{s.key}"]), order))


def _checked(stream: BinaryIO, member: _Member) -> np.ndarray:
    """A member's bytes, with the checksum that the archive has for them."""
    raw = _read(stream, member.start, member.length)
    if zlib.crc32(raw.data) != member.crc:
        raise InputError("damaged: a checksum inside does not fit; get the file again.")
    return raw


def _byte_order(stream: BinaryIO, records: Mapping[str, _Member]) -> ByteOrder:
    record = records.get("byteorder")
    if record is None or record.length > len("little"):
        return "<"
    return ">" if _checked(stream, record).tobytes() == b"big" else "<"


def _members(stream: BinaryIO) -> dict[str, _Member]:
    """Every member by name, if the archive is one that torch could have written.

    torch stores members uncompressed, so what a member claims is what it takes: there is nothing to inflate.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            infos, end = archive.infolist(), archive.start_dir
    except (zipfile.BadZipFile, OSError, ValueError, OverflowError, NotImplementedError) as error:
        raise InputError(f"damaged or truncated ({error}); get the file again.") from error
    if any(info.filename.endswith("/constants.pkl") for info in infos):
        raise InputError(
            "a TorchScript program, which would have to be run; save model.state_dict() instead."
        )
    members: dict[str, _Member] = {}
    for info in sorted(infos, key=lambda info: info.header_offset, reverse=True):
        _check_name(info.filename, members)
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & ENCRYPTED_FLAG:
            raise InputError("compressed or encrypted inside, which torch.save never does; refused unread.")
        start = _data_start(stream, info)
        if info.compress_size != info.file_size or start + info.file_size > end:
            raise InputError("claims members that overlap or reach beyond the archive; refused unread.")
        members[info.filename] = _Member(start, info.file_size, info.CRC)
        end = info.header_offset  # the member before this one ends here at the latest
    return members


def _check_name(name: str, members: Mapping[str, _Member]) -> None:
    parts = name.split("/")
    if "\\" in name or any(part in ("", "..", ".") for part in parts) or name in members:
        raise InputError("holds a member whose name is a path elsewhere or taken; refused unread.")


def _data_start(stream: BinaryIO, info: zipfile.ZipInfo) -> int:
    """Behind the member's own header, which repeats its name and may have another padding."""
    stream.seek(max(info.header_offset, 0))
    header = stream.read(LOCAL_HEADER)
    if len(header) < LOCAL_HEADER or not header.startswith(ZIP_MAGIC):
        raise InputError("damaged: the archive points to a member that is not there; get the file again.")
    name_length, padding = struct.unpack("<HH", header[26:])
    encoding = "utf-8" if info.flag_bits & UTF8_FLAG else "cp437"
    if stream.read(name_length) != info.orig_filename.encode(encoding):
        raise InputError("has two names for one member; refused unread.")
    return info.header_offset + LOCAL_HEADER + name_length + padding


# ---- pickles one after the other -----------------------------------------------------------------------


def _open_legacy(stream: BinaryIO) -> TorchFile:
    size = os.fstat(stream.fileno()).st_size
    if stream.read(1) != PICKLE_MAGIC:
        raise InputError("not a file of torch.save (neither a zip archive nor a pickle); check the path.")
    stream.seek(0)
    for expected in (LEGACY_MAGIC, LEGACY_VERSION):
        if PlainPickle(stream, size, {}).load() != expected:
            raise InputError("a pickle, but not one of torch.save; loading others could run code.")
    machine = PlainPickle(stream, size, {}).load()
    order: ByteOrder = ">" if isinstance(machine, dict) and machine.get("little_endian") is False else "<"
    claims = Claims()
    value = PlainPickle(stream, size, claims.makers, claims.dereference).load()
    keys = PlainPickle(stream, size, {}).load()
    state = _state(value, size)
    records = dict(_legacy_records(stream, keys, claims.storages, size))
    return TorchFile(state, lambda s: s.decode(_read(stream, records[s.key], s.nbytes), order))


def _legacy_records(
    stream: BinaryIO, keys: Any, storages: Mapping[str, Storage], size: int
) -> Iterator[tuple[str, int]]:
    """Find where the bytes of each storage begin, in the order of `keys`; a count of values precedes them."""
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise InputError("damaged: the list of its storages is none; get the file again.")
    if sorted(keys) != sorted(storages):
        raise InputError("damaged: the list of its storages is not that of its tensors; get the file again.")
    position = stream.tell()
    for key in keys:
        stream.seek(position)
        count, start = stream.read(8), position + 8
        position = start + storages[key].nbytes
        if position > size:
            raise InputError("cut off: it claims more bytes than it has; get the file again.")
        if int.from_bytes(count, "little") != storages[key].count:
            raise InputError(f"damaged: storage {key} has another length than claimed; get the file again.")
        yield key, start
