"""Grids and strides of the RPN's maps, from the trace."""

import numpy as np
import pytest

from minimaskrcnn import viz
from minimaskrcnn.inspection import Trace
from minimaskrcnn.models import mini_c4
from minimaskrcnn.viz.levels import anchor_grid, levels


def test_strides_and_grids_of_a_pyramid(trace):
    found = levels(trace)
    assert [level.name for level in found] == ["P2", "P3", "P4", "P5"]
    assert [level.stride for level in found] == [(s, s) for s in (4, 8, 16, 32)]
    assert [(level.height, level.width) for level in found] == [(24, 32), (12, 16), (6, 8), (3, 4)]


def test_a_grid_holds_the_anchors_of_its_cells(trace):
    level = levels(trace)[1]
    grid = anchor_grid(trace, level, trace["anchors"])
    assert grid.shape == (12, 16, 3, 4)
    centres = (grid[..., :2] + grid[..., 2:]) / 2
    np.testing.assert_array_equal(centres[5, 7, 0], [7 * 8, 5 * 8])


def test_a_model_without_pyramid_has_one_level(trace):
    first = trace["anchor_level"] == 0
    stages = {"backbone.C4": trace._stage("pyramid.P2")}
    for name in ("anchors", "anchor_level"):
        stages[name] = trace._stage(name)._replace(array=trace[name][first])
    (level,) = levels(Trace(stages))
    assert (level.name, level.stride) == ("C4", (4, 4))


@pytest.mark.parametrize("size", [(16, 512), (512, 16), (16, 16)])
def test_figures_of_a_map_that_is_one_cell_high_or_wide(size):
    image = np.random.default_rng(0).random((3, *size), np.float32)
    trace = mini_c4(3, rng=np.random.default_rng(0)).trace(image)
    (level,) = levels(trace)
    assert level.stride == (16, 16)
    for entry, draw in viz.stage_figures(viz.Example(trace)).items():
        if entry.name in ("anchors-of-one-cell", "objectness", "roi-levels"):
            draw().draw_without_rendering()
