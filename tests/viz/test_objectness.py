"""Heat maps of objectness lie where their anchors do."""

import numpy as np
import pytest

from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.viz.objectness import objectness_figure, show_objectness


def test_each_cell_shows_its_best_anchor(trace):
    ax = show_objectness(trace, 0)
    heat = ax.images[-1]
    mine = trace["objectness"][trace["anchor_level"] == 0]
    wanted = 1 / (1 + np.exp(-mine.reshape(24, 32, 3).max(axis=2)))
    np.testing.assert_allclose(heat.get_array(), wanted, rtol=1e-5)
    assert heat.get_clim() == (0, 1)
    assert heat.get_cmap().name == "cividis"


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_a_cell_is_centred_on_its_anchors(trace, level):
    ax = show_objectness(trace, level)
    left, right, bottom, top = ax.images[-1].get_extent()
    height, width = ax.images[-1].get_array().shape
    stride = 4 * 2**level
    assert (right - left) / width == stride
    assert (left + stride / 2, top + stride / 2) == (0, 0)
    assert (bottom - top) / height == stride


def test_crosses_mark_the_anchors_that_won(trace):
    ax = show_objectness(trace, 0)
    won = (trace["anchor_fate"] == Fate.KEPT) & (trace["anchor_level"] == 0)
    centres = (trace["anchors"][won, :2] + trace["anchors"][won, 2:]) / 2
    np.testing.assert_array_equal(ax.lines[-1].get_xydata(), centres)
    assert f"{won.sum()} proposals" in ax.get_label()


def test_one_panel_a_level(trace):
    figure = objectness_figure(trace)
    assert [ax.get_title() for ax in figure.axes] == [f"Objectness on P{n}" for n in (2, 3, 4, 5)]
