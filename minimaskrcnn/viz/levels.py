"""The feature maps that carry anchors: their names, grids and strides, read from a trace."""

from dataclasses import dataclass

import numpy as np

from minimaskrcnn.inspection import Trace


@dataclass(frozen=True)
class Level:
    """One feature map with anchors at every cell.

    Attributes
    ----------
    name : "P2"
    index : its place in `anchor_level`
    stage : name of the map's stage in the trace
    height, width : cells
    stride : (y, x), transformed pixels from cell to cell
    """

    name: str
    index: int
    stage: str
    height: int
    width: int
    stride: tuple[float, float]


def levels(trace: Trace) -> list[Level]:
    """The levels of the RPN, finest first: the pyramid, or the last backbone map where there is none."""
    stages = trace.names("pyramid.") or trace.names("backbone.")[-1:]
    grids = [trace[stage].shape[1:] for stage in stages]
    # All maps cover the same padded picture, so one stride gives the others.
    height, width = (side * step for side, step in zip(grids[0], _spacing(trace, *grids[0]), strict=True))
    return [
        Level(stage.split(".")[1], index, stage, h, w, (height / h, width / w))
        for index, (stage, (h, w)) in enumerate(zip(stages, grids, strict=True))
    ]


def anchor_grid(trace: Trace, level: Level, values: np.ndarray) -> np.ndarray:
    """Values (A, ...) of all anchors as a grid of one level: (y, x, anchor of the cell, ...)."""
    mine = values[trace["anchor_level"] == level.index]
    return mine.reshape(level.height, level.width, -1, *values.shape[1:])  # (h*w*a, ...) -> (h, w, a, ...)


def _spacing(trace: Trace, height: int, width: int) -> tuple[float, float]:
    """Distance in pixels between neighbouring cells of the finest level, from its anchors."""
    finest = trace["anchors"][trace["anchor_level"] == 0]
    grid = finest.reshape(height, width, -1, 4)  # (h*w*a, 4) -> (h, w, a, 4)
    return float(grid[1, 0, 0, 1] - grid[0, 0, 0, 1]), float(grid[0, 1, 0, 0] - grid[0, 0, 0, 0])
