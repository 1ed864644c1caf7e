"""A quiz: six outputs of RoI operators on one box, and the switch that made each differ from RoIAlign."""

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.exercises.drawing import draw_values
from minimaskrcnn.exercises.quiz import quiz
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.inspection import look
from minimaskrcnn.kernels.roi_rules import ROI_ALIGN_V2

RULES = {
    "nothing": ROI_ALIGN_V2,
    "box rounded": replace(ROI_ALIGN_V2, quantise_box=True),
    "end cell included": replace(ROI_ALIGN_V2, include_end=True),
    "no half cell": replace(ROI_ALIGN_V2, aligned=False),
    "maximum": replace(ROI_ALIGN_V2, reduce="max"),
    "whole cells": replace(ROI_ALIGN_V2, sampling_ratio=None),
}
KEY = {
    "A": "no half cell",
    "B": "maximum",
    "C": "box rounded",
    "D": "nothing",
    "E": "whole cells",
    "F": "end cell included",
}

SIDE = 7
COLUMNS = np.arange(SIDE) + 0.5  # where the centres of the cells lie
SLOPE = np.tile(10.0 * COLUMNS, (SIDE, 1))  # the value at x is 10 x, wherever one reads
BOX, BINS = (1.3, 1.3, 5.2, 5.2), (1, 3)


def output(switch: str) -> np.ndarray:
    """What RoIAlign with one switch thrown makes of the box, in one row of three bins."""
    return look(SLOPE, np.array(BOX), BINS, 1.0, RULES[switch]).output


def draw(ax: Axes, choice: str | None, question: str) -> str:
    """The three outputs; the map is a slope, so that each output tells where it was read."""
    values = output(choice or KEY[question])
    draw_values(ax, values, low=0, high=70)
    return f"output {in_words(values[0])}" if choice is None else f"{choice!r} gives {in_words(values[0])}"


EXERCISE = quiz(
    name="which_switch",
    task="Write my_which_switch, a dictionary from A to F. On a map whose value at x is 10 x, the box "
    "from 1.3 to 5.2 has three bins, 1.3 wide, with two samples each along x. Aligned RoIAlign "
    "answers 19.5, 32.5, 45.5, the centres of the bins. Each output was made by it with at most "
    "one switch thrown: 'nothing', 'box rounded', 'end cell included', 'no half cell', 'maximum' "
    "or 'whole cells' (the mean of the cells whose index lies in the bin).",
    key=KEY,
    choices=tuple(RULES),
    draw=draw,
    hints=(
        "Compare with 19.5, 32.5, 45.5. A shift moves all three alike; another width moves them apart.",
        "The distance of two bins says how long the box is: 13 for 3.9 cells, 13.3 for 4, 16.3 for 4.9.",
        "Half a cell is 5. The right one of two samples lies a quarter of a bin from the centre: 3.25.",
    ),
    misread={
        "a shift for a maximum": ("A", "maximum"),
        "a maximum for a shift": ("B", "no half cell"),
        "a wider box for a rounded one": ("C", "end cell included"),
        "whole cells for a rounded box": ("E", "box rounded"),
    },
    panel=(3.1, 1.1),
)
