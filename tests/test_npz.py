"""One reader for every .npz: what is written comes back, and no claim costs more than the file."""

import io
import tracemalloc
import zipfile

import numpy as np
import pytest

from minimaskrcnn.errors import InputError
from minimaskrcnn.npz import Claim, open_npz, write_npz


def header(descr, shape, data=b""):
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode("latin1")
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def packed(path, members, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def refusal(path):
    """The sentence with which a file is refused; that it cost next to nothing is asserted."""
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as refused, open_npz(path, "file") as file:
            file.read_all()
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()
    said = str(refused.value)
    assert str(path) in said
    assert said.isprintable()
    return said


ARRAYS = {
    "file": np.arange(6, dtype=np.float32).reshape(2, 3),
    "allow_pickle": np.ones(3),
    "a/b.npy": np.array(["ä", "\U0001f600"]),
    "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "big": np.arange(3, dtype=">f8"),
    "nothing": np.zeros((0, 5), bool),
    "one": np.array(7, np.uint16),
}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_every_name_and_layout_comes_back(tmp_path, method):
    with open(tmp_path / "a.npz", "wb") as stream:
        write_npz(stream, ARRAYS, method)
    with open_npz(tmp_path / "a.npz", "file") as file:
        assert file.claims == {name: Claim(array.dtype, array.shape) for name, array in ARRAYS.items()}
        for name, array in file.read_all().items():
            np.testing.assert_array_equal(array, ARRAYS[name], strict=True)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_writes_is_read(tmp_path, save):
    arrays = {name: array for name, array in ARRAYS.items() if name not in ("file", "allow_pickle")}
    save(tmp_path / "a.npz", **arrays)
    with open_npz(tmp_path / "a.npz", "file") as file:
        assert file.read_all().keys() == arrays.keys()


def test_the_bytes_are_those_of_numpy(tmp_path):
    ours, theirs = io.BytesIO(), io.BytesIO()
    write_npz(ours, {"a": ARRAYS["fortran"], "b": ARRAYS["big"]})
    np.savez(theirs, a=ARRAYS["fortran"], b=ARRAYS["big"])
    assert ours.getvalue() == theirs.getvalue()


HEADERS = {
    "values without size": (header("'|V0'", f"({10**12},)"), "not a plain array"),
    "texts without size": (header("'<U0'", f"({10**9}, {10**9})"), "no size"),
    "bytes without size": (header("'|S0'", f"({10**15},)"), "no size"),
    "empty beyond reason": (header("'<f4'", f"(0, {2**40})"), "beyond reason"),
    "forty sides": (header("'<f4'", "(" + "1, " * 40 + ")", bytes(4)), "beyond reason"),
    "more than it has": (header("'<f4'", f"({2**40},)"), "claims more numbers"),
    "less than it has": (header("'<f4'", "(1,)", bytes(8)), "or fewer"),
    "a number of 30 digits": (header("'<f4'", f"({10**30},)"), "not a plain array"),
    "a negative side": (header("'<f4'", "(-1,)", bytes(4)), "not a plain array"),
    "a side that is true": (header("'<f4'", "(True,)", bytes(4)), "not a plain array"),
    "a sum": (header("'<f4'", "(1+1,)", bytes(8)), "not a plain array"),
    "a call": (header("'<f4'", "__import__('os').system('exit 1')"), "not a plain array"),
    "a pickle": (header("'|O'", "(1,)", b"cos\nsystem\n."), "pickled objects are refused"),
    "records": (header("[('a', '<f4')]", "(1,)", bytes(4)), "not a plain array"),
    "dates": (header("'<M8[s]'", "(1,)", bytes(8)), "not a plain array"),
    "many minuses": (b"\x93NUMPY\x01\x00" + (9000).to_bytes(2, "little") + b"-" * 8999 + b"1", "not a plain"),
    "a long header": (b"\x93NUMPY\x01\x00" + (60000).to_bytes(2, "little") + b" " * 60000, "not a plain"),
    "a header of 4 GB": (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}", "not a plain"),
    "an unknown version": (b"\x93NUMPY\x09\x09\x02\x00{}", "not a plain"),
    "no array": (b"hello", "not a plain array"),
    "nothing": (b"", "not a plain array"),
    "text that is none": (header("'<U1'", "()", b"\xff" * 4), "text that is none"),
}


@pytest.mark.parametrize("kind", HEADERS)
def test_a_header_that_claims_too_much_or_no_plain_array(tmp_path, kind):
    data, said = HEADERS[kind]
    assert said in refusal(packed(tmp_path / "a.npz", [("a.npy", data)]))


def test_a_member_without_the_ending_or_there_twice(tmp_path):
    data = header("'<f4'", "(1,)", bytes(4))
    assert "x is no array" in refusal(packed(tmp_path / "a.npz", [("x", data)]))
    with pytest.warns(UserWarning, match="Duplicate"):
        packed(tmp_path / "b.npz", [("x.npy", data), ("x.npy", data)])
    assert "there twice" in refusal(tmp_path / "b.npz")


def test_a_list_of_members_that_is_longer_than_any_is_not_read(tmp_path):
    entry = b"PK\x01\x02" + bytes(24) + b"\x01\x00" + bytes(16) + b"a"
    listed = entry * 30_000
    end = bytes(4) + b"\xff\xff\xff\xff" + len(listed).to_bytes(4, "little") + bytes(6)
    (tmp_path / "a.npz").write_bytes(listed + b"PK\x05\x06" + end)
    assert "lists its members in 1,410,000 bytes" in refusal(tmp_path / "a.npz")


def test_arrays_that_swell_beyond_the_file(tmp_path):
    zeros = header("'|u1'", f"({2**27},)") + bytes(2**27)
    assert "times as many bytes" in refusal(
        packed(tmp_path / "a.npz", [("a.npy", zeros)], zipfile.ZIP_DEFLATED)
    )


def test_no_file_a_folder_and_one_without_permission(tmp_path, monkeypatch):
    assert "there is no such file" in refusal(tmp_path / "a.npz")
    assert "is a folder or a device" in refusal(tmp_path)
    (tmp_path / "a.npz").touch()

    def denied(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(io, "FileIO", denied)
    assert "cannot be opened (Permission denied)" in refusal(tmp_path / "a.npz")


def test_a_checksum_that_does_not_fit(tmp_path):
    packed(tmp_path / "a.npz", [("a.npy", header("'<f4'", "(2,)", b"\x01\x02\x03\x04" * 2))])
    data = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(data.replace(b"\x01\x02\x03\x04", b"\x01\x02\x03\x05", 1))
    assert "damaged or truncated" in refusal(tmp_path / "a.npz")
