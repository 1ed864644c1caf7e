"""The full-size benchmark: what it promises, refuses and works out. Nothing here is timed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import environment, full_growth, full_sides, full_size

REPO = Path(__file__).resolve().parents[2]


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.full_size", *arguments], cwd=REPO, capture_output=True, text=True
    )


def test_every_claim_has_its_row():
    names = run("--list").stdout.splitlines()
    assert names == [
        "prediction 800x1066",
        "prediction 480x640",
        "training step 480x640, all layers",
        "peak memory 800x1066",
        "import",
        "growth: area",
        "growth: detections",
    ]
    assert [case.target for case in full_size.CASES] == [1.0, 1.0, 1.25]


@pytest.mark.skipif("torchvision" in environment.available(), reason="torchvision is installed")
def test_without_torchvision_it_says_how_to_name_a_python_that_has_it():
    done = run("--only", "prediction")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("make bench SUITE=full_size BENCH_PYTHON=path/to/python")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("bad", [("--only", "nothing"), ("--threads", "0")])
def test_an_option_that_means_nothing_is_refused(bad):
    done = run(*bad)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def detections(*rows):
    boxes, labels, scores = zip(*rows, strict=True)
    return {"boxes": np.array(boxes, float), "labels": np.array(labels), "scores": np.array(scores)}


def test_detections_in_common_have_the_same_label_box_and_score():
    box, other = (0, 0, 9, 9), (0, 0, 9, 5)
    ours = detections((box, 1, 0.9), (box, 2, 0.8), (other, 1, 0.7))
    assert full_sides.in_common(ours, ours) == 3
    assert full_sides.in_common(ours, detections((box, 1, 0.9), (box, 1, 0.8), (other, 1, 0.6))) == 1
    assert full_sides.in_common(ours, {name: array[:0] for name, array in ours.items()}) == 0


def test_a_straight_line_is_found_and_drawn():
    sizes = [1.0, 2.0, 4.0]
    curve = full_growth.Curve("time", "megapixels", sizes, {"ours": [0.5 + 2 * s for s in sizes]})
    slope, fixed, explained = curve.line("ours")
    assert (slope, fixed, explained) == pytest.approx((2, 0.5, 1))
    (ax,) = full_growth.figure([curve]).axes
    points, line = ax.lines
    np.testing.assert_allclose(points.get_ydata(), [2.5, 4.5, 8.5])
    np.testing.assert_allclose(line.get_ydata(), [0.5, 8.5])
    assert ax.get_xlabel() == "megapixels"


class Instant:
    """A side that notes what it is asked for, and finds as many objects as it may."""

    def __init__(self):
        self.limits, self.sides, self.count = [], [], 100

    def resize_to(self, side):
        self.sides.append(side)

    def limit(self, detections):
        self.limits.append(detections)
        self.count = detections

    def predict(self, image):
        assert image.shape[1] == self.sides[-1]
        return {"boxes": np.zeros((self.count, 4))}


def test_growth_goes_through_every_size_and_restores_the_limits(monkeypatch):
    monkeypatch.setattr(full_growth, "AREAS", ((24, 32), (48, 64)))
    monkeypatch.setattr(full_growth, "COUNTS", (25, 50))
    sides = {"ours": Instant(), "torchvision": Instant()}
    curves = [full_growth.by_area(sides, 1), full_growth.by_detections(sides, 1)]
    assert [list(curve.sizes) for curve in curves] == [[24 * 32 / 1e6, 48 * 64 / 1e6], [25, 50]]
    assert all(len(seconds) == 2 for curve in curves for seconds in curve.seconds.values())
    for side in sides.values():
        assert side.sides == [24, 48, 480, 480]
        assert side.limits[-1] == full_growth.DETECTIONS
    assert [line[:2] for line in full_growth.table(curves).lines] == [
        ("megapixels", "ours"),
        ("megapixels", "torchvision"),
        ("detections", "ours"),
        ("detections", "torchvision"),
    ]
    assert len(full_growth.figure(curves).axes) == 2


def test_objects_to_train_on_fill_their_boxes():
    truth = full_sides.truth_of(120, 160)
    for (x1, y1, x2, y2), mask in zip(truth["boxes"], truth["masks"], strict=True):
        ys, xs = np.nonzero(mask)
        assert xs.min() >= np.floor(x1)
        assert xs.max() <= x2
        assert ys.min() >= np.floor(y1)
        assert ys.max() <= y2


def test_the_stopwatch_counts_what_it_watches():
    class Work:
        def run(self, n):
            return n + 1

    work, watch = Work(), full_sides.Stopwatch()
    watch.watch(work, "run", "stage")
    assert work.run(1) == 2
    assert watch.seconds["stage"] > 0
