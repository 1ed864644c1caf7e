"""A comparison as figures: mask AP and three differences from the baseline by seed, and AP over the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from minimaskrcnn.experiments.lab_variants import NAMES, VARIANTS
from minimaskrcnn.experiments.roi_claims import CLAIMS, difference
from minimaskrcnn.experiments.roi_lab import EXPERIMENTS, Experiment
from minimaskrcnn.experiments.roi_summary import Summary
from minimaskrcnn.viz.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILLION, headline, new_figure

LOOKS = tuple(zip((BLACK, ORANGE, BLUE, VERMILLION, PURPLE, GREEN), "so^vDP", strict=True))
GAINS = {
    "mask_AP": ("Mask AP", "points", "right of 0 is better"),
    "boundary_iou": ("Boundary IoU", "points", "right of 0 is better"),
    "centroid_offset": ("Centroid offset", "pixels", "left of 0 is better"),
}
Rows = Sequence[Mapping[str, Any]]


def roi_figure(rows: Rows, summary: Summary, name: str) -> Figure:
    """Draw the mask AP of each choice and its differences from the baseline, with intervals over seeds.

    Parameters
    ----------
    rows : sequence of dicts, one per run
    summary : Summary of these rows
    name : str
        The name of the experiment.

    Returns
    -------
    Figure
        A row of four axes for each variant. Small marks are seeds, large marks are means, and lines are 95 %
        intervals.
    """
    experiment = EXPERIMENTS[name]
    count = len(experiment.variants)
    figure = new_figure(13, 0.9 + (0.75 + 0.4 * len(experiment.choices)) * count)
    grid = figure.subplots(count, 1 + len(GAINS), squeeze=False)
    for variant, axes in zip(experiment.variants, grid, strict=True):
        _levels(axes[0], variant, rows, summary, experiment)
        for measure, ax in zip(GAINS, axes[1:], strict=True):
            _gains(ax, variant, measure, rows, summary, name)
    return figure


def curve_figure(rows: Rows, name: str) -> Figure:
    """Draw mask AP over the steps of training: a thin line per seed, a thick one per choice for the mean.

    The distance between two curves in height is quality; in width it is speed of learning.
    """
    experiment = EXPERIMENTS[name]
    figure = new_figure(7.5, 4)
    ax = figure.subplots()
    for choice, (colour, marker) in zip(experiment.choices, LOOKS, strict=False):
        mine = [row for row in rows if row["choice"] == choice]
        steps = [point["step"] for point in mine[0]["curve"]]
        ap = 100 * np.array([[point["mask_AP"] for point in row["curve"]] for row in mine], np.float64)
        ax.plot(steps, ap.T, color=colour, linewidth=0.6, alpha=0.6)
        ax.plot(steps, ap.mean(axis=0), color=colour, marker=marker, linewidth=2, label=NAMES[choice])
    ax.set_xlabel("steps")
    ax.set_ylabel("mask AP, %")
    ax.set_ylim(0)
    ax.legend(loc="lower right")
    title = VARIANTS[experiment.variants[0]].title
    headline(ax, f"Mask AP over training: {title}", "thick: mean over seeds; thin: each seed")
    return figure


def _levels(ax: Axes, variant: str, rows: Rows, summary: Summary, experiment: Experiment) -> None:
    for place, choice in enumerate(experiment.choices):
        values = 100 * _by_seed(rows, variant, choice, "mask_AP")
        interval = summary.level[variant, choice, "mask_AP"]
        _draw(ax, place, place, values, 100 * interval.mean, 100 * interval.half)
    _choices_down(ax, experiment.choices)
    headline(ax, f"Mask AP: {VARIANTS[variant].title}", "small: seeds; large: mean; line: 95 % interval")


def _gains(ax: Axes, variant: str, measure: str, rows: Rows, summary: Summary, name: str) -> None:
    scale = 1 if measure == "centroid_offset" else 100
    baseline, *others = EXPERIMENTS[name].choices
    ax.axvline(0, color=GREY, linewidth=1)
    base, in_paper = _by_seed(rows, variant, baseline, measure), False
    for place, choice in enumerate(others):
        values = scale * (_by_seed(rows, variant, choice, measure) - base)
        interval = summary.gain[variant, choice, measure]
        _draw(ax, place, place + 1, values, scale * interval.mean, scale * interval.half)
        gains = _paper_gains(name, variant, choice, measure)
        in_paper = in_paper or bool(gains)
        for source, paper in gains:
            ax.plot(paper, place, "x", color=GREY, markersize=8, markeredgewidth=2, label="paper")
            ax.annotate(source, (paper, place), (0, 7), textcoords="offset points", ha="center", fontsize=7)
    _choices_down(ax, others)
    if measure != next(iter(GAINS)):
        ax.tick_params(labelleft=False)  # the panel to the left names them
    title, unit, better = GAINS[measure]
    ax.xaxis.set_major_locator(MaxNLocator(5))
    note = f"minus {NAMES[baseline]}, seed by seed, {unit}; {better}" + "; x: the paper" * in_paper
    headline(ax, title, note)


def _draw(ax: Axes, place: int, look: int, values: np.ndarray, mean: float, half: float) -> None:
    colour, marker = LOOKS[look]
    seeds = np.full(len(values), place + 0.22)
    ax.plot(values, seeds, marker, color=colour, markersize=3, fillstyle="none")
    ax.errorbar(
        mean,
        place,
        xerr=half if np.isfinite(half) else None,
        fmt=marker,
        color=colour,
        markersize=7,
        capsize=3,
    )


def _choices_down(ax: Axes, choices: Sequence[str]) -> None:
    ax.set_yticks(range(len(choices)), [NAMES[choice] for choice in choices], fontsize=8)
    ax.set_ylim(len(choices) - 0.4, -0.6)


def _by_seed(rows: Rows, variant: str, choice: str, measure: str) -> np.ndarray:
    """Return one cell's measure for each seed in order, (seeds,); NaN if there was nothing to measure."""
    mine = [row for row in rows if (row["variant"], row["choice"]) == (variant, choice)]
    return np.array([row[measure] for row in sorted(mine, key=lambda row: row["seed"])], np.float64)


def _paper_gains(name: str, variant: str, choice: str, measure: str) -> list[tuple[str, float]]:
    """The paper's numbers for this choice minus the baseline, each with its table."""
    wanted = set(difference(variant, choice, EXPERIMENTS[name].baseline, measure))
    return [(c.source, c.paper) for c in CLAIMS[name] if set(c.terms) == wanted and c.paper is not None]
