"""`minimaskrcnn roi-lab`: options make the plan, the report is written, Ctrl-C loses nothing."""

import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from minimaskrcnn.cli import build_parser
from minimaskrcnn.cli import roi_lab as command
from minimaskrcnn.experiments import roi_lab, roi_report, workers
from minimaskrcnn.experiments.roi_lab import MEASURES, Plan


def plan_of(*words):
    args = build_parser().parse_args(["roi-lab", *words])
    return command.plan_of(args), command.command_of(args, command.plan_of(args))


def test_options_make_the_plan():
    assert plan_of()[0] == Plan("operators", tuple(range(10)), 300, 100)
    assert plan_of("--quick")[0] == Plan("operators", (0, 1), 150, 50)
    assert plan_of("--quick", "--seeds", "1", "--steps", "9")[0] == Plan("operators", (0,), 9, 50)
    assert plan_of("--seed", "7", "--seeds", "2")[0] == Plan("operators", (7, 8), 300, 100)
    assert plan_of("--experiment", "full")[0] == Plan("full", (0, 1, 2), 3000, 100)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--quick"],
        ["--seeds", "5", "--seed", "2"],
        ["--steps", "9", "--workers", "3"],
        ["--experiment", "masks"],
    ],
)
def test_the_command_on_the_page_makes_the_same_plan(words):
    plan, line = plan_of(*words)
    assert line.startswith("minimaskrcnn roi-lab ")
    assert plan_of(*line.split()[2:])[0] == plan


def fake(run):
    curve = [{"step": run.steps, "mask_AP": 0.25, "box_AP": 0.25}]
    facts = {"curve": curve, "cpu_seconds": 1.0, "processor": "a processor", "date": "2026-01-02"}
    return {**run.settings(), **dict.fromkeys(MEASURES, 0.25), **facts}


def test_a_comparison_writes_its_report_and_a_second_one_reads_it(run, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "worker_pool", ThreadPoolExecutor)
    monkeypatch.setattr(roi_report, "perform", fake)
    code, out, err = run("roi-lab", "-o", tmp_path, "--seeds", "2")
    assert code == 0
    assert out.splitlines()[0].split() == ["difference", "paper", "mean", "low", "high", "reading"]
    assert "12/12" in err
    assert "index.md" in err
    assert {path.name for path in tmp_path.iterdir()} == {
        "index.md",
        "roi_lab.png",
        "runs",
        "runs.csv",
        "summary.csv",
    }

    monkeypatch.setattr(roi_report, "perform", None)  # nothing is left to perform
    code, out, err = run("roi-lab", "-o", tmp_path, "--seeds", "2", "--json", "-q")
    report = json.loads(out)
    assert (code, err) == (0, "")
    assert len(report["runs"]) == 12
    assert report["claims"][0]["mean"] == 0.0


def test_an_interrupted_comparison_keeps_what_is_finished(run, tmp_path, monkeypatch):
    def stops_at_seed_1(run):
        if run.seed == 1:
            raise KeyboardInterrupt
        return fake(run)

    monkeypatch.setattr(workers, "worker_pool", ThreadPoolExecutor)
    monkeypatch.setattr(roi_report, "perform", stops_at_seed_1)
    code, out, err = run("roi-lab", "-o", tmp_path, "--seeds", "2", "--workers", "1")
    assert (code, out) == (1, "")
    assert "the same command continues" in err
    assert err.endswith("minimaskrcnn roi-lab: interrupted\n")
    assert len(list((tmp_path / "runs").iterdir())) == 6
    assert not (tmp_path / "index.md").exists()


def test_a_real_run_in_a_process_of_its_own(tmp_path):
    cell = roi_lab.Run("roi_align", "stride16", 0, 1, 1)
    with workers.worker_pool(1) as pool:
        row = pool.submit(roi_lab.perform, cell).result()
    assert {name: row[name] for name in cell.settings()} == cell.settings()
    assert 0 <= row["box_AP"] <= 1


PARENT = """
import time
from minimaskrcnn.experiments.workers import worker_pool

if __name__ == "__main__":
    with worker_pool(1) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        pool.submit(time.sleep, 600)
        time.sleep(600)
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for the worker in /proc")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_workers_end_with_their_parent(tmp_path, name):
    (tmp_path / "parent.py").write_text("import os" + PARENT)
    parent = subprocess.Popen([sys.executable, tmp_path / "parent.py"], stdout=subprocess.PIPE, text=True)
    worker = Path("/proc", parent.stdout.readline().strip())
    assert worker.exists()
    parent.send_signal(getattr(signal, name))
    parent.wait()
    parent.stdout.close()
    ends = time.monotonic() + 20
    while worker.exists() and "State:\tZ" not in (worker / "status").read_text():
        assert time.monotonic() < ends, "the worker outlives its parent"
        time.sleep(0.05)


def test_a_foreign_file_among_the_runs_is_one_sentence(run, tmp_path):
    name = Plan("operators", (0,), 300, 100).runs()[0].name
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / f"{name}.json").write_text("{}")
    code, out, err = run("roi-lab", "-o", tmp_path, "--seeds", "1", "-q")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "delete it" in err
