"""The demo figure works for any picture and any number of detections, and its titles can be read."""

import numpy as np
import pytest
from matplotlib.transforms import Bbox

from minimaskrcnn import viz

TITLES = [
    "1. Input",
    "2. RPN proposals",
    "3. RoIs before refinement",
    "4. RoIs after refinement",
    "5. Before per-class NMS",
    "6. After per-class NMS",
    "7. 28x28 masks",
    "8. Detections",
]


def crowd(count):
    rng = np.random.default_rng(0)
    return [(1, *rng.uniform(10, 246, 2), rng.uniform(4, 11)) for _ in range(count)]


CASES = {
    "three": (120, 160, [(1, 40, 60, 20), (2, 110, 40, 25), (1, 120, 95, 18)]),
    "none": (100, 100, []),
    "one": (90, 60, [(3, 30, 40, 20)]),
    "nuclei": (256, 256, crowd(100)),
    "tiny": (20, 20, [(1, 10, 10, 6)]),
    "portrait": (2000, 1500, [(1, 400, 1600, 300), (2, 900, 600, 450)]),
    "long": (60, 1000, [(1, 100, 30, 20)]),
    "tall": (1000, 60, [(1, 30, 900, 20)]),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_eight_numbered_panels_that_do_not_touch(make_trace, case):
    figure = viz.demo_figure(make_trace(*case))
    assert [ax.get_title() for ax in figure.axes] == TITLES
    renderer = figure.canvas.get_renderer()
    figure.draw_without_rendering()
    frames = [ax.get_tightbbox(renderer) for ax in figure.axes]
    paper = figure.bbox
    for ax, frame in zip(figure.axes, frames, strict=True):
        assert paper.x0 <= frame.x0, ax.get_title()
        assert frame.x1 <= paper.x1, ax.get_title()
        assert frame.y1 <= paper.y1, ax.get_title()
    touching = [
        (figure.axes[i].get_title(), figure.axes[j].get_title())
        for i, a in enumerate(frames)
        for j, b in enumerate(frames[:i])
        if (both := Bbox.intersection(a, b)) is not None and min(both.width, both.height) > 1
    ]
    assert touching == []


def test_the_alternative_text_tells_the_story(trace):
    text = viz.alt_text(viz.demo_figure(trace))
    for part in ("Input: 160x120 pixels", "18 boxes", "3 boxes left, 12 suppressed", "2 circles, 1 square"):
        assert part in text


def test_the_same_trace_gives_the_same_file(trace, tmp_path):
    for name in ("a.png", "b.png"):
        viz.save(viz.demo_figure(trace), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
