"""kill -9 at any moment: every checkpoint can be read, and the resumed run ends with the same bytes."""

import os
import subprocess
import sys

import numpy as np
import pytest

from minimaskrcnn.io.checkpoint import load_arrays
from minimaskrcnn.training import read_log

SETTINGS = (
    "steps=12",
    "batch_size=1",
    "checkpoint_every=1",
    "model.image_size=[64,64]",
    "model.proposals=[20,20]",
    "model.samples=[16,8]",
    "model.anchor_sizes=[10,16,24]",
)


def started(folder, *more):
    """A training of twelve steps that saves its state after each, in a process of its own."""
    options = [word for setting in SETTINGS for word in ("--set", setting)]
    command = [
        sys.executable,
        "-m",
        "minimaskrcnn",
        "train",
        "shapes",
        "-q",
        "-o",
        str(folder),
        *options,
        *more,
    ]
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ | threads
    )


def finished(process):
    """Wait for a process, which must end well."""
    _, told = process.communicate(timeout=300)
    assert process.returncode == 0, told.decode()


def kill_and_resume(folder, rng, kills):
    """Kill the run that many times, at moments when it is starting, computing or writing; then let it end."""
    done = 0
    while done < kills:
        process = started(folder, *(["--resume"] if (folder / "state.npz").exists() else []))
        try:
            process.communicate(timeout=rng.uniform(0.8, 3.0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            done += 1
            if (folder / "state.npz").exists():
                load_arrays(folder / "state.npz")
        else:
            break  # it was faster than the kill
    finished(started(folder, *(["--resume"] if (folder / "state.npz").exists() else [])))


def lines(folder):
    """The log without times."""
    return [{**record, "seconds": None} for record in read_log(folder / "log.jsonl")]


@pytest.mark.parametrize("kills", [2, pytest.param(12, marks=pytest.mark.thorough)])
def test_a_run_that_was_killed_ends_with_the_same_bytes(tmp_path, kills):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finished(started(whole))
    kill_and_resume(killed, np.random.default_rng(kills), kills)
    for name in ("model.npz", "state.npz"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    assert lines(killed) == lines(whole)
    assert sorted(path.name for path in killed.iterdir()) == sorted(path.name for path in whole.iterdir())
