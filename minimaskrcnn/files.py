"""Write a file completely or not at all: first under a temporary name, which is then renamed."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO


def atomic_write(path: str | os.PathLike, writer: Callable[[BinaryIO], object]) -> Path:
    """Let `writer` fill a temporary file, and rename it to `path` once it is complete.

    A reader of `path` sees the old bytes or the new ones, never a part of them. The temporary file is in the
    same folder, because a rename is only atomic within one file system. Missing folders are created.

    Parameters
    ----------
    path : str or path
        The file to write.
    writer : callable
        Called once with a binary stream that is open for writing.

    Returns
    -------
    Path
        `path`, as a Path.

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
    """Add the name of the file to an error; "No space left on device" does not say which file it was."""
    try:
        yield
    except OSError as error:
        error.filename = os.fspath(path)
        raise


def sweep_temporaries(path: str | os.PathLike) -> None:
    """Remove temporary files of `path` that a killed `atomic_write` left behind.

    Only call this when no other process is writing `path`.
    """
    path = Path(path)
    for stale in path.parent.glob(f".{path.name}.*.tmp"):
        stale.unlink(missing_ok=True)
