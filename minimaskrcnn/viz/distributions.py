"""Distributions: deltas in their right order, corners of proposals, classes of RoIs, fates of boxes."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.picture import show_around, transformed_picture
from minimaskrcnn.viz.plain_text import name_ticks
from minimaskrcnn.viz.style import (
    BLUE,
    GREY,
    ORANGE,
    SKY,
    VERMILLION,
    axes_or_new,
    class_style,
    halo,
    headline,
    new_figure,
)
from minimaskrcnn.viz.words import class_name, plural

DELTAS = (
    ("dx", "centre to the right, in widths of the anchor"),
    ("dy", "centre downwards, in heights of the anchor"),
    ("dw", "log of the growth in width"),
    ("dh", "log of the growth in height"),
)


def show_delta(trace: Trace, component: int, ax: Axes | None = None) -> Axes:
    """Draw a histogram of one RPN delta (0 dx, 1 dy, 2 dw, 3 dh): all anchors, and proposals."""
    ax = axes_or_new(ax)
    name, meaning = DELTAS[component]
    every = trace["rpn_deltas"][:, component]
    chosen = every[trace["proposal_anchor"]]
    low, high = np.quantile(every, [0.001, 0.999])
    bins = np.linspace(min(low, -0.1), max(high, 0.1), 41).tolist()
    ax.hist(every, bins, density=True, color=GREY, alpha=0.5, label="all anchors")
    if len(chosen):
        ax.hist(chosen, bins, density=True, histtype="step", color=BLUE, linewidth=1.6, label="of proposals")
    ax.axvline(0, color="black", linewidth=0.8, linestyle=":")
    ax.set_xlabel(name)
    ax.set_ylabel("density")
    ax.legend(fontsize=7)
    return headline(ax, name, f"{meaning}; mean {every.mean():+.2f}, spread {every.std():.2f}")


@catalogued(
    23,
    "rpn-deltas",
    Chapter.INSIDE,
    heading="Deltas of the RPN",
    note="How far anchors are moved: dx and dy in units of the anchor's sides, dw and dh as logarithms.",
)
def delta_figure(trace: Trace) -> Figure:
    """Draw the four RPN deltas, in the order in which the network stores them."""
    figure = new_figure(7.6, 6)
    for component, ax in enumerate(figure.subplots(2, 2).ravel()):
        show_delta(trace, component, ax)
    return figure


@catalogued(
    24,
    "proposal-corners",
    Chapter.INSIDE,
    heading="Corners of the proposals",
    note="Where boxes begin and where they end.",
)
def show_corners(trace: Trace, ax: Axes | None = None) -> Axes:
    """Draw the corners of the proposals: triangles at the top left, squares at the bottom right."""
    ax = transformed_picture(trace, ax)
    first, last = trace["proposals"][:, :2], trace["proposals"][:, 2:]
    ax.scatter(
        first[:, 0], first[:, 1], s=18, marker="^", color=ORANGE, path_effects=halo(1.5), label="top left"
    )
    ax.scatter(
        last[:, 0], last[:, 1], s=14, marker="s", color=SKY, path_effects=halo(1.5), label="bottom right"
    )
    if len(first):
        show_around(ax, trace["proposals"])
    ax.legend(fontsize=7, loc="upper right", framealpha=0.9)
    see = f"{plural(len(first), 'proposal')}: corners gather where objects begin and end, and at the edges"
    return headline(ax, "Corners of the proposals", see)


@catalogued(
    12,
    "roi-classes",
    Chapter.BOX_HEAD,
    heading="Classes of the RoIs",
    note="Most RoIs are background, and that is normal.",
)
def show_class_counts(trace: Trace, ax: Axes | None = None) -> Axes:
    """Draw how many RoIs the box head gives to each class, the background first."""
    ax = axes_or_new(ax)
    classes = trace["class_scores"].shape[1]
    counts = np.bincount(trace["class_scores"].argmax(axis=1), minlength=classes)
    shown = np.flatnonzero(counts | (np.arange(classes) == 0))[:30]
    names = [class_name(n, trace.class_names) for n in shown]
    colours = [GREY if n == 0 else class_style(n).colour for n in shown]
    bars = ax.barh(range(len(shown)), counts[shown], color=colours, edgecolor="black", linewidth=0.6)
    name_ticks(ax.yaxis, names)
    bars[0].set_hatch("//")
    ax.bar_label(bars, fontsize=8, padding=3)
    ax.margins(x=0.12)
    ax.invert_yaxis()
    ax.set_xlabel("RoIs")
    share = counts[0] / max(1, counts.sum())
    lesson = "; most proposals hold nothing, and that is normal" if share > 0.5 else ""
    see = f"{plural(int(counts.sum()), 'RoI')}, {share:.0%} background{lesson}"
    return headline(ax, "Classes of the RoIs", see)


@catalogued(
    34,
    "anchor-fates",
    Chapter.CLOSE_UPS,
    heading="What became of the anchors",
    note="How many left at which filter, and why.",
    arguments={"stage": "anchor"},
)
@catalogued(
    43,
    "candidate-fates",
    Chapter.CLOSE_UPS,
    heading="What became of the candidates",
    note="Every pair of RoI and class, by its end.",
    arguments={"stage": "candidate"},
)
def show_fates(trace: Trace, stage: str = "candidate", ax: Axes | None = None) -> Axes:
    """Draw why boxes were dropped: how many met each fate.

    Parameters
    ----------
    trace : Trace
    stage : "anchor" for the RPN's filters, "candidate" for those of the box head
    """
    ax = axes_or_new(ax)
    counts = np.bincount(trace[f"{stage}_fate"].astype(np.intp), minlength=len(Fate))
    met = [fate for fate in Fate if counts[fate] or fate is Fate.KEPT]
    names = [fate.name.lower().replace("_", " ") for fate in met]
    bars = ax.barh(names, [counts[fate] for fate in met], color=GREY, edgecolor="black", linewidth=0.6)
    bars[0].set_facecolor(VERMILLION)
    bars[0].set_hatch("//")
    ax.bar_label(bars, fontsize=8, padding=3, fmt="{:,.0f}")
    ax.set_xscale("symlog", linthresh=10)
    ax.margins(x=0.15)
    ax.invert_yaxis()
    ax.set_xlabel(f"{stage}s (log scale above 10)")
    see = f"of {plural(int(counts.sum()), stage)} {counts[Fate.KEPT]:,} remain"
    return headline(ax, f"What became of the {stage}s", see)
