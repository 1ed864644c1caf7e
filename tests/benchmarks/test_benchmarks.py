"""The benchmarks run without peers and print every row they promise; nothing here looks at a time."""

import os
import subprocess
import sys
import time
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from benchmarks import environment, layers, memory, report, rows
from benchmarks.timing import Times, in_turn

REPO = Path(__file__).resolve().parents[2]


def run(*arguments):
    """What `make bench` runs, in a Python of its own."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.run", *arguments], cwd=REPO, capture_output=True, text=True
    )


def table(markdown):
    """Cells of the lines of the first table."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_a_quick_run_prints_its_rows_and_writes_its_section(tmp_path):
    (tmp_path / "results.md").write_text("<!-- begin full-size -->\nkept\n<!-- end full-size -->\n")
    done = run("--quick", "--only", "nms, ", "--threads", "1", "-o", str(tmp_path))
    assert done.returncode == 0, done.stderr
    cells = {line[0]: dict(zip(report.COLUMNS, line, strict=True)) for line in table(done.stdout)[2:]}
    assert list(cells) == ["nms, 1,000 boxes", "nms, 2,000 boxes", "nms, 5,000 boxes"]
    assert [line["target"] for line in cells.values()] == ["<= 1.50", "<= 1.00", "<= 1.00"]
    assert all(line["ours"].endswith(" ms") and float(line["loops / fast"]) > 0 for line in cells.values())
    written = (tmp_path / "results.md").read_text()
    assert "nms, 5,000 boxes" in written
    assert "kept" in written
    assert "threads: 1" in written
    assert str(REPO) not in written
    assert sys.prefix not in written


def test_every_row_of_the_target_table_is_there():
    names = run("--list").stdout
    for row in (
        "roi_align 7x7, 512 RoIs of 256x100x100, forward\n",
        "roi_align 14x14, 512 RoIs of 256x100x100, forward+backward\n",
        "roi_pool 7x7, 512 RoIs of 256x100x100, backward\n",
        "paste 100 masks of 28x28 into 800x800\n",
        "conv2d forward, small model and ResNet-50-FPN at 800x1066\n",
        "conv2d forward+backward, small model at batch 4\n",
        "conv2d forward+backward, 3x3, 64 channels",
        "\ntraining step, small model, batch 4 at 128x128\n",
        "peak memory of a training step",
        "growth: nms against boxes\n",
    ):
        assert row in names


def test_a_name_that_no_row_has_is_one_sentence():
    done = run("--only", "deformable")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "no row has 'deformable' in its name; --list shows the names.\n"


def test_settings_that_would_slow_the_blas_are_taken_out_of_the_child(monkeypatch):
    seen = {}

    def child(command, env):
        seen.update(env)
        return subprocess.CompletedProcess(command, 7)

    monkeypatch.setattr(subprocess, "run", child)
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert environment.rerun_if_needed("benchmarks.run", [], 3) == 7
    assert "OPENBLAS_CORETYPE" not in seen
    assert seen["OPENBLAS_NUM_THREADS"] == "3"
    for name in set(os.environ) - set(seen):
        monkeypatch.delenv(name)
    for name, value in seen.items():
        monkeypatch.setenv(name, value)
    assert environment.rerun_if_needed("benchmarks.run", [], 3) is None


def test_a_section_is_replaced_alone_and_in_its_place(tmp_path):
    path = tmp_path / "results.md"
    report.write_section(path, "full-size", "large")
    report.write_section(path, "operators", "small")
    report.write_section(path, "full-size", "larger")
    text = path.read_text()
    assert report.section_of(text, "operators") == "small\n"
    assert report.section_of(text, "full-size") == "larger\n"
    assert text.index("small") < text.index("larger")
    assert text.startswith(report.HEAD)


def test_sides_with_different_answers_are_not_timed():
    ours, theirs = np.ones(3, np.float32), np.array([1, 1, 1.01], np.float32)
    rows.require_agreement("x", {"ours": lambda: [ours], "torch": lambda: [ours + 1e-6]}, 1e-4)
    with pytest.raises(rows.DisagreementError, match="x: ours and torch do not do the same work"):
        rows.require_agreement("x", {"ours": lambda: [ours], "torch": lambda: [theirs]}, 1e-4)
    with pytest.raises(rows.DisagreementError, match="same work"):
        rows.require_agreement("x", {"ours": lambda: [ours], "torch": lambda: [ours[:2]]}, 1e-4)
    with pytest.raises(rows.DisagreementError, match="same work"):
        rows.require_agreement("x", {"ours": lambda: [np.arange(2)], "torch": lambda: [np.ones(2)]}, 1e-4)


def test_the_ratio_is_the_median_of_the_rounds():
    times = Times({"ours": [1.0, 2.0, 9.0], "torch": [2.0, 2.0, 3.0]})
    assert times.median("ours") == 2.0
    assert times.ratio("ours", "torch") == 1.0


def test_sides_take_turns():
    calls = []

    def side(name):
        return lambda: (time.sleep(0.006), calls.append(name))

    times = in_turn({"a": side("a"), "b": side("b")}, rounds=3)
    assert [name for name, _ in groupby(calls)] == ["a", "b"] * 4  # to warm up, then three rounds
    assert [len(samples) for samples in times.seconds.values()] == [3, 3]
    assert min(times.seconds["a"]) >= 0.006


@pytest.mark.parametrize(
    ("ratio", "worst", "met"), [(1.1, 1.9, True), (1.3, 1.9, False), (1.1, 2.1, False), (None, None, None)]
)
def test_a_target_is_met_by_the_mean_and_by_the_worst(ratio, worst, met):
    result = rows.Result("conv", "torch", 1.0, ratio=ratio, target=1.2, worst=worst, worst_target=2.0)
    assert result.met is met


def test_the_layers_of_a_model_are_found_by_watching_it():
    found = layers.of_small_model()
    assert [layer.needs_x_grad for layer in found] == [False] + [True] * (len(found) - 1)
    stem = found[0]
    assert (stem.x_shape, stem.weight_shape, stem.stride) == ((4, 3, 128, 128), (16, 3, 3, 3), (2, 2))
    assert len({layer.geometry for layer in found}) == len(found)
    blocks = next(layer for layer in found if str(layer) == "3x3, 64 to 64, 4x16x16")
    assert blocks.calls == 5  # three in layer2, the pyramid's, the RPN's


@pytest.mark.thorough
def test_the_layers_of_the_large_model_are_found_without_convolving():
    found = {str(layer): layer for layer in layers.of_resnet50_fpn()}
    assert next(iter(found)) == "7x7 /2, 3 to 64, 1x800x1088"  # padded to a multiple of 32
    assert found["3x3, 256 to 256, 1x200x272"].calls == 2  # the pyramid's and the RPN's
    assert found["3x3, 256 to 256, 100x14x14"].calls == 4  # the mask head's, on 100 detections


@pytest.mark.skipif(not memory.STATUS.exists(), reason="Linux keeps the peak of a process in /proc")
def test_a_training_step_has_a_peak_of_its_own():
    ballast = np.ones(50_000_000)  # 400 MB here, which the fresh process must not inherit
    peak = memory.peaks(("ours",))["ours"]
    assert ballast.nbytes > peak.peak > peak.baseline > 0
