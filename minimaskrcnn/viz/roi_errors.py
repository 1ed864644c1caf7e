"""Where an RoI operator looks, and how wide: constants move every box alike, rounding scatters them.

On a ramp, a map whose value is the position, the answer of a bin is where the bin is:

    centre = mean of a row of bins           centre error = centre - that of the box
    width  = (last - first) * bins/(bins-1)  width error  = width  - that of the box
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.inspection.microscope import RULES
from minimaskrcnn.kernels.roi_rules import (
    ROI_ALIGN,
    ROI_ALIGN_V2,
    ROI_POOL,
    ROI_WARP,
    ROI_WARP_END,
    RoIRule,
)
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.style import BLACK, SKY, SOLID, VERMILLION, class_style, headline, new_figure

SIDE = 32  # cells of the ramp
BINS = 7

LADDER: dict[str, RoIRule] = {
    "RoIAlign, aligned": ROI_ALIGN_V2,
    "+ half a cell: RoIAlign": ROI_ALIGN,
    "+ box rounded: RoIWarp": ROI_WARP,
    "+ end cell included": ROI_WARP_END,
    "+ bins rounded": replace(ROI_WARP_END, quantise_bins=True),
    "+ whole cells for points": replace(ROI_WARP_END, quantise_bins=True, sampling_ratio=None),
    "+ maximum: RoIPool": ROI_POOL,
}
"""From RoIAlign to RoIPool: each rule differs from the one before it in one switch."""


def read_ramp(rule: RoIRule, starts: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Return what a row of `BINS` bins answers on a ramp, (boxes, BINS), in cells.

    Parameters
    ----------
    rule : RoIRule
    starts, widths : (boxes,) of square boxes on the diagonal, in cells; cell i covers [i, i + 1)
    """
    ramp = Tensor(np.tile(np.arange(SIDE) + 0.5, (SIDE, 1))[None, None])  # (1, 1, SIDE, SIDE)
    ends = starts + widths
    rois = np.stack([np.zeros_like(starts), starts, starts, ends, ends], axis=1)
    return ops.roi_features(ramp, rois, (BINS, BINS), 1.0, rule).data[:, 0, BINS // 2]


def window_errors(rule: RoIRule, starts: np.ndarray, widths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return by how much the window that a rule reads is off, in cells: its centre and its width.

    Parameters
    ----------
    rule : RoIRule
    starts, widths : (boxes,), as in `read_ramp`

    Examples
    --------
    >>> centre, width = window_errors(ROI_ALIGN, np.array([9.0, 9.3]), np.array([2.0, 2.4]))
    >>> centre.round(9), np.abs(width).round(9)
    (array([0.5, 0.5]), array([0., 0.]))
    """
    answers = read_ramp(rule, starts, widths)
    centre = answers.mean(axis=1) - (starts + widths / 2)
    width = (answers[:, -1] - answers[:, 0]) * BINS / (BINS - 1) - widths
    return centre, width


@catalogued(
    47,
    "roi-ladder",
    Chapter.CLOSE_UPS,
    heading="From RoIAlign to RoIPool, one switch at a time",
    note="How far off each operator looks, for 400 boxes of an object's size at stride 16. A constant moves "
    "all dots alike, and a network can learn it; rounding scatters them, and nothing can undo that.",
)
def ladder_figure(boxes: int = 400, seed: int = 0) -> Figure:
    """Draw the errors of centre and width of the `LADDER`, a dot for each box, the mean and its spread."""
    rng = np.random.default_rng(seed)
    starts, widths = rng.uniform(10, 11, boxes), rng.uniform(1.3, 3.5, boxes)
    figure = new_figure(9.5, 4.2)
    left, right = figure.subplots(1, 2, sharey=True)
    for row, rule in enumerate(LADDER.values()):
        lift = row + rng.uniform(-0.25, 0.25, boxes)
        for ax, errors in zip((left, right), window_errors(rule, starts, widths), strict=True):
            ax.plot(errors, lift, ".", markersize=2, color=SKY, alpha=0.7)
            mean, spread = errors.mean().round(9), errors.std()
            ax.errorbar(mean, row, xerr=spread, fmt="o", color=VERMILLION, markersize=5, capsize=3)
            ax.text(2.9, row, f"{mean + 0:+.2f} ± {spread:.2f}", fontsize=7, va="center", ha="right")
    for ax in (left, right):
        ax.axvline(0, color=BLACK, linewidth=0.8, linestyle=":")
        ax.set_yticks(range(len(LADDER)), list(LADDER), fontsize=8)
        ax.set_ylim(len(LADDER) - 0.4, -0.6)
        ax.set_xlim(-1.1, 3)
        ax.set_xlabel("cells")
    headline(left, "Where it looks: error of the centre", "a dot per box; each row adds one switch")
    headline(right, "How wide it looks: error of the width", "mean ± standard deviation over the boxes")
    return figure


@catalogued(
    39,
    "sub-pixel-shift",
    Chapter.CLOSE_UPS,
    heading="Sub-pixel shifts",
    note="A box slides over a ramp. Drawn is the error of the middle bin less its mean: an operator that "
    "rounds jumps, RoIAlign stays at 0.",
)
def show_shift(rules: Mapping[str, RoIRule] = RULES, ax: Axes | None = None) -> Axes:
    """Draw the error of each operator's middle bin, less its mean, while a box slides over a ramp.

    The mean is in the legend: a constant, which a network can learn. What is left is what it cannot.
    """
    shifts = np.linspace(0, 2, 161)
    ax = new_figure(7, 4.5).add_subplot() if ax is None else ax
    for place, (name, rule) in enumerate(rules.items(), start=1):
        middle = read_ramp(rule, 6 + shifts, np.full_like(shifts, 14.0))[:, BINS // 2]
        error = middle - (13 + shifts)
        style = class_style(place)
        ax.plot(
            shifts,
            error - error.mean(),
            color=style.colour,
            linestyle=style.dash or SOLID,
            linewidth=1.8,
            label=f"{name}: {error.mean().round(9) + 0:+.2f} on average",
        )
    ax.set_xlabel("shift of the box, cells")
    ax.set_ylabel("error of the middle bin less its mean, cells")
    ax.set_ylim(-0.6, 1.1)  # the legend stands above the curves
    ax.legend(fontsize=8, loc="upper center")
    see = "a box slides over a ramp: an operator that rounds stands still, then jumps"
    return headline(ax, "Sub-pixel shifts", see)
