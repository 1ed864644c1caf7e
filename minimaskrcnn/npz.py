"""The one reader and writer of `.npz` files: a zip archive with a member NAME.npy for each array.

    with open_npz("a.npz", "trace") as file:
        file.claims["boxes"]         # Claim(dtype('float32'), (7, 4)): what the header says
        file.read("boxes")           # the array, once its claim is known to be wanted

No file is trusted. A header is matched, never evaluated; it is held against the length of its member before
room is made for the array, and the members together against the length of the file. Nothing is unpickled.

Source: the format is described in `numpy.lib.format`.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import IO, BinaryIO, NamedTuple

import numpy as np

from minimaskrcnn.archives import Piecewise, one_sentence, opened
from minimaskrcnn.errors import InputError

# {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } with a type of plain numbers or text
HEADER = re.compile(
    r"\s*\{\s*'descr'\s*:\s*'(?P<dtype>[<>|=]?[biufcUS]\d{1,9})'\s*,"
    r"\s*'fortran_order'\s*:\s*(?:True|False)\s*,"
    r"\s*'shape'\s*:\s*\((?P<shape>(?:\s*\d{1,18}L?\s*,)*\s*(?:\d{1,18}L?)?)\s*\)\s*,?\s*\}\s*"
)
MAGIC, LENGTHS = b"\x93NUMPY", {b"\x01\x00": 2, b"\x02\x00": 4}  # bytes of the header's own length
MAX_HEADER = 10_000
MAX_SIDES = 32
MAX_EMPTY = 2**31  # values that the other sides of an empty array may name
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
STRAY = "allow_pickle"  # NumPy before 2.2 stored this keyword of `savez` as one more array

# Members that are longer than the file: by this factor, by SMALL bytes, and never by more than MOST_BEYOND.
SWELLING, SMALL, MOST_BEYOND = 100, 64 * 2**20, 4 * 2**30


class Claim(NamedTuple):
    """What the header of an array says about it."""

    dtype: np.dtype
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of the array's values."""
        return math.prod(self.shape) * self.dtype.itemsize


class NpzFile:
    """An `.npz` whose headers have been read and agree with the lengths of its members.

    Attributes
    ----------
    claims : dict from name to Claim, in the file's order
    """

    def __init__(self, archive: zipfile.ZipFile, claims: dict[str, Claim], subject: str):
        self._archive, self.claims, self._subject = archive, claims, subject

    def read(self, name: str) -> np.ndarray:
        """One array.

        Raises
        ------
        InputError
            If its bytes are damaged, or the memory does not suffice.
        """
        with one_sentence(self._subject), self._archive.open(f"{name}.npy") as member:
            array = np.lib.format.read_array(member, allow_pickle=False)
            member.read(1)  # nothing is left, but the checksum is looked at where a member ends
            if array.dtype.kind == "U" and not _is_unicode(array):
                raise InputError(f"{self._subject}: {name} holds text that is none; copy or save it again.")
        return array

    def read_all(self) -> dict[str, np.ndarray]:
        """Every array by name."""
        return {name: self.read(name) for name in self.claims}


@contextlib.contextmanager
def open_npz(path: str | os.PathLike[str], subject: str, swelling: float = SWELLING) -> Iterator[NpzFile]:
    """Read the headers of an `.npz`.

    Parameters
    ----------
    path : file
    subject : what the file should be, for the refusals: "trace", "checkpoint"
    swelling : how many times as long as the file the arrays may be, if they are over 64 MB

    Raises
    ------
    InputError
        If the file is missing, no archive of arrays, damaged, or claims what it does not hold. The sentence
        names the file.
    """
    subject_path = f"{subject} {os.fspath(path)}"
    with opened(path, subject) as stream, contextlib.ExitStack() as stack:
        with one_sentence(subject_path):
            archive = stack.enter_context(zipfile.ZipFile(stream))
            claims = _claims(archive, os.fstat(stream.fileno()).st_size, swelling, subject_path)
        yield NpzFile(archive, claims, subject_path)


def write_npz(stream: BinaryIO, arrays: Mapping[str, np.ndarray], method: int = zipfile.ZIP_STORED) -> None:
    """Write named arrays, as `numpy.savez` does but under any name; the same arrays give the same bytes."""
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def is_npz(stream: Piecewise) -> bool:
    """Whether a zip archive holds arrays of NumPy."""
    with one_sentence("the archive"), zipfile.ZipFile(stream) as archive:
        return any(name.endswith(".npy") for name in archive.namelist())


def _claims(archive: zipfile.ZipFile, size: int, swelling: float, subject: str) -> dict[str, Claim]:
    """The claim of each member, held against its length, before NumPy makes room for it."""
    members = archive.infolist()
    limit = min(max(swelling * size, SMALL), size + MOST_BEYOND)
    if sum(member.file_size for member in members) > limit:
        raise InputError(
            f"{subject}: claims {limit / size:.0f} times as many bytes as it has; refused unread."
        )
    claims: dict[str, Claim] = {}
    for member in members:
        name = member.filename.removesuffix(".npy")
        if name == member.filename or name in claims:
            raise InputError(f"{subject}: {member.filename[:80]} is no array, or there twice; save it again.")
        if member.compress_type not in METHODS:
            raise InputError(f"{subject}: compressed in a way that NumPy does not use; save it again.")
        with archive.open(member) as stream:
            claim = _header(stream, f"{subject}: {name[:80]}")
            if stream.tell() + claim.nbytes != member.file_size:
                raise InputError(
                    f"{subject}: {name[:80]} claims more numbers than it has bytes for, or fewer; copy or "
                    "save it again."
                )
        if name != STRAY or claim != Claim(np.dtype(bool), ()):
            claims[name] = claim
    return claims


def _header(stream: IO[bytes], subject: str) -> Claim:
    """What a member says about its array."""
    magic, version = stream.read(len(MAGIC)), stream.read(2)
    if magic != MAGIC or version not in LENGTHS:
        raise InputError(f"{subject} is not a plain array of NumPy; save it with minimaskrcnn.")
    length = int.from_bytes(stream.read(LENGTHS[version]), "little")
    found = HEADER.fullmatch(stream.read(min(length, MAX_HEADER)).decode("latin1"))
    if found is None or length > MAX_HEADER:
        raise InputError(
            f"{subject} is not a plain array of numbers or text; dates, records and pickled objects are "
            "refused because they are no weights or pixels, and loading the last could run code."
        )
    dtype = np.dtype(found["dtype"])
    shape = tuple(int(side.rstrip("L")) for side in found["shape"].replace(" ", "").split(",") if side)
    sane = len(shape) <= MAX_SIDES and (0 not in shape or math.prod(max(n, 1) for n in shape) <= MAX_EMPTY)
    if not dtype.itemsize or not sane:
        raise InputError(f"{subject} has values of no size, or sides beyond reason; refused unread.")
    return Claim(dtype, shape)


def _is_unicode(array: np.ndarray) -> bool:
    codes = np.frombuffer(array.astype(array.dtype.newbyteorder("=")).tobytes(), np.uint32)
    return bool((codes <= 0x10FFFF).all())
