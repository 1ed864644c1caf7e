"""Grids and strides of the RPN's maps, read back from the anchors."""

import numpy as np

from minimaskrcnn.inspection import Trace
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
