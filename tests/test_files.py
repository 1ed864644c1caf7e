"""A file is written whole or not at all, and a lock is one."""

import errno
import os
import secrets
import sys
from pathlib import Path

import pytest

from minimaskrcnn.errors import InputError
from minimaskrcnn.files import atomic_write, locked


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_content_arrives_and_nothing_else(tmp_path):
    written = atomic_write(tmp_path / "new" / "a.bin", lambda stream: stream.write(b"abc"))
    assert written.read_bytes() == b"abc"
    assert names(tmp_path / "new") == ["a.bin"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_writer_that_fails_leaves_the_old_file(tmp_path, error):
    def writer(stream):
        stream.write(b"half of the n")
        raise error

    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(error):
        atomic_write(path, writer)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    seen = []
    atomic_write(path, lambda stream: (stream.write(b"new"), stream.flush(), seen.append(path.read_bytes())))
    assert seen == [b"old"]
    assert path.read_bytes() == b"new"


def test_a_link_stays_and_the_file_behind_it_is_written(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "model.npz").symlink_to(tmp_path / "disk" / "model.npz")
    atomic_write(tmp_path / "model.npz", lambda stream: stream.write(b"new"))
    assert (tmp_path / "model.npz").is_symlink()
    assert (tmp_path / "disk" / "model.npz").read_bytes() == b"new"
    assert names(tmp_path / "disk") == ["model.npz"]


def test_a_device_is_written_to_and_not_replaced():
    atomic_write(os.devnull, lambda stream: stream.write(b"gone"))
    assert Path(os.devnull).is_char_device()


def test_a_temporary_file_follows_no_link_that_waits_for_it(tmp_path, monkeypatch):
    monkeypatch.setattr(secrets, "token_hex", lambda count: "guessed")
    (tmp_path / ".a.bin.guessed.tmp").symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError):
        atomic_write(tmp_path / "a.bin", lambda stream: stream.write(b"abc"))
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize("name", ["x" * 255, "円" * 85])
def test_the_longest_names_can_be_written(tmp_path, name):
    assert atomic_write(tmp_path / name, lambda stream: stream.write(b"abc")).read_bytes() == b"abc"


def test_a_lock_keeps_others_out_until_it_ends(tmp_path):
    with locked(tmp_path, "busy"), pytest.raises(InputError, match="busy"), locked(tmp_path, "busy"):
        pass
    with locked(tmp_path, "busy"):
        pass


def test_where_there_are_no_locks_nobody_is_kept_out(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def refuse(number):
        def flock(*arguments):
            raise OSError(number, "no")

        return flock

    monkeypatch.setattr(fcntl, "flock", refuse(errno.ENOLCK))
    with locked(tmp_path, "busy"):
        pass
    monkeypatch.setattr(fcntl, "flock", refuse(errno.EIO))
    with pytest.raises(OSError, match="no"), locked(tmp_path, "busy"):
        pass
    monkeypatch.setitem(sys.modules, "fcntl", None)  # as on Windows
    with locked(tmp_path, "busy"), locked(tmp_path, "busy"):
        pass
