"""Colours with a second cue, titles, alternative text."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
from matplotlib.transforms import Bbox

from minimaskrcnn import viz
from minimaskrcnn.viz import style


def test_classes_differ_by_colour_and_neighbours_also_by_dash():
    styles = [viz.class_style(label) for label in range(1, 29)]
    assert len(set(styles)) == 28
    assert all(a.colour != b.colour and a.dash != b.dash for a, b in pairwise(styles))
    assert style.DOTTED not in {s.dash for s in styles}  # dotted is for boxes before refinement


def test_headline_and_detail_do_not_overlap_and_stay_on_the_paper():
    figure, axes = style.panels(2, 2, 3, 2)
    for ax in axes:
        style.headline(ax, "RPN proposals", "a sentence that must be wrapped over lines " * 2)
    renderer = figure.canvas.get_renderer()
    figure.draw_without_rendering()
    frames = []
    for ax in axes:
        title, detail = ax.title.get_window_extent(renderer), ax.texts[0].get_window_extent(renderer)
        assert title.y0 >= detail.y1
        assert detail.y0 >= ax.get_window_extent().y1
        assert detail.x1 <= ax.get_window_extent().x1 + 1
        frames.append(Bbox.union([title, detail, ax.get_window_extent()]))
    assert all(figure.bbox.x0 <= f.x0 and f.x1 <= figure.bbox.x1 and f.y1 <= figure.bbox.y1 for f in frames)
    assert not any(a.overlaps(b) for i, a in enumerate(frames) for b in frames[:i])


def test_alt_text_joins_the_headlines():
    figure, (a, b) = style.panels(1, 2, 3, 2)
    style.headline(a, "Input", "a picture.")
    style.headline(b, "Masks", "where it is")
    assert viz.alt_text(figure) == "Input: a picture. Masks: where it is."


def test_numbers_stand_before_headlines():
    _, (ax,) = style.panels(1, 1, 3, 2)
    style.headline(ax, "Input", "a picture")
    style.number_headline(ax, 4)
    assert ax.get_title() == "4. Input"


def test_top_indices_break_ties_by_index():
    assert style.top_indices(np.array([0.5, 0.9, 0.5, 0.9]), 3).tolist() == [1, 3, 0]


def test_importing_viz_leaves_pyplot_alone():
    code = "import sys, minimaskrcnn.viz; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_axes_of_a_subfigure_belong_to_the_whole_figure():
    whole = style.new_figure(4, 2)
    part = whole.subfigures(1, 2)[0]
    assert style.root_figure(part.add_subplot()) is whole
    assert style.root_figure(whole.add_subplot()) is whole
    assert style.root_figure(whole) is whole
