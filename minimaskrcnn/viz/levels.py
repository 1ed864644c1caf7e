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
    stride : (y, x), pixels of the resized picture from cell to cell
    """

    name: str
    index: int
    stage: str
    height: int
    width: int
    stride: tuple[int, int]


def levels(trace: Trace) -> list[Level]:
    """The levels of the RPN, finest first: the pyramid, or the last backbone map where there is none."""
    stages = trace.names("pyramid.") or trace.names("backbone.")[-1:]
    return [
        Level(name, index, stage, trace[stage].shape[1], trace[stage].shape[2], stride)
        for index, (stage, (name, stride)) in enumerate(zip(stages, trace.strides.items(), strict=True))
    ]


def anchor_grid(trace: Trace, level: Level, values: np.ndarray) -> np.ndarray:
    """Values (A, ...) of all anchors as a grid of one level: (y, x, anchor of the cell, ...)."""
    mine = values[trace["anchor_level"] == level.index]
    return mine.reshape(level.height, level.width, -1, *values.shape[1:])  # (h*w*a, ...) -> (h, w, a, ...)
