"""The benchmark of the published detectors covers all of them. Nothing is timed here."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import environment, full_ours, full_sides
from minimaskrcnn.io.published import PUBLISHED
from minimaskrcnn.models import PRESETS

REPO = Path(__file__).resolve().parents[2]


def test_every_published_detector_is_compared():
    detectors = [name for name in PUBLISHED if "rcnn" in name]
    assert sorted(full_sides.MODELS) == sorted(detectors)
    assert set(detectors) <= PRESETS.keys()


def test_our_side_of_the_lightest_predicts():
    model = full_ours.Ours("fasterrcnn_mobilenet_v3_large_320_fpn")
    found = model.predict(full_sides.picture(200, 260))
    assert len(found["boxes"]) == len(found["scores"]) > 0


@pytest.mark.skipif("torchvision" in environment.available(), reason="torchvision is installed")
def test_without_torchvision_it_says_how_to_name_a_python_that_has_it():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.published", "--quick"], cwd=REPO, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("make bench SUITE=published BENCH_PYTHON=path/to/python")
