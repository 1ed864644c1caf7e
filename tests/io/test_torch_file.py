"""torch's files are read as data: what torch wrote comes back equal, what tries more is refused unread."""

import contextlib
import pickle
import random
import re
import struct
import tracemalloc
import zipfile
from collections import defaultdict, deque
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn.errors import InputError
from minimaskrcnn.io.formats.plain_pickle import PlainPickle
from minimaskrcnn.io.formats.torch_file import MAX_DEPTH, WRAPPERS, _candidates, read_torch
from minimaskrcnn.io.formats.torch_writer import write_torch

from . import torch_files as pth

RECORDED = Path(__file__).parent / "torch_save"  # see record.py there
NUMBERS = np.arange(6, dtype=np.float32)


def read(pickle, **records):
    """Read a zip archive with this pickle and records given as arrays."""
    return lambda path: read_torch(
        pth.zipped(
            path / "a.pth", pickle, {key.strip("_"): array.tobytes() for key, array in records.items()}
        )
    )


# ---- what torch wrote ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["zip", "legacy"])
def test_what_torch_saved_comes_back_equal(kind):
    with np.load(RECORDED / "expected.npz") as expected:
        state = read_torch(RECORDED / f"{kind}.pth")
        assert list(state) == expected.files
        for name, array in state.items():
            assert array.dtype == expected[name].dtype, name
            np.testing.assert_array_equal(array, expected[name], err_msg=name)


def test_tensors_on_one_storage_share_memory():
    state = read_torch(RECORDED / "zip.pth")
    assert np.shares_memory(state["shared.whole"], state["shared.transposed"])
    assert np.shares_memory(state["shared.whole"], state["shared.sliced"])
    assert not np.shares_memory(state["shared.whole"], state["parameter"])


def test_offset_and_strides_pick_the_values(tmp_path):
    claim = pth.tensor(offset=1, shape=(2, 2), strides=(1, 3))
    state = read(pth.state(a=claim), _0=NUMBERS)(tmp_path)
    np.testing.assert_array_equal(state["a"], [[1, 4], [2, 5]])


def test_the_stride_of_a_side_of_one_is_never_taken(tmp_path):
    claim = pth.tensor(shape=(1, 6), strides=(2**62, 1))
    np.testing.assert_array_equal(read(pth.state(a=claim), _0=NUMBERS)(tmp_path)["a"], [NUMBERS])


def test_bfloat16_is_the_upper_half_of_float32(tmp_path):
    where = pth.storage(count=3, kind="torch.BFloat16Storage")
    claim = pth.tensor(where, shape=(3,), strides=(1,))
    words = np.array([0x3F80, 0xC049, 0x7F80], np.uint16)
    state = read(pth.state(a=claim), _0=words)(tmp_path)
    assert state["a"].dtype == np.float32
    np.testing.assert_array_equal(state["a"], np.array([1.0, -3.140625, np.inf], np.float32))


def test_a_file_of_a_big_endian_machine(tmp_path):
    path = pth.zipped(
        tmp_path / "a.pth",
        pth.state(a=pth.tensor()),
        {"0": NUMBERS.astype(">f4").tobytes()},
        [("archive/byteorder", b"big")],
    )
    np.testing.assert_array_equal(read_torch(path)["a"], NUMBERS.reshape(2, 3))
    assert read_torch(path)["a"].dtype.isnative


def test_a_parameter_is_its_tensor(tmp_path):
    claim = pth.call("torch._utils._rebuild_parameter", pth.tensor(), b"\x88", pth.EMPTY_ORDERED)
    np.testing.assert_array_equal(read(pth.state(a=claim), _0=NUMBERS)(tmp_path)["a"], NUMBERS.reshape(2, 3))


