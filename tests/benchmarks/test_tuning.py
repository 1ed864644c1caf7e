"""Other values of the tuned numbers can be timed, and leave today's where they were."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import tuning as benchmark
from minimaskrcnn.kernels.fast.engine import tuning

REPO = Path(__file__).resolve().parents[2]


def test_every_value_is_timed_beside_todays():
    command = [sys.executable, "-m", "benchmarks.tuning", "NMS_TILE", "64", "--rounds", "1"]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == ["64", "1024"]
    assert lines[1][3:] == ["1.00", "today's"]


def test_a_value_holds_while_its_work_runs_and_no_longer(monkeypatch):
    seen = []
    monkeypatch.setitem(benchmark.WORK, "POOL", lambda rng: lambda: seen.append(tuning.POOL_BYTES))
    benchmark.sweep("POOL_BYTES", [1, 2], rounds=1)
    assert {*seen} == {1, 2}
    assert tuning.POOL_BYTES == 1 << 18


WORK = dict.fromkeys([benchmark.convolutions, *benchmark.WORK.values()])  # each once, in one order


@pytest.mark.parametrize("work", WORK, ids=lambda work: work.__name__)
def test_each_kind_of_work_runs(work):
    work(np.random.default_rng(0))()
