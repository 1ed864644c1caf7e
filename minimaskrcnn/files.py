"""Write a file completely or not at all: first under a temporary name, which is then renamed. And locks."""

import contextlib
import errno
import glob
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from minimaskrcnn.errors import InputError


def atomic_write(path: str | os.PathLike[str], writer: Callable[[BinaryIO], object]) -> Path:
    """Let `writer` fill a temporary file, and rename it to `path` once it is complete.

    A reader of `path` sees the old bytes or the new ones, never a part of them. The temporary file is in the
    same folder, because a rename is only atomic within one file system. Missing folders are created. A
    symbolic link stays: the file that it points to is written. A device or a pipe (`/dev/null`) is written
    to, because renaming would put a file in its place.

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
    if path.exists() and not path.is_file() and not path.is_dir():
        with naming_the_file(path), open(path, "wb") as stream:
            writer(stream)
        return path
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{_beginning(target)}.{secrets.token_hex(4)}.tmp")
    try:
        with naming_the_file(path):
            with open(temporary, "wb", opener=_create) as stream:
                writer(stream)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)
    return path


def _beginning(path: Path) -> str:
    """The name of a file as far as its temporary files repeat it: names may have at most 255 bytes."""
    return path.name[:50]


def _create(path: str, flags: int) -> int:
    """Open a new file; a file or a link that somebody put there is an error and is not followed."""
    return os.open(path, flags | os.O_EXCL, 0o666)


def _sync_folder(folder: Path) -> None:
    """Write the new name to the disk, so that it outlives a loss of power; not every system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def naming_the_file(path: str | os.PathLike[str]) -> Iterator[None]:
    """Add the name of the file to an error; "No space left on device" does not say which file it was."""
    try:
        yield
    except OSError as error:
        error.filename = os.fspath(path)
        raise


def sweep_temporaries(path: str | os.PathLike[str]) -> None:
    """Remove temporary files of `path` that a killed `atomic_write` left behind.

    Only call this when no other process is writing `path`.
    """
    path = Path(os.path.realpath(path))
    for stale in path.parent.glob(f".{glob.escape(_beginning(path))}.*.tmp"):
        stale.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(path: Path, busy: str) -> Iterator[None]:
    """Lock a file or folder itself, so that no lock file is left behind; the lock ends with the process.

    Raises
    ------
    InputError
        With the sentence `busy`, if another process has locked it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(busy) from error
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP):  # a network file system without locks
                raise
        yield
    finally:
        os.close(descriptor)