@pytest.mark.parametrize("wrapper", ["model", "state_dict", "model_state_dict"])
def test_a_training_checkpoint_is_unwrapped_and_the_rest_is_not_read(tmp_path, wrapper):
    momentum = pth.tensor(pth.storage("9", 2**40), shape=(2**40,), strides=(1,))
    epoch = pth.PROTO + pth.dict_of(**{wrapper: pth.state(a=pth.tensor())[2:-1], "epoch": pth.integer(3)})
    np.testing.assert_array_equal(read(epoch + b".", _0=NUMBERS)(tmp_path)["a"], NUMBERS.reshape(2, 3))
    with pytest.raises(InputError, match="no record data/9"):
        read(pth.PROTO + pth.dict_of(**{wrapper: pth.state(a=momentum)[2:-1]}) + b".")(tmp_path)


def test_one_of_ours_and_the_same_state_gives_the_same_bytes(tmp_path, rng):
    arrays = {
        "weight": rng.random((3, 4, 2)).astype(np.float32),
        "transposed": rng.random((5, 6)).T,
        "scalar": np.array(7),
        "empty": np.zeros((0, 4), np.float32),
        "flags": rng.random(3) > 0.5,
        "big endian": rng.random(4).astype(">f4"),
    }
    for name in ("a.pth", "b.pth"):
        with open(tmp_path / name, "wb") as stream:
            write_torch(stream, arrays)
    state = read_torch(tmp_path / "a.pth")
    assert list(state) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(state[name], array)
        assert state[name].dtype == array.dtype.newbyteorder("=")
    assert (tmp_path / "a.pth").read_bytes() == (tmp_path / "b.pth").read_bytes()


def test_numbers_that_no_tensor_holds_are_not_written(tmp_path):
    with open(tmp_path / "a.pth", "wb") as stream, pytest.raises(InputError, match="complex128"):
        write_torch(stream, {"a": np.zeros(3, complex)})


# ---- hostile pickles -----------------------------------------------------------------------------------


class Trap:
    """Runs code when Python unpickles it."""

    fired = False

    def __reduce__(self):
        return (setattr, (Trap, "fired", True))


