"""Files of strangers: opened with a limit on what is read at once, and with one kind of error.

A zip archive ends with a list of its members. `zipfile` reads that list in one piece, however long the file
says it is, and makes an object of each entry; here a list that no archive of arrays has is refused instead.
"""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from minimaskrcnn.errors import InputError

MOST_AT_ONCE = 2**20  # bytes: a list of some 10,000 members


class Piecewise(io.BufferedReader):
    """A file open for reading that hands out at most `MOST_AT_ONCE` bytes at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read `size` bytes; without it the rest of the file."""
        if size is None or size < 0:
            size = os.fstat(self.fileno()).st_size - self.tell()
        if size > MOST_AT_ONCE:
            raise zipfile.BadZipFile(f"lists its members in {size:,} bytes, more than any archive of arrays")
        return super().read(size)


@contextlib.contextmanager
def opened(path: str | os.PathLike[str], subject: str) -> Iterator[Piecewise]:
    """Open a regular file for reading in pieces; `subject` stands before the path in every refusal.

    Raises
    ------
    InputError
        If there is no such file, or it cannot be opened.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{subject} {path}: there is no such file; check the path.")
    if not path.is_file():
        raise InputError(f"{subject} {path}: this is a folder or a device and not a file; check the path.")
    try:
        file = io.FileIO(path)
    except OSError as error:
        raise InputError(f"{subject} {path}: cannot be opened ({error.strerror}).") from error
    with Piecewise(file) as stream:
        yield stream


@contextlib.contextmanager
def one_sentence(subject: str) -> Iterator[None]:
    """Turn whatever a parser raises at the bytes of a stranger into one `InputError` about `subject`."""
    try:
        yield
    except InputError:
        raise
    except MemoryError as error:
        raise InputError(f"{subject}: needs more memory than there is.") from error
    except Exception as error:  # zipfile, zlib and NumPy name no complete list of what they raise
        words = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(f"{subject}: damaged or truncated ({words:.200}); copy or save it again.") from error
