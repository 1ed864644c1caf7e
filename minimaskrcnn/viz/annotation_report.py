"""An annotation file in one figure: objects by class, how large they are, and what was found wrong."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from minimaskrcnn.data.annotations import Report, Severity
from minimaskrcnn.data.annotations.report import MEDIUM, SMALL
from minimaskrcnn.viz.plain_text import name_ticks
from minimaskrcnn.viz.style import (
    BLACK,
    GREY,
    ORANGE,
    SKY,
    VERMILLION,
    axes_or_new,
    headline,
    new_figure,
    show_message,
)
from minimaskrcnn.viz.words import plural, shown_name

CLASSES = 20  # bars at most
COLOURS = {Severity.FATAL: BLACK, Severity.BROKEN: VERMILLION, Severity.LEFT_OUT: ORANGE, Severity.NOTE: GREY}


def annotation_report_figure(report: Report) -> Figure:
    """Draw the three panels side by side."""
    figure = new_figure(14, 5)
    axes = figure.subplots(1, 3)
    show_class_balance(report, axes[0])
    show_sides(report, axes[1])
    show_findings(report, axes[2])
    return figure


def show_class_balance(report: Report, ax: Axes | None = None) -> Axes:
    """Draw a bar for the number of objects of each class, the most frequent on top."""
    ax = axes_or_new(ax)
    shown = sorted(report.classes, key=lambda one: -one.objects)[:CLASSES]
    if not shown:
        show_message(ax, "no classes")
        return headline(ax, "Classes", "the file lists none that can be used")
    bars = ax.barh(range(len(shown)), [one.objects for one in shown], color=SKY, edgecolor="black")
    ax.bar_label(bars, padding=3, fontsize=8)
    name_ticks(ax.yaxis, [shown_name(one.name) for one in shown])
    ax.invert_yaxis()
    ax.set_xlabel("objects")
    rest = len(report.classes) - len(shown)
    more = f"; {plural(rest, 'rarer class')} not drawn" if rest else ""
    empty = sum(one.objects == 0 for one in report.classes)
    see = f"{plural(len(report.classes), 'class')}, {empty} without an object{more}"
    return headline(ax, "Classes", see)


def show_sides(report: Report, ax: Axes | None = None) -> Axes:
    """Draw a histogram of the square root of the objects' areas, on a log scale, with COCO's limits."""
    ax = axes_or_new(ax)
    sides = report.sides[report.sides > 0]
    if not len(sides):
        show_message(ax, "no objects")
        return headline(ax, "Sizes", "there is no object to measure")
    edges = np.geomspace(sides.min() * 0.9, sides.max() * 1.1, 31)
    ax.hist(sides, edges.tolist(), color=SKY, edgecolor="black", linewidth=0.6)
    for limit, name in ((SMALL, "small"), (MEDIUM, "medium")):
        ax.axvline(limit**0.5, color=BLACK, linestyle="--", linewidth=1, label=f"{name} up to {limit**0.5:g}")
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("root of the area, pixels")
    ax.set_ylabel("objects")
    ax.legend(fontsize=8)
    see = f"{plural(len(sides), 'object')}, half of them below {np.median(sides):.0f} pixels"
    return headline(ax, "Sizes", see)


def show_findings(report: Report, ax: Axes | None = None) -> Axes:
    """Draw a bar for each kind of finding, coloured by what becomes of the entry."""
    ax = axes_or_new(ax)
    kinds = report.kinds()
    if not kinds:
        show_message(ax, "nothing is wrong")
        return headline(ax, "Findings", "every entry can be used")
    bars = ax.barh(
        range(len(kinds)),
        [len(group) for group in kinds.values()],
        color=[COLOURS[severity] for severity, _ in kinds],
        edgecolor="black",
    )
    ax.bar_label(bars, padding=3, fontsize=8)
    name_ticks(ax.yaxis, [f"{severity.value}: {kind}" for severity, kind in kinds])
    ax.invert_yaxis()
    ax.set_xlabel("entries")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    left_out = sum(report.listed.values()) - sum(report.usable.values())
    see = f"{plural(len(report.findings), 'finding')}; {left_out} of the file's entries cannot be used"
    return headline(ax, "Findings", see)
