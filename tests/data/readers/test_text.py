"""A file that cannot be read is one sentence that names it, also where memory runs out."""

from pathlib import Path

import pytest

from minimaskrcnn.data.readers.text import as_json, as_text, read_bytes
from minimaskrcnn.errors import InputError

PATH = Path("big.json")


def no_memory(*args):
    raise MemoryError


def test_a_file_that_does_not_fit_into_memory(monkeypatch):
    monkeypatch.setattr(Path, "read_bytes", no_memory)
    with pytest.raises(InputError, match=r"big\.json needs more memory than there is; split it"):
        read_bytes(PATH)


def test_json_that_does_not_fit_into_memory(monkeypatch):
    monkeypatch.setattr("minimaskrcnn.data.readers.text.json.loads", no_memory)
    with pytest.raises(InputError, match=r"big\.json needs more memory than there is; split it"):
        as_json(b"{}", PATH)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\xff\xfe{", r"big\.json is not JSON|not UTF-8"),
        (b"[" * 100_000, r"big\.json is not JSON \(nested too deeply\)"),
        (b"{", r"big\.json is not JSON \("),
    ],
)
def test_what_is_no_json_is_named(data, sentence):
    with pytest.raises(InputError, match=sentence):
        as_json(data, PATH)


def test_text_in_another_encoding_is_named():
    with pytest.raises(InputError, match=r"big\.json is not UTF-8"):
        as_text("Zürich".encode("latin-1"), PATH)