def refusal(path):
    """The sentence with which a file is refused; that nothing ran and little was allocated is asserted."""
    Trap.fired = False
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as refused:
            read_torch(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not Trap.fired
    assert peak < 64 * path.stat().st_size + 2**19, f"{peak} bytes for a file of {path.stat().st_size}"
    return str(refused.value)


HOSTILE_PICKLES = {
    "system": (pth.PROTO + pth.call("os.system", pth.text("exit 1")) + b".", "os.system"),
    "posix": (b"cposix\nsystem\n(X\x04\x00\x00\x00exittR.", "posix.system"),
    "eval": (pth.PROTO + pth.call("builtins.eval", pth.text("1/0")) + b".", "builtins.eval"),
    "protocol 4": (
        b"\x80\x04" + b"\x8c\x02os" + b"\x8c\x06system" + b"\x93" + pth.tuple_of(pth.text("exit")) + b"R.",
        "os.system",
    ),
    "name from a list": (pth.PROTO + b"]" + pth.text("system") + b"\x93.", "something"),
    "INST": (b"(X\x04\x00\x00\x00exitios\nsystem\n.", r"instruction b'i'"),
    "OBJ": (pth.PROTO + b"(" + pth.names("collections.OrderedDict") + b"o.", r"instruction b'o'"),
    "NEWOBJ": (pth.PROTO + pth.names("collections.OrderedDict") + b")\x81.", r"b'\\x81'"),
    "extension": (pth.PROTO + b"\x82\x01.", r"b'\\x82'"),
    "persistent text": (b"Pdata/0\n.", r"instruction b'P'"),
    "buffer": (b"\x80\x05\x97.", r"b'\\x97'"),
    "long of 2 GB": (pth.PROTO + b"\x8b\xff\xff\xff\x7f.", r"b'\\x8b'"),
    "bytes of 4 EB": (b"\x80\x04\x8e" + b"\xff" * 7 + b"\x3f.", "cut off"),
    "bytes array of 16 EB": (b"\x80\x05\x96" + b"\xff" * 8 + b".", "cut off"),
    "text of 2 GB": (pth.PROTO + b"X\xff\xff\xff\x7f.", "text of"),
    "memo of 2^32": (pth.PROTO + b"}r\xff\xff\xff\xff.", "no state dict"),
    "memo that is empty": (pth.PROTO + b"h\x07.", "makes no sense"),
    "stack that is empty": (pth.PROTO + b"R.", "makes no sense"),
    "mark that is not": (pth.PROTO + b"u.", "makes no sense"),
    "nothing left": (pth.PROTO + b".", "makes no sense"),
    "no end": (pth.PROTO + b"}", "cut off"),
    "name without end": (pth.PROTO + b"cos", "cut off"),
    "not UTF-8": (pth.PROTO + b"X\x02\x00\x00\x00\xff\xfe.", "makes no sense"),
    "calls a dtype": (pth.PROTO + pth.call("torch.float32") + b".", "calls what is no function"),
    "calls a number": (pth.PROTO + b"K\x01)R.", "calls what is no function"),
    "arguments no tuple": (pth.PROTO + pth.names("collections.OrderedDict") + b"]R.", "calls what is no"),
    "ordered dict of things": (pth.PROTO + pth.call("collections.OrderedDict", b"]") + b".", "made of"),
    "items of a list": (pth.PROTO + b"](K\x01K\x02u.", "cannot hold"),
    "append to a dict": (pth.PROTO + b"}K\x01a.", "cannot hold"),
    "attributes of a number": (pth.PROTO + b"K\x01}b.", "cannot hold"),
    "attributes no dict": (pth.PROTO + b"}K\x01b.", "no dict"),
    "list as key": (pth.PROTO + b"}]K\x01s.", "neither texts nor numbers"),
    "odd items": (pth.PROTO + b"}(K\x01u.", "neither texts nor numbers"),
    "itself": (pth.PROTO + b"]q\x00h\x00a.", "no state dict"),
    "a list": (pth.PROTO + b"].", "no state dict"),
    "a tensor": (pth.PROTO + pth.tensor() + b".", "no state dict"),
    "a list among tensors": (pth.state(a=pth.tensor(), b=b"]"), "no state dict"),
    "tensors under numbers": (pth.PROTO + b"}K\x01" + pth.tensor() + b"s.", "under numbers"),
    "deep lists": (pth.PROTO + b"]" * 50_000 + b"a" * 49_999 + b".", "no state dict"),
    "deep tuples": (pth.PROTO + b")" + b"\x85" * 50_000 + b".", "no state dict"),
    "deep tuple as key": (pth.PROTO + b"})" + b"\x85" * 50_000 + b"Ns.", "neither texts nor numbers"),
    "tensor of a dict": (pth.state(a=pth.tensor(b"}")), "without a storage"),
    "tensor of nothing": (pth.state(a=pth.call("torch._utils._rebuild_tensor_v2")), "without a storage"),
    "parameter of a dict": (
        pth.state(a=pth.call("torch._utils._rebuild_parameter", b"}", b"\x88", b"}")),
        "without a tensor",
    ),
    "older tensors": (
        pth.state(a=pth.call("torch._utils._rebuild_tensor", pth.storage())),
        "_rebuild_tensor",
    ),
    "a module": (pth.PROTO + pth.names("torch.nn.modules.linear.Linear") + b".", "Linear"),
    "numpy": (pth.PROTO + pth.call("numpy.core.multiarray.scalar") + b".", "numpy"),
}


@pytest.mark.parametrize("kind", ["zip", "legacy"])
@pytest.mark.parametrize("attack", HOSTILE_PICKLES)
def test_a_hostile_pickle_is_refused_before_anything_runs(tmp_path, attack, kind):
    data, said = HOSTILE_PICKLES[attack]
    if kind == "zip":
        path = pth.zipped(tmp_path / "a.pth", data, {"0": NUMBERS.tobytes()})
    else:
        path = pth.legacy(tmp_path / "a.pth", data, {"0": (6, NUMBERS.tobytes())})
        if attack in ("no end", "name without end"):  # the next pickle's bytes are taken for what is missing
            said = ""
    assert re.search(said, refusal(path))


NAMESPACE = pth.names("argparse.Namespace") + b")\x81" + pth.dict_of(lr=b"K\x01") + b"b"
BESIDE = {
    "Counter": pth.call("collections.Counter", b"}K\x08K\x01s"),
    "Namespace": NAMESPACE,
    "defaultdict": pth.call("collections.defaultdict", pth.names("__builtin__.list")) + b"(K\x01]u",
    "set": pth.call("__builtin__.set", b"]K\x01a"),
    "device": pth.call("torch.device", pth.text("cpu")),
    "size": pth.call("torch.Size", pth.tuple_of(b"K\x01")),
    "path": pth.call("pathlib.PosixPath", pth.text("/etc/passwd")),
    "date": pth.call("datetime.datetime", pth.call("_codecs.encode", pth.text("x"), pth.text("latin1"))),
    "scalar": pth.call("numpy._core.multiarray.scalar", pth.call("numpy.dtype", pth.text("f8"))),
    "list": b"](K\x01e",
}


@pytest.mark.parametrize("wrapper", ["model", "state_dict", "model_state_dict", "net", "weights", "ema"])
@pytest.mark.parametrize("beside", BESIDE)
def test_what_trainers_keep_beside_the_weights_stays_unread(tmp_path, wrapper, beside):
    tensors = pth.dict_of(a=pth.tensor())
    checkpoint = (
        pth.PROTO + pth.dict_of(**{wrapper: tensors, "epoch": b"K\x03", "more": BESIDE[beside]}) + b"."
    )
    path = pth.zipped(tmp_path / "a.pth", checkpoint, {"0": NUMBERS.tobytes()})
    np.testing.assert_array_equal(read_torch(path)["a"], NUMBERS.reshape(2, 3))


MORE_BESIDE = {
    "bytes": bytes(300),
    "bytearray": bytearray(b"ab"),
    "set": {1, 2},
    "frozenset": frozenset([1]),
    "deque": deque([1, 2]),
    "defaultdict": defaultdict(float, a=1.5),
    "array": np.arange(3.0),
    "NumPy's random state": np.random.RandomState(0).get_state(),
    "Python's random state": random.Random(0).getstate(),
    "date and zone": datetime(2026, 11, 27, tzinfo=UTC),
    "namespace": SimpleNamespace(lr=0.1),
    "number": [Fraction(1, 3), Decimal("0.1"), 1j, range(3), slice(1, 2), UUID(int=5)],
    "keys": {0.5: 1, None: 2, (1, "a"): 3, True: 4},
    "the settings as a text": "lr: 0.1\n" * 1000,
}


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("beside", MORE_BESIDE)
def test_so_does_what_python_and_numpy_pickle(tmp_path, beside, protocol):
    instructions = pickle.dumps(MORE_BESIDE[beside], protocol)[2:-1]
    checkpoint = pth.PROTO + pth.dict_of(more=instructions, model=pth.dict_of(a=pth.tensor())) + b"."
    path = pth.zipped(tmp_path / "a.pth", checkpoint, {"0": NUMBERS.tobytes()})
    np.testing.assert_array_equal(read_torch(path)["a"], NUMBERS.reshape(2, 3))


@pytest.mark.parametrize("way", [("checkpoint", "model"), ("ema", "state_dict"), ("a", "b"), ("model",) * 5])
def test_a_state_in_a_dict_in_a_dict_is_found_where_trainers_put_it(tmp_path, way):
    nested = pth.dict_of(a=pth.tensor())
    for name in reversed(way):
        nested = pth.dict_of(**{name: nested})
    path = pth.zipped(tmp_path / "a.pth", pth.PROTO + nested + b".", {"0": NUMBERS.tobytes()})
    if len(way) == 2 and "a" not in way:
        np.testing.assert_array_equal(read_torch(path)["a"], NUMBERS.reshape(2, 3))
    else:
        with pytest.raises(InputError, match="no state dict"):
            read_torch(path)


def test_a_state_under_a_name_of_ones_own_is_taken_if_it_is_the_only_one(tmp_path):
    state, more = pth.dict_of(a=pth.tensor()), {"epoch": b"K\x03", "optimizer": pth.dict_of(lr=b"K\x01")}
    records = {"0": NUMBERS.tobytes()}
    one = pth.zipped(tmp_path / "1.pth", pth.PROTO + pth.dict_of(**more, detector=state) + b".", records)
    np.testing.assert_array_equal(read_torch(one)["a"], NUMBERS.reshape(2, 3))
    both = pth.dict_of(**more, teacher=state, student=pth.dict_of(b=pth.tensor()))
    two = pth.zipped(tmp_path / "2.pth", pth.PROTO + both + b".", records)
    with pytest.raises(InputError, match=r"holds 2 state dicts \(teacher, student\).*save that one alone"):
        read_torch(two)
    known = pth.dict_of(teacher=state, model=pth.dict_of(b=pth.tensor()))
    assert list(read_torch(pth.zipped(tmp_path / "3.pth", pth.PROTO + known + b".", records))) == ["b"]


def test_plain_values_among_the_tensors_are_left_out(tmp_path):
    records = {"0": NUMBERS.tobytes()}
    mixed = {"extra": b"N", "epoch": b"K\x03", "note": pth.text("x"), "a": pth.tensor()}
    whole = pth.zipped(tmp_path / "1.pth", pth.PROTO + pth.dict_of(**mixed) + b".", records)
    assert list(read_torch(whole)) == ["a"]
    inside = pth.zipped(
        tmp_path / "2.pth", pth.PROTO + pth.dict_of(model=pth.dict_of(**mixed)) + b".", records
    )
    assert list(read_torch(inside)) == ["a"]
    state = pth.dict_of(b=pth.tensor())
    beside = pth.dict_of(best=pth.tensor(), epoch=b"K\x03", model=state)
    assert list(read_torch(pth.zipped(tmp_path / "3.pth", pth.PROTO + beside + b".", records))) == ["b"]


def test_dicts_that_hold_each_other_are_looked_through_once(tmp_path):
    knot = {}
    other = dict.fromkeys(WRAPPERS, knot)
    knot |= dict.fromkeys(WRAPPERS, other)
    assert [id(one) for one in _candidates(knot, MAX_DEPTH, set())] == [id(knot), id(other)]
    data = pth.PROTO + b"}q\x00(" + b"".join(pth.text(name) + b"h\x00" for name in WRAPPERS) + b"u."
    with pytest.raises(InputError, match="no state dict"):
        read_torch(pth.zipped(tmp_path / "a.pth", data, {"0": NUMBERS.tobytes()}))


def test_a_torchscript_program_is_named(tmp_path):
    path = pth.zipped(tmp_path / "a.pt", pth.state(a=pth.tensor()), {"0": NUMBERS.tobytes()})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/constants.pkl", b"\x80\x02).")
    with pytest.raises(InputError, match="a TorchScript program, which would have to be run"):
        read_torch(path)


