"""A file is written whole or not at all."""

import pytest

from minimaskrcnn.files import atomic_write


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
