"""Write a file completely or not at all: first beside its place, then renamed into it."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO


def atomic_write(path: str | os.PathLike, writer: Callable[[BinaryIO], object]) -> Path:
    """Let `writer` fill a new file, and show it under `path` only once it is whole.

    A reader of `path` sees the old bytes or the new ones, never a part. The temporary file lies in the same
    folder, because a rename is only atomic inside one file system. Missing folders are made.

    Parameters
    ----------
    path : where the file should stand
    writer : called once with a binary stream open for writing

    Returns
    -------
    Path
        `path`

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     atomic_write(f"{folder}/out/greeting.txt", lambda stream: stream.write(b"hello")).read_text()
    'hello'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with naming_the_file(path):
            with open(temporary, "wb") as stream:
                writer(stream)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    return path


@contextlib.contextmanager
def naming_the_file(path: str | os.PathLike) -> Iterator[None]:
    """Put the name of the file into an error of writing ("No space left on device" does not say where)."""
    try:
        yield
    except OSError as error:
        error.filename = os.fspath(path)
        raise


def sweep_temporaries(path: str | os.PathLike) -> None:
    """Remove what `atomic_write` left beside `path` when it was killed; call it where no other one writes."""
    path = Path(path)
    for stale in path.parent.glob(f".{path.name}.*.tmp"):
        stale.unlink(missing_ok=True)