def test_an_inert_object_is_no_way_to_make_another(tmp_path):
    for data in (NAMESPACE.replace(b"argparse\nNamespace", b"builtins\neval"), BESIDE["Counter"] + b")R"):
        with pytest.raises(InputError, match=r"builtins\.eval|calls what is no function"):
            read_torch(pth.zipped(tmp_path / "a.pth", pth.PROTO + data + b".", {}))


def test_without_a_state_the_keys_are_listed(tmp_path):
    nested = pth.dict_of(trainer=pth.dict_of(model=pth.dict_of(a=pth.tensor())), epoch=b"K\x03")
    with pytest.raises(InputError, match=r"keys trainer \(a dict of model\), epoch \(a int\)"):
        read_torch(pth.zipped(tmp_path / "a.pth", pth.PROTO + nested + b".", {"0": NUMBERS.tobytes()}))


def test_a_pickle_without_end_is_left_in_time(tmp_path):
    path = pth.zipped(tmp_path / "a.pth", pth.PROTO + b"}q\x00" * 250_001, {})
    with pytest.raises(InputError, match="more than 250,000 instructions"):
        read_torch(path)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_trap_of_pythons_pickle_never_fires(tmp_path, protocol):
    data = pickle.dumps({"a": Trap()}, protocol)
    pickle.loads(data)
    assert Trap.fired  # the trap works
    assert "setattr" in refusal(pth.zipped(tmp_path / "a.pth", data, {}))
    (tmp_path / "b.pth").write_bytes(data)
    assert "setattr" in refusal(tmp_path / "b.pth")


