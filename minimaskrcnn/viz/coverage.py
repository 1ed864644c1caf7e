"""Anchor coverage of a data set: how well the best anchor fits each object, and which sizes fit better."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.inspection import Coverage
from minimaskrcnn.inspection.coverage import COVERED
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    SKY,
    VERMILLION,
    axes_or_new,
    headline,
    new_figure,
    show_message,
)
from minimaskrcnn.viz.words import plural


def show_coverage(coverage: Coverage, ax: Axes | None = None) -> Axes:
    """Draw a histogram of the best IoU of each object; bars of objects that no anchor covers are hatched."""
    ax = axes_or_new(ax)
    best, threshold = coverage.best_iou, coverage.fg_iou_thresh
    ax.set_xlabel("best IoU with an anchor")
    ax.set_ylabel("objects")
    if len(best) == 0:
        show_message(ax, "no objects")
        return headline(ax, "Anchor coverage", "nothing to cover in these pictures")
    counts, edges = np.histogram(best, np.linspace(0, 1, 41))
    bars = ax.bar(edges[:-1], counts, 1 / 40, align="edge", color=SKY, edgecolor="black", linewidth=0.6)
    for bar, start in zip(bars, edges, strict=False):
        if start < COVERED - 1e-9:
            bar.set(facecolor=VERMILLION, hatch="//")
    for iou, dash, colour, name in (
        (COVERED, "--", VERMILLION, "covered"),
        (threshold, ":", BLACK, "a match"),
    ):
        ax.axvline(iou, color=colour, linestyle=dash, linewidth=1.2, label=f"{iou:g}: {name}")
    ax.legend(fontsize=8, loc="upper left")
    see = (
        f"{plural(len(best), 'object')}, {np.mean(best >= threshold):.0%} reach {threshold:g}, where "
        f"the RPN calls an anchor an object; {len(coverage.never)} never reach {COVERED:g} (hatched)"
    )
    return headline(ax, "Anchor coverage", see)


def show_object_sizes(coverage: Coverage, ax: Axes | None = None) -> Axes:
    """Draw width and height of each object (dots) and of the anchors of one cell (squares), on log scales."""
    ax = axes_or_new(ax)
    width, height = coverage.sizes.T
    missed = np.zeros(len(width), bool)
    missed[coverage.never] = True
    ax.scatter(width[~missed], height[~missed], s=9, color=BLUE, alpha=0.5, label="objects")
    if missed.any():
        ax.scatter(width[missed], height[missed], s=28, marker="x", color=VERMILLION, label="never covered")
    across, down = coverage.anchors.T
    ax.scatter(across, down, s=60, marker="s", color=ORANGE, edgecolor="black", label="anchors")
    suggested = coverage.suggested
    ax.scatter(
        suggested, suggested, s=50, marker="D", color=GREEN, edgecolor="black", label="suggested sizes"
    )
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:g}")
    ax.set_xlabel("width, pixels")
    ax.set_ylabel("height, pixels")
    ax.legend(fontsize=8, loc="upper left")
    see = (
        f"sizes {_join(coverage.now)} fit with IoU {_mean(coverage.now_iou)} where position does not count; "
        f"sizes {_join(suggested)} would fit with {_mean(coverage.suggested_iou)}"
    )
    return headline(ax, "Objects and anchor shapes", see)


@catalogued(
    29,
    "anchor-coverage",
    Chapter.DATA,
    heading="Do the anchors fit the objects?",
    note="The best IoU any anchor reaches with each object. Objects that none covers are hard to learn.",
)
def coverage_figure(coverage: Coverage) -> Figure:
    """Draw the best IoUs and the sizes side by side."""
    figure = new_figure(12, 4.6)
    left, right = figure.subplots(1, 2)
    show_coverage(coverage, left)
    show_object_sizes(coverage, right)
    return figure


def _join(sizes: list[int]) -> str:
    return ", ".join(map(str, sizes)) or "none"


def _mean(iou: np.ndarray) -> str:
    return f"{iou.mean():.2f}" if len(iou) else "nothing"
