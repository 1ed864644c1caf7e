"""Figures of anchors: those of one cell, those of highest objectness, and those that match an object."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.boxes import box_iou, resize_boxes
from minimaskrcnn.detection.matcher import Matcher
from minimaskrcnn.detection.probabilities import expit
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.boxes import CLEAR, draw_boxes, draw_faintly, draw_key, draw_links
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.levels import anchor_grid, levels
from minimaskrcnn.viz.picture import show_around, transformed_picture
from minimaskrcnn.viz.style import (
    BLUE,
    DOTTED,
    GREEN,
    GREY,
    SKY,
    SOLID,
    VERMILLION,
    Dash,
    class_style,
    halo,
    headline,
    top_indices,
)
from minimaskrcnn.viz.words import plural


@catalogued(
    27,
    "anchors-of-one-cell",
    Chapter.DATA,
    heading="Anchors of one cell on each level",
    note="A few shapes, one size per level.",
)
def show_cell_anchors(trace: Trace, ax: Axes | None = None) -> Axes:
    """Draw the anchors of the middle cell of each level: a few shapes, one size per level."""
    ax = transformed_picture(trace, ax)
    boxes, names, styles = [], [], []
    for level in levels(trace):
        cell = anchor_grid(trace, level, trace["anchors"])[level.height // 2, level.width // 2]  # (a, 4)
        style = class_style(level.index + 1)
        draw_boxes(ax, cell, style.colour, style.dash)
        x, y = (cell[0, :2] + cell[0, 2:]) / 2
        ax.plot(x, y, "+", color=style.colour, markersize=7, path_effects=halo(2))
        boxes.append(cell)
        names.append(f"{level.name}, stride {level.stride[0]:g}")
        styles.append(style)
    show_around(ax, np.concatenate(boxes))
    draw_key(ax, names, styles)
    count = len(trace["anchors"])
    see = f"the middle cell of each map; all {count:,} anchors are these shapes, shifted from cell to cell"
    return headline(ax, "Anchors of one cell on each level", see)


@catalogued(
    6,
    "top-anchors",
    Chapter.RPN,
    heading="Top anchors by objectness",
    note="The anchors that the RPN believes in most, before they are moved.",
)
def show_top_anchors(trace: Trace, ax: Axes | None = None, limit: int = 40) -> Axes:
    """Draw the anchors of highest objectness as they are, before their deltas move them."""
    logits = trace["objectness"]
    shown = top_indices(logits, limit)
    ax = transformed_picture(trace, ax)
    draw_faintly(ax, trace["anchors"][shown[CLEAR:]], SKY)
    draw_boxes(ax, trace["anchors"][shown[:CLEAR]], SKY, DOTTED)
    probability = expit(logits[shown].astype(np.float64))
    see = (
        f"the {len(shown)} best of {len(logits):,}, dotted the best {min(CLEAR, len(shown))}, objectness "
        f"{probability.min():.2f} to {probability.max():.2f}: fixed shapes, near the objects but not on them"
    )
    return headline(ax, "Top anchors by objectness", see)


@catalogued(
    5,
    "anchor-matches",
    Chapter.RPN,
    heading="Anchors and their matches",
    note="In training an anchor stands for an object (dotted, with the refined box solid), for "
    "background, or, between the two thresholds, for nothing at all.",
)
def show_anchor_matches(
    trace: Trace,
    target: Target,
    ax: Axes | None = None,
    limit: int = 40,
) -> Axes:
    """Draw the anchors that training would call object, background or neither, by the model's thresholds.

    Positive anchors are dotted, with their decoded boxes solid and a line between; neutral ones (too close to
    be background, not close enough to be an object) are dashed; a few negative ones are thin and grey.

    Parameters
    ----------
    trace : Trace
    target : true objects, input pixels
    limit : the largest number of anchors drawn of each kind, the closest ones
    """
    asked = trace.context
    matcher = Matcher(asked.rpn_fg_iou_thresh, asked.rpn_bg_iou_thresh, allow_low_quality_matches=True)
    truth = resize_boxes(target.boxes, trace.image_size, trace.resized_size)
    anchors = trace["anchors"]
    iou = box_iou(truth, anchors)  # (N, A)
    matched = matcher(iou) if len(truth) else np.full(len(anchors), Matcher.BELOW)
    closest = iou.max(axis=0, initial=0)
    kinds: Sequence[tuple[str, np.ndarray, str, Dash, float]] = (
        ("negative", matched == Matcher.BELOW, GREY, SOLID, 0.5),
        ("neutral", matched == Matcher.BETWEEN, BLUE, (0, (5, 2)), 0.9),
        ("positive", matched >= 0, VERMILLION, DOTTED, 1.3),
    )
    ax = transformed_picture(trace, ax)
    counts = []
    for name, chosen, colour, dash, width in kinds:
        index = np.flatnonzero(chosen)
        every = index[top_indices(closest[index], limit // 4 if name == "negative" else limit)]
        shown = every[: CLEAR // 2]
        if name != "positive":
            draw_faintly(ax, anchors[every[CLEAR // 2 :]], colour)
        draw_boxes(ax, anchors[shown], colour, dash, width)
        counts.append(f"{len(index):,} {name}")
        if name == "positive":
            draw_boxes(ax, trace["decoded"][shown], colour)
            draw_links(ax, anchors[shown], trace["decoded"][shown], colour)
    draw_boxes(ax, truth, GREEN, width=2)
    see = (
        f"{', '.join(reversed(counts))} for {plural(len(truth), 'object')} (green); "
        "dotted to solid: where the deltas take a positive anchor"
    )
    return headline(ax, "Anchors and the objects they must find", see)