# ---- claims --------------------------------------------------------------------------------------------


HOSTILE_TENSORS = {
    "beyond the storage": ({"shape": (2, 4), "strides": (4, 1)}, "beyond its storage"),
    "by its offset": ({"offset": 1}, "beyond its storage"),
    "by its strides": ({"strides": (4, 1)}, "beyond its storage"),
    "offset of 2^62": ({"offset": 2**62}, "beyond its storage"),
    "strides that wrap around": ({"shape": (2, 3), "strides": (2**62, 2**62)}, "beyond its storage"),
    "negative stride": ({"offset": 5, "strides": (-3, -1)}, "no natural numbers"),
    "negative offset": ({"offset": -1}, "no natural numbers"),
    "negative side": ({"shape": (-2, 3)}, "no natural numbers"),
    "number beyond 64 bits": ({"offset": 2**600}, "no natural numbers"),
    "one value a trillion times": ({"shape": (2**20, 2**20), "strides": (0, 0)}, "more values than"),
    "sides without strides": ({"shape": (2, 3), "strides": (1,)}, "2 sides and 1 strides"),
    "forty sides": ({"shape": (1,) * 40, "strides": (1,) * 40}, "40 sides"),
    "empty beyond reason": ({"shape": (0, 2**40), "strides": (1, 1)}, "beyond reason"),
    "storage longer than its record": ({"where": pth.storage(count=7)}, "claims 28 bytes"),
    "storage of 2^60 values": ({"where": pth.storage(count=2**60)}, "claims"),
    "negative storage": ({"where": pth.storage(count=-6)}, "no number"),
    "storage that is not there": ({"where": pth.storage("1")}, "no record data/1"),
    "storage elsewhere": ({"where": pth.storage("../../secret")}, "key is no number"),
    "storage of objects": ({"where": pth.storage(kind="torch.float32")}, "unknown type"),
    "no storage": ({"where": b"K\x01Q"}, "names no storage"),
}


