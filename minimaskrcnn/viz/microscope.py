"""The RoI microscope as figures: boxes, bins and sample points on the feature grid, operator by operator.

Cell i is drawn as a square centred on position i. Dashed: the box as given, where the operator takes it to
lie: without `aligned`, RoIAlign is half a cell further down and right. Solid: the bins a rule makes of it.
Dots: where it reads the map. The chosen bin is red, and each cell it listens to shows its weight.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from minimaskrcnn.inspection import RoIView, Trace, look
from minimaskrcnn.inspection.microscope import ARTICLE_BOX, ARTICLE_FEATURES, RULES, numerical_gradient
from minimaskrcnn.kernels.roi_rules import RoIRule
from minimaskrcnn.viz.box_head import best_proposal
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.levels import levels
from minimaskrcnn.viz.style import (
    BLACK,
    LABEL,
    MAP,
    ORANGE,
    VERMILLION,
    halo,
    headline,
    panels,
)

Cell = tuple[int, int]
READABLE = 9  # cells a side up to which numbers are written
MANY_BINS = 4  # with more, bins and numbers would hide each other


def show_roi_grid(view: RoIView, name: str, ax: Axes | None = None, chosen: Cell = (0, 0)) -> Axes:
    """Draw the box, the bins and the sample points of a view on its feature map.

    Parameters
    ----------
    view : RoIView
    name : of the operator, for the title
    chosen : row and column of the bin whose points and weights are shown in red
    """
    ax = panels(1, 1, 5, 5)[1][0] if ax is None else ax
    ax.imshow(view.features, cmap=MAP, interpolation="nearest", alpha=0.8)
    rows, columns = view.output.shape
    dot = 5 if max(rows, columns) < 4 else 2.5  # points
    for row, column in np.ndindex(rows, columns):
        _outline(ax, view.bins(row, column), BLACK, 1.2, inset=0.04)
        if (row, column) != chosen:
            ax.plot(*view.points(row, column).T, ".", color="white", markersize=dot, path_effects=halo(1.2))
    _outline(ax, view.bins(*chosen), VERMILLION, 2.4, inset=0.04)
    ax.plot(
        *view.points(*chosen).T,
        "o",
        color=VERMILLION,
        markersize=1.4 * dot,
        markeredgecolor="white",
        zorder=5,
    )
    _given_box(ax, view)
    _window(ax, view)
    _numbers(ax, view, chosen)
    used = len(view.points(*chosen))
    kind = "whole cell{s}" if view.rule.sampling_ratio is None else "point{s} between cells"
    read = kind.format(s="" if used == 1 else "s")
    rounded = "box rounded to cells" if view.rule.quantise_box else "nothing rounded"
    return headline(ax, name, f"{rounded}; the red bin takes the {view.rule.reduce} of {used} {read}")


def show_roi_output(view: RoIView, ax: Axes | None = None, chosen: Cell = (0, 0)) -> Axes:
    """Draw the output of a view, on the scale of its feature map, with the chosen bin framed."""
    ax = panels(1, 1, 3, 3)[1][0] if ax is None else ax
    low, high = view.features.min(), view.features.max()
    ax.imshow(view.output, cmap=MAP, vmin=low, vmax=high, interpolation="nearest")
    rows, columns = view.output.shape
    if max(rows, columns) <= READABLE:
        for (row, column), value in np.ndenumerate(view.output):
            ax.text(column, row, f"{value:.2f}", **_ink(value, low, high), fontsize=10 if rows < 4 else 6.5)
    row, column = chosen
    _outline(ax, np.array([column - 0.5, row - 0.5, column + 0.5, row + 0.5]), VERMILLION, 2.4, inset=0.03)
    ax.set_xticks([])
    ax.set_yticks([])
    return headline(ax, f"{rows}x{columns} output", f"the red bin answers {view.output[chosen]:.3g}")


@catalogued(
    37,
    "four-operators",
    Chapter.CLOSE_UPS,
    heading="Four operators on one box",
    note="The same box on a map small enough to follow: which cells the red bin listens to, how much, "
    "and what each operator answers.",
)
def microscope_figure(
    features: np.ndarray = ARTICLE_FEATURES,
    box: np.ndarray | tuple[float, ...] = ARTICLE_BOX,
    output_size: tuple[int, int] = (3, 3),
    spatial_scale: float = 1.0,
    rules: Mapping[str, RoIRule] = RULES,
    chosen: Cell = (0, 0),
) -> Figure:
    """Draw the same box through several RoI operators side by side; grids above, outputs below.

    Parameters
    ----------
    features : (H, W) one channel of a feature map; the article's 5x5 cells by default
    box : x1 y1 x2 y2, pixels
    output_size : bins (OH, OW)
    spatial_scale : cells per pixel
    rules : name and rule of each operator; RoIPool, RoIWarp, RoIAlign and aligned RoIAlign by default
    chosen : the bin to explain
    """
    figure, axes = panels(2, len(rules), 3.3, 3.3)
    for column, (name, rule) in enumerate(rules.items()):
        view = look(features, np.asarray(box), output_size, spatial_scale, rule)
        show_roi_grid(view, name, axes[column], chosen)
        show_roi_output(view, axes[len(rules) + column], chosen)
    return figure


@catalogued(
    36,
    "roi-microscope",
    Chapter.CLOSE_UPS,
    heading="The RoI microscope",
    note="The best RoI on its feature map, through four operators: the box as given, the bins each "
    "makes of it, where it reads the map, and what it answers.",
    needs=("trace.proposals",),
)
def proposal_microscope(
    trace: Trace,
    proposal: int | None = None,
    channel: int | None = None,
    rules: Mapping[str, RoIRule] = RULES,
) -> Figure:
    """Draw a proposal on the feature map that it is read from, through several RoI operators.

    Parameters
    ----------
    trace : Trace
    proposal : index into `trace["proposals"]`; by default that of the best candidate
    channel : of the feature map; by default the one that varies most inside the box
    """
    proposal = best_proposal(trace) if proposal is None else proposal
    level = levels(trace)[trace["roi_level"][proposal]]
    maps, box = trace[level.stage], trace["proposals"][proposal]
    output_size = (trace["box_features"].shape[2], trace["box_features"].shape[3])
    if channel is None:
        channel = int(trace["box_features"][proposal].std(axis=(1, 2)).argmax())
    return microscope_figure(maps[channel], box, output_size, 1 / level.stride[0], rules, (3, 3))


@catalogued(
    40,
    "gradients",
    Chapter.CLOSE_UPS,
    heading="The gradient that flows back",
    note="Which cells of the map learn from this box, beside the same gradient by finite differences.",
)
def gradient_figure(
    features: np.ndarray = ARTICLE_FEATURES,
    box: np.ndarray | tuple[float, ...] = ARTICLE_BOX,
    output_size: tuple[int, int] = (3, 3),
    rules: Mapping[str, RoIRule] = RULES,
    seed: int = 0,
) -> Figure:
    """Draw the gradient that flows back into the map (above) and the numerical one (below), per operator."""
    grad = np.random.default_rng(seed).uniform(0.5, 1.5, output_size)
    figure, axes = panels(2, len(rules), 3.0, 3.0)
    for column, (name, rule) in enumerate(rules.items()):
        view = look(features, np.asarray(box), output_size, 1.0, rule)
        exact, numerical = view.gradient(grad), numerical_gradient(view, grad)
        top = max(exact.max(), numerical.max())
        for ax, values in ((axes[column], exact), (axes[len(rules) + column], numerical)):
            ax.imshow(values, cmap=MAP, vmin=0, vmax=top, interpolation="nearest")
            _given_box(ax, view)
            _window(ax, view)
        cells = np.count_nonzero(exact)
        headline(axes[column], name, f"backward reaches {cells} cells, {exact.sum():.3g} in all")
        apart = np.abs(exact - numerical).max()
        headline(axes[len(rules) + column], "by finite differences", f"differs by at most {apart:.0e}")
    return figure


def _outline(ax: Axes, box: np.ndarray, colour: str, width: float, inset: float) -> None:
    x1, y1, x2, y2 = box + np.array([inset, inset, -inset, -inset])
    ax.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=colour, linewidth=width))


def _given_box(ax: Axes, view: RoIView) -> None:
    """The box as it was given, dashed, where the rule takes it to lie."""
    x1, y1, x2, y2 = view.own_box
    sides = (x2 - x1, y2 - y1)
    ax.add_patch(Rectangle((x1, y1), *sides, fill=False, linestyle="--", edgecolor=ORANGE, linewidth=2))


def _window(ax: Axes, view: RoIView) -> None:
    """Show whole cells round the box, the same for every rule, with the lines between them."""
    height, width = view.features.shape
    ax.set_xticks(np.arange(width + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(height + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=0.5, alpha=0.6)
    ax.tick_params(which="both", length=0, labelbottom=False, labelleft=False)
    # Rounding moves the end of a box by up to 1.5 cells.
    low = np.maximum(np.floor(view.box[:2] - 1), 0)
    high = np.minimum(np.ceil(view.box[2:] + 1.5), [width, height])
    side = (high - low).max()
    ax.set_xlim(low[0] - 0.5, low[0] + side - 0.5)
    ax.set_ylim(low[1] + side - 0.5, low[1] - 0.5)
    ax.set_facecolor("#DDDDDD")


def _numbers(ax: Axes, view: RoIView, chosen: Cell) -> None:
    """The value of each visible cell, and under it its weight in the chosen bin."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    if right - left > READABLE or max(view.output.shape) > MANY_BINS:
        return
    low, high = view.features.min(), view.features.max()
    weights = view.weights(*chosen)
    for (y, x), value in np.ndenumerate(view.features):
        if left < x < right and top < y < bottom:
            ax.text(x, y - 0.24, f"{value:.2g}", **_ink(value, low, high), fontsize=8, zorder=6)
            if weights[y, x] >= 0.005:  # what is written as more than 0.00
                ax.text(
                    x,
                    y + 0.33,
                    f"x{weights[y, x]:.2f}",
                    fontsize=LABEL,
                    ha="center",
                    va="center",
                    color=VERMILLION,
                    zorder=6,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3, "alpha": 0.85},
                )


def _ink(value: float, low: float, high: float) -> dict[str, Any]:
    """Black on bright cells, white on dark ones."""
    bright = value > (low + high) / 2
    return {"color": "black" if bright else "white", "ha": "center", "va": "center"}
