"""Each write, sync and rename of a save fails in turn: the old file stays, and nothing is left over."""

import builtins
import errno
import os
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from minimaskrcnn import files, viz
from minimaskrcnn.inspection import Stage, Trace
from minimaskrcnn.io.checkpoint import save_arrays
from minimaskrcnn.io.weights_file import save_weights

ARRAYS = {f"w{i}": np.random.default_rng(i).standard_normal((40, 50)).astype(np.float32) for i in range(3)}
FIGURE = Figure(figsize=(1, 1))
FIGURE.add_subplot().set_axis_off()
WRITERS = {
    "state.npz": lambda path: save_arrays(path, ARRAYS, {"step": 1}),
    "model.pth": lambda path: save_weights(path, ARRAYS, {}),
    "model.safetensors": lambda path: save_weights(path, ARRAYS, {}),
    "trace.npz": lambda path: Trace({"input": Stage(np.ones(5), ("x",))}).save(path),
    "figure.png": lambda path: viz.save(FIGURE, path),
}
ERRORS = [
    lambda: OSError(errno.ENOSPC, "No space left on device"),
    lambda: OSError(errno.EIO, "I/O error"),
    MemoryError,
    KeyboardInterrupt,
]


class Faulty:
    """A file whose write number `fails_at`, counted from 1, raises an error."""

    def __init__(self, stream, fails_at, error):
        self.stream, self.fails_at, self.error, self.writes = stream, fails_at, error, 0

    def write(self, data):
        self.writes += 1
        if self.writes == self.fails_at:
            raise self.error()
        return self.stream.write(data)

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        return self.stream.__exit__(*reason)


def opening(fails_at, error, opened):
    """An `open` whose files are Faulty; they are collected in `opened`."""

    def faulty_open(*words, **options):
        opened.append(Faulty(builtins.open(*words, **options), fails_at, error))  # noqa: SIM115
        return opened[-1]

    return faulty_open


def raising(error):
    def fail(*words, **options):
        raise error()

    return fail


@pytest.fixture(params=WRITERS)
def saved(request, tmp_path, monkeypatch):
    """A file of one kind that has been written, its writer, and into how many writes it is cut."""
    path, opened = tmp_path / request.param, []
    with monkeypatch.context() as patch:
        patch.setattr(files, "open", opening(0, None, opened), raising=False)
        WRITERS[request.param](path)
    return path, WRITERS[request.param], opened[0].writes


def faults(writes, points):
    """What may fail: some writes, spread over the file, and each step round them."""
    chosen = sorted({int(k) for k in np.linspace(1, writes, min(points, writes))})
    return [*(("write", k) for k in chosen), ("open", 1), ("fsync", 1), ("replace", 1)]


def assert_survives(saved, points, monkeypatch):
    path, write, writes = saved
    before = path.read_bytes()
    for what, k in faults(writes, points):
        for error in ERRORS:
            with monkeypatch.context() as patch:
                if what == "write":
                    patch.setattr(files, "open", opening(k, error, []), raising=False)
                elif what == "open":
                    patch.setattr(files, "open", raising(error), raising=False)
                else:
                    patch.setattr(os, what, raising(error))
                with pytest.raises(type(error())) as raised:
                    write(path)
            if isinstance(raised.value, OSError):
                assert re.search(re.escape(path.name), str(raised.value)), (what, k)
            assert path.read_bytes() == before, (what, k)
            assert os.listdir(path.parent) == [path.name], (what, k)
    write(path)
    assert path.read_bytes() == before


def test_the_old_file_survives_a_fault_anywhere(saved, monkeypatch):
    assert_survives(saved, 4, monkeypatch)


@pytest.mark.thorough
def test_the_old_file_survives_a_fault_at_every_write(saved, monkeypatch):
    assert_survives(saved, 60, monkeypatch)