@pytest.mark.parametrize("attack", HOSTILE_TENSORS)
def test_a_claim_that_does_not_hold_is_refused_before_room_is_made(tmp_path, attack):
    claim, said = HOSTILE_TENSORS[attack]
    path = pth.zipped(tmp_path / "a.pth", pth.state(a=pth.tensor(**claim)), {"0": NUMBERS.tobytes()})
    assert re.search(said, refusal(path))


def test_a_bool_is_no_length(tmp_path):
    claim = pth.tensor().replace(pth.integer(0) + b"(", b"\x88(", 1)  # the offset
    with pytest.raises(InputError, match="no natural numbers"):
        read(pth.state(a=claim), _0=NUMBERS)(tmp_path)


def test_a_storage_described_in_two_ways(tmp_path):
    half = pth.tensor(pth.storage(count=12, kind="torch.HalfStorage"))
    with pytest.raises(InputError, match="described in two ways"):
        read(pth.state(a=pth.tensor(), b=half), _0=NUMBERS)(tmp_path)


def test_many_tensors_that_share_one_storage_may_not_claim_many_files(tmp_path):
    large = np.zeros(20_000, np.float32)
    where = pth.storage(count=large.size)
    claim = pth.tensor(where, shape=(large.size,), strides=(1,))
    tied = pth.state(a=claim, b=claim)
    assert len(read(tied, _0=large)(tmp_path)) == 2
    with pytest.raises(InputError, match="many times the numbers"):
        read(pth.state(**{f"t{i}": claim for i in range(50)}), _0=large)(tmp_path)


