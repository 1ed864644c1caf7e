"""Objectness: how much each cell of each level looks like the middle of an object."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.detection.probabilities import expit
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.levels import Level, anchor_grid, levels
from minimaskrcnn.viz.picture import panel_size, transformed_picture
from minimaskrcnn.viz.style import MAP, VERMILLION, headline, panels
from minimaskrcnn.viz.words import plural


def show_objectness(trace: Trace, level: Level | int, ax: Axes | None = None) -> Axes:
    """Draw the best objectness among the anchors of each cell as a heat map; dots mark proposals.

    Parameters
    ----------
    trace : Trace
    level : Level, or its index, 0 the finest
    """
    if not isinstance(level, Level):
        level = levels(trace)[level]
    ax = transformed_picture(trace, ax)
    logits = anchor_grid(trace, level, trace["objectness"]).max(axis=2)  # (h, w, a) -> (h, w)
    probability = expit(logits.astype(np.float64))
    step_y, step_x = level.stride
    limits = ax.get_xlim(), ax.get_ylim()
    # The anchors of cell (0, 0) are centred on the picture's corner, so a cell is drawn round its anchors.
    extent = (
        -step_x / 2,
        (level.width - 0.5) * step_x,
        (level.height - 0.5) * step_y,
        -step_y / 2,
    )
    ax.imshow(probability, extent=extent, cmap=MAP, vmin=0, vmax=1, alpha=0.75, interpolation="nearest")
    ax.set_xlim(limits[0])
    ax.set_ylim(limits[1])
    won = (trace["anchor_fate"] == Fate.KEPT) & (trace["anchor_level"] == level.index)
    centres = (trace["anchors"][won, :2] + trace["anchors"][won, 2:]) / 2
    ax.plot(*centres.T, ".", color=VERMILLION, markersize=2.5, linestyle="none")
    see = (
        f"stride {step_y:g}: dark 0, bright 1, here up to {probability.max():.2f}; dots: the anchors of "
        f"{plural(len(centres), 'proposal')}; a cell is drawn round its anchors, so the last ones end half a "
        "cell before the edge"
    )
    return headline(ax, f"Objectness on {level.name}", see)


@catalogued(
    32,
    "objectness",
    Chapter.CLOSE_UPS,
    heading="Objectness on each level",
    note="Fine levels see small objects, coarse ones large.",
)
def objectness_figure(trace: Trace) -> Figure:
    """Draw one heat map for each level, finest first: small objects show on fine levels, large on coarse."""
    maps = levels(trace)
    columns = min(len(maps), 3)
    rows = -(-len(maps) // columns)
    figure, axes = panels(rows, columns, *panel_size(trace["input"], 3.6))
    for level, ax in zip(maps, axes, strict=False):
        show_objectness(trace, level, ax)
    for ax in axes[len(maps) :]:
        ax.remove()
    return figure
