"""Sound files of weights, randomly damaged: each answers with arrays or with one sentence.

`python -m pytest tests/io/test_mutants.py --thorough` tries twenty times as many.
"""

import random

import numpy as np
import pytest

from minimaskrcnn.errors import InputError
from minimaskrcnn.inspection.trace import Stage, Trace
from minimaskrcnn.io import load_weights, save_weights
from minimaskrcnn.npz import write_npz

from . import torch_files as pth

ARRAYS = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "b.bias": np.ones(3, np.float32)}
NUMBERS = np.arange(6, dtype=np.float32).tobytes()
PICKLE = pth.state(a=pth.tensor(), b=pth.tensor(pth.storage("1", 4, "torch.LongStorage"), 0, (2, 2), (2, 1)))
SPANS = (b"\xff" * 4, bytes(4), b"\xff\xff\xff\x7f", b"\x00\x00\x01\x00")
TOKENS = [bytes([code]) for code in b"([{-'\\,)]}\n9\x93RQbu02."]


def damaged(data, rng):
    """The bytes with one to four changes: bytes, bits, words, tokens, deletions, insertions, cuts."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        how, at = rng.random(), rng.randrange(len(data))
        if how < 0.4:
            data[at] = rng.randrange(256)
        elif how < 0.5:
            data[at] ^= 1 << rng.randrange(8)
        elif how < 0.65:
            data[at : at + 4] = rng.choice(SPANS)
        elif how < 0.75:
            del data[at : at + rng.choice((1, 2, 9))]
        elif how < 0.85:
            data[at:at] = rng.randbytes(rng.choice((1, 3)))
        elif how < 0.92:
            data[at : at + 1] = rng.choice(TOKENS)
        else:
            del data[max(at, 1) :]
        if not data:
            return b""
    return bytes(data)


def deflated(path):
    with open(path, "wb") as stream:
        write_npz(stream, {"meta.json": np.array('{"format": "minimaskrcnn/1"}'), **ARRAYS}, 8)


WRITERS = {
    "zip.pth": lambda path: pth.zipped(path, PICKLE, {"0": NUMBERS, "1": bytes(32)}),
    "old.pth": lambda path: pth.legacy(path, PICKLE, {"0": (6, NUMBERS), "1": (4, bytes(32))}),
    "stored.npz": lambda path: save_weights(path, ARRAYS, {"config": {"preset": "mini"}}),
    "deflated.npz": deflated,
    "a.safetensors": lambda path: save_weights(path, ARRAYS, {"class_names": ["a"]}),
    "trace.npz": Trace(
        {name: Stage(array, ("y", "x")[-array.ndim :]) for name, array in ARRAYS.items()}
    ).save,
}


def try_mutants(path, seed, count):
    """Read `count` damaged copies; how many were read and how many refused."""
    if path.suffix == ".safetensors":
        pytest.importorskip("safetensors")
    read = Trace.load if path.stem == "trace" else load_weights
    WRITERS[path.name](path)
    sound, rng = path.read_bytes(), random.Random(seed)
    read(path)
    outcomes, said = {"read": 0, "refused": 0}, []
    for _ in range(count):
        path.write_bytes(damaged(sound, rng))
        try:
            read(path)
            outcomes["read"] += 1
        except InputError as error:
            said.append(str(error))
            outcomes["refused"] += 1
    assert all(sentence.isprintable() and path.name in sentence for sentence in said)
    return outcomes


@pytest.mark.parametrize("name", WRITERS)
def test_a_damaged_file_is_read_or_refused(tmp_path, name):
    outcomes = try_mutants(tmp_path / name, seed=0, count=200)
    assert outcomes["refused"] > 100


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", WRITERS)
def test_many_damaged_files_are_read_or_refused(tmp_path, name, seed):
    assert sum(try_mutants(tmp_path / name, seed, 2000).values()) == 2000