# ---- archives ------------------------------------------------------------------------------------------


GOOD = pth.state(a=pth.tensor())


def test_a_compressed_member_is_not_inflated(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", GOOD)
        archive.writestr("archive/data/0", bytes(2**24))  # 16 MB of zeros in 16 kB
    assert "compressed" in refusal(tmp_path / "a.pth")


@pytest.mark.parametrize(
    "name", ["../archive/data/0", "/etc/passwd", "archive/../../x", "archive\\..\\x", "archive/data/0"]
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_whose_name_is_a_path_or_taken(tmp_path, name):
    path = pth.zipped(tmp_path / "a.pth", GOOD, {"0": NUMBERS.tobytes()}, [(name, b"x")])
    assert "path elsewhere or taken" in refusal(path)


def honest_members():
    data = NUMBERS.tobytes()
    return [
        ("archive/data.pkl", "archive/data.pkl", len(GOOD), GOOD),
        ("archive/data/0", "archive/data/0", len(data), data),
    ]


def test_an_archive_put_together_by_hand_is_read(tmp_path):
    state = read_torch(pth.raw_archive(tmp_path / "a.pth", honest_members()))
    np.testing.assert_array_equal(state["a"], NUMBERS.reshape(2, 3))


def test_members_that_overlap(tmp_path):
    members = honest_members()
    members.append(("archive/data/1", "archive/data/0", 24, 0))
    members[1] = (*members[1][:1], "archive/data/1", *members[1][2:])
    path = pth.raw_archive(tmp_path / "a.pth", members)
    assert "two names" in refusal(path)
    reused = [members[0], ("archive/data/0", "archive/data/0", len(GOOD) + 100, NUMBERS.tobytes())]
    assert "overlap or reach beyond" in refusal(pth.raw_archive(tmp_path / "b.pth", reused))
    longer = [(*honest_members()[0][:2], len(GOOD) + 40, GOOD), honest_members()[1]]
    assert "overlap or reach beyond" in refusal(pth.raw_archive(tmp_path / "c.pth", longer))


def test_a_member_of_a_terabyte(tmp_path):
    members = [honest_members()[0], ("archive/data/0", "archive/data/0", 2**32 - 2, NUMBERS.tobytes())]
    assert "overlap or reach beyond" in refusal(pth.raw_archive(tmp_path / "a.pth", members))


def test_a_directory_that_points_nowhere(tmp_path):
    members = [honest_members()[0], ("", "archive/data/0", 24, 10)]
    assert "not there" in refusal(pth.raw_archive(tmp_path / "a.pth", members))


@pytest.mark.parametrize("kind", ["zip", "legacy"])
def test_a_truncated_file(tmp_path, kind):
    whole = (RECORDED / f"{kind}.pth").read_bytes()
    for keep in range(0, len(whole), 97):
        (tmp_path / "a.pth").write_bytes(whole[:keep])
        refusal(tmp_path / "a.pth")


def test_a_flipped_bit_in_the_numbers_is_seen(tmp_path):
    path = pth.zipped(tmp_path / "a.pth", GOOD, {"0": NUMBERS.tobytes()})
    data = bytearray(path.read_bytes())
    data[data.index(NUMBERS.tobytes()) + 5] ^= 1
    path.write_bytes(bytes(data))
    assert "checksum" in refusal(path)


def test_a_zip_archive_that_is_not_torchs(tmp_path):
    np.savez(tmp_path / "a.pth.npz", a=NUMBERS)
    assert "not one of torch.save" in refusal(tmp_path / "a.pth.npz")


# ---- the older kind ------------------------------------------------------------------------------------


def test_the_older_kind_put_together_by_hand_is_read(tmp_path):
    path = pth.legacy(tmp_path / "a.pth", GOOD, {"0": (6, NUMBERS.tobytes())})
    np.testing.assert_array_equal(read_torch(path)["a"], NUMBERS.reshape(2, 3))


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ({"0": (6, NUMBERS.tobytes()[:-1])}, "cut off"),
        ({"0": (7, NUMBERS.tobytes())}, "another length"),
        ({"0": (-1, NUMBERS.tobytes())}, "another length"),
        ({"1": (6, NUMBERS.tobytes())}, "not that of its tensors"),
        ({}, "not that of its tensors"),
    ],
)
def test_records_of_the_older_kind_that_do_not_fit(tmp_path, records, said):
    assert said in refusal(pth.legacy(tmp_path / "a.pth", GOOD, records))


