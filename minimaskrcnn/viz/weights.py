"""The weights of a model: a table of statistics that flags what looks dead, and their histograms."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.inspection import WeightStatistics, weight_statistics
from minimaskrcnn.nn import Module
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.style import BLUE, LABEL, VERMILLION, axes_or_new, headline, new_figure
from minimaskrcnn.viz.words import plural

COLUMNS = ("parameter", "shape", "min", "max", "mean", "std", "")
PLACES = (0.0, 0.66, 0.74, 0.80, 0.87, 0.94, 0.955)  # right edges of the numbers, left edges of the words
ROW = 0.17  # inches


@catalogued(
    30,
    "weight-table",
    Chapter.WEIGHTS,
    heading="Weights in numbers",
    note="Range and spread of every layer, dead ones flagged.",
)
def show_weight_table(model: Module, ax: Axes | None = None, only: str = "weight", limit: int = 60) -> Axes:
    """Draw one row per parameter: shape, range, mean, spread, and "dead?" where nothing was learnt.

    Parameters
    ----------
    model : Module
    only : the last part of the names to list; "" lists biases too
    limit : rows; those with a flag come before it cuts
    """
    every = weight_statistics(model)
    chosen = [row for row in every if (row.name.endswith(only) and len(row.shape) > 1) or row.flag]
    shown = sorted(sorted(chosen, key=lambda row: not row.flag)[:limit], key=chosen.index)
    ax = axes_or_new(ax, 9, 1 + ROW * (len(shown) + 1))
    ax.set_axis_off()
    ax.set_xlim(0, 1)
    ax.set_ylim(len(shown) + 0.5, -0.5)
    for row, cells in enumerate([COLUMNS, *map(_cells, shown)]):
        for column, (cell, x) in enumerate(zip(cells, PLACES, strict=True)):
            ax.text(
                x,
                row,
                cell,
                fontsize=LABEL,
                va="center",
                ha="left" if column in (0, 6) else "right",
                fontweight="bold" if row == 0 or column == 6 else "normal",
                color=VERMILLION if column == 6 else "black",
                family="monospace",
            )
    ax.axhline(0.5, color="black", linewidth=0.8)
    flagged = sum(row.flag != "" for row in every)
    numbers = sum(int(np.prod(row.shape)) for row in every)
    verdict = f"{plural(flagged, 'row')} flagged" if flagged else "nothing looks dead"
    see = f"{len(shown)} of {plural(len(every), 'parameter')} ({numbers:,} numbers in all): {verdict}"
    return headline(ax, "Weights in numbers", see)


def show_weight_histogram(model: Module, name: str, ax: Axes | None = None) -> Axes:
    """Draw the histogram of a parameter, on a log scale, so that outliers show."""
    ax = axes_or_new(ax, 4, 3)
    values = dict(model.named_parameters())[name].data
    ax.hist(values.ravel(), 41, color=BLUE)
    ax.axvline(0, color="black", linewidth=0.8, linestyle=":")
    ax.set_yscale("log")
    ax.minorticks_off()
    ax.tick_params(labelsize=LABEL)
    short = name.split(".", 1)[-1].removesuffix(".weight")
    return headline(ax, short, f"{_shape(values.shape)}, spread {values.std():.3g}")


@catalogued(
    31,
    "weight-histograms",
    Chapter.WEIGHTS,
    heading="Weight histograms",
    note="Trained weights look like bells, dead ones do not.",
)
def weight_histograms(model: Module, limit: int = 15) -> Figure:
    """Draw histograms of `limit` weights with two or more axes, evenly chosen from backbone to heads."""
    names = [name for name, parameter in model.named_parameters() if parameter.data.ndim > 1]
    chosen = [
        names[i]
        for i in np.unique(np.linspace(0, len(names) - 1, min(limit, len(names))).round().astype(int))
    ]
    columns = min(3, len(chosen))
    rows = -(-len(chosen) // columns)
    figure = new_figure(8.4, 2.1 * rows)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for name, ax in zip(chosen, axes, strict=False):
        show_weight_histogram(model, name, ax)
    for ax in axes[len(chosen) :]:
        ax.remove()
    return figure


def _cells(row: WeightStatistics) -> tuple[str, ...]:
    flag = f"{row.dead} dead" if row.flag == "some dead" else row.flag
    numbers = (row.low, row.high, row.mean, row.spread)
    return (row.name, _shape(row.shape), *(f"{number:+.3f}" for number in numbers), flag)


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"
