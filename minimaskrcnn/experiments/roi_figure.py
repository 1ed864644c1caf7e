"""The comparison as one figure: for each variant, mask AP and three differences from RoIPool by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.experiments.roi_claims import CLAIMS
from minimaskrcnn.experiments.roi_lab import BASELINE, VARIANTS
from minimaskrcnn.experiments.roi_summary import Summary
from minimaskrcnn.models.roi_extractor import OPERATORS
from minimaskrcnn.viz.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILLION, headline, new_figure

NAMES = {
    "roi_pool": "RoIPool",
    "roi_warp": "RoIWarp mean",
    "roi_warp_max": "RoIWarp max",
    "roi_align": "RoIAlign mean",
    "roi_align_max": "RoIAlign max",
    "roi_align_v2": "RoIAlign aligned",
}
VARIANT_NAMES = {"pyramid": "pyramid, strides 4-16", "stride16": "one map, stride 16"}
LOOKS = dict(
    zip(OPERATORS, zip((BLACK, ORANGE, VERMILLION, BLUE, PURPLE, GREEN), "sv^oDP", strict=True), strict=True)
)
GAINS = {
    "mask_AP": ("Gain in mask AP", "points over RoIPool of the same seed; right of 0 is better"),
    "boundary_iou": ("Gain in boundary IoU", "points over RoIPool of the same seed; right of 0 is better"),
    "centroid_offset": ("Change of centroid offset", "pixels against RoIPool's; left of 0 is better"),
}


def roi_figure(rows: Sequence[Mapping[str, Any]], summary: Summary) -> Figure:
    """Draw the mask AP of each operator and its differences from RoIPool, with intervals over seeds.

    Parameters
    ----------
    rows : sequence of dicts, one per run
    summary : Summary of these rows

    Returns
    -------
    Figure
        Two rows (variants) of four axes. Small marks are seeds, large marks are means, and lines are 95 %
        intervals.
    """
    figure = new_figure(13, 6.6)
    for variant, axes in zip(VARIANTS, figure.subplots(len(VARIANTS), 1 + len(GAINS)), strict=True):
        _levels(axes[0], variant, rows, summary)
        for measure, ax in zip(GAINS, axes[1:], strict=True):
            _gains(ax, variant, measure, rows, summary)
    return figure


def _levels(ax: Axes, variant: str, rows: Sequence[Mapping[str, Any]], summary: Summary) -> None:
    for place, operator in enumerate(OPERATORS):
        values = 100 * _by_seed(rows, variant, operator, "mask_AP")
        interval = summary.level[variant, operator, "mask_AP"]
        _draw(ax, place, operator, values, 100 * interval.mean, 100 * interval.half)
    _operators_down(ax, list(OPERATORS))
    headline(ax, f"Mask AP: {VARIANT_NAMES[variant]}", "small marks: seeds; large: mean; line: 95 % interval")


def _gains(ax: Axes, variant: str, measure: str, rows: Sequence[Mapping[str, Any]], summary: Summary) -> None:
    scale = 1 if measure == "centroid_offset" else 100
    others = [operator for operator in OPERATORS if operator != BASELINE]
    ax.axvline(0, color=GREY, linewidth=1)
    base = _by_seed(rows, variant, BASELINE, measure)
    for place, operator in enumerate(others):
        values = scale * (_by_seed(rows, variant, operator, measure) - base)
        interval = summary.gain[variant, operator, measure]
        _draw(ax, place, operator, values, scale * interval.mean, scale * interval.half)
    paper = _paper_gain(variant, measure)
    if paper is not None:
        place = others.index("roi_align")
        ax.plot(paper, place, "x", color=GREY, markersize=9, markeredgewidth=2, label="paper")
        ax.annotate("paper", (paper, place), (0, 7), textcoords="offset points", ha="center", fontsize=7)
    _operators_down(ax, others)
    if measure != next(iter(GAINS)):
        ax.tick_params(labelleft=False)  # the panel to the left names them
    headline(ax, *GAINS[measure])


def _draw(ax: Axes, place: int, operator: str, values: np.ndarray, mean: float, half: float) -> None:
    colour, marker = LOOKS[operator]
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


def _operators_down(ax: Axes, operators: list[str]) -> None:
    ax.set_yticks(range(len(operators)), [NAMES[operator] for operator in operators], fontsize=8)
    ax.set_ylim(len(operators) - 0.4, -0.6)


def _by_seed(rows: Sequence[Mapping[str, Any]], variant: str, operator: str, measure: str) -> np.ndarray:
    """Return one cell's measure for each seed in order, (seeds,); NaN if there was nothing to measure."""
    mine = [row for row in rows if (row["variant"], row["operator"]) == (variant, operator)]
    return np.array([row[measure] for row in sorted(mine, key=lambda row: row["seed"])], np.float64)


def _paper_gain(variant: str, measure: str) -> float | None:
    """Return the paper's number for RoIAlign minus RoIPool, or None if it reports none."""
    wanted = {(1, variant, "roi_align", measure), (-1, variant, BASELINE, measure)}
    return next((claim.paper for claim in CLAIMS if set(claim.terms) == wanted), None)