def test_an_oversized_claim_of_the_older_kind(tmp_path):
    claim = pth.tensor(pth.storage(count=2**40), shape=(2**20, 2**20), strides=(2**20, 1))
    path = pth.legacy(tmp_path / "a.pth", pth.state(a=claim), {"0": (2**40, NUMBERS.tobytes())})
    assert "many times" in refusal(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a file of torch.save"),
        (b"<!DOCTYPE html>", "not a file of torch.save"),
        (b"version https://git-lfs.github.com/spec/v1\n", "not a file of torch.save"),
        (pickle.dumps({"a": 1}, 2), "not one of torch.save"),
        (struct.pack("<Q", 100) + b"{}", "not a file of torch.save"),
    ],
)
def test_another_file(tmp_path, content, said):
    (tmp_path / "a.pth").write_bytes(content)
    assert said in refusal(tmp_path / "a.pth")


# ---- any file at all -----------------------------------------------------------------------------------


@given(st.sampled_from(["zip", "legacy"]), st.data())
def test_any_damage_is_read_or_refused_and_nothing_else(tmp_path_factory, kind, data):
    content = bytearray((RECORDED / f"{kind}.pth").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    path = tmp_path_factory.mktemp("damage") / "a.pth"
    path.write_bytes(bytes(content))
    try:
        state = read_torch(path)
    except InputError:
        return
    assert all(type(array) is np.ndarray for array in state.values())


INSTRUCTIONS = [bytes([code]) for code in range(256)] + [
    pth.text("a"),
    pth.integer(3),
    pth.storage(),
    pth.tensor(),
    pth.EMPTY_ORDERED,
    pth.names("torch.float32"),
]


@given(st.lists(st.sampled_from(INSTRUCTIONS), max_size=40))
def test_any_pickle_is_read_or_refused_and_nothing_else(tmp_path_factory, instructions):
    path = tmp_path_factory.mktemp("pickle") / "a.pth"
    with contextlib.suppress(InputError):
        read_torch(pth.zipped(path, pth.PROTO + b"".join(instructions) + b".", {"0": NUMBERS.tobytes()}))


def test_what_is_plain_is_read_as_pickle_reads_it(tmp_path):
    value = {"a": [1, 2.5, None, True, (1, 2, 3, 4), -(10**9), 10**30], "b": {}, 3: ("x", [(), {"é": False}])}
    for protocol in range(2, 6):
        path = tmp_path / "plain"
        path.write_bytes(pickle.dumps(value, protocol))
        with open(path, "rb") as stream:
            assert PlainPickle(stream, path.stat().st_size, {}).load() == value
            assert stream.read() == b""
