"""From anchors to proposals, one step per figure: moved by their deltas, clipped, thinned out by NMS."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.boxes import CLEAR, draw_boxes, draw_faintly, draw_links
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.picture import panel_size, show_around, transformed_picture
from minimaskrcnn.viz.style import (
    DOTTED,
    GREEN,
    SKY,
    SOLID,
    VERMILLION,
    Dash,
    headline,
    panels,
    show_message,
    top_indices,
)
from minimaskrcnn.viz.words import plural

DASHED: Dash = (0, (5, 2))


@catalogued(
    7,
    "refined",
    Chapter.RPN,
    heading="Refined | clipped",
    note="Each anchor is moved and stretched by its four deltas (left), then cut at the edge of the picture "
    "(right). The boxes on the right are others than those on the left: the best of those that leave it.",
)
def refined_figure(trace: Trace) -> Figure:
    """Draw refined and clipped boxes side by side."""
    figure, (left, right) = panels(1, 2, *panel_size(trace["input"], 5.5))
    show_decoded(trace, left)
    show_clipped(trace, right)
    return figure


def show_decoded(trace: Trace, ax: Axes | None = None, limit: int = CLEAR) -> Axes:
    """Draw the anchors of highest objectness (dotted) and the boxes their deltas make of them (solid)."""
    shown = top_indices(trace["objectness"], limit)
    anchors, decoded = trace["anchors"][shown], trace["decoded"][shown]
    ax = transformed_picture(trace, ax)
    draw_boxes(ax, anchors, SKY, DOTTED)
    draw_boxes(ax, decoded, SKY)
    draw_links(ax, anchors, decoded, SKY)
    show_around(ax, np.concatenate([anchors, decoded]))
    see = f"the {len(shown)} most object-like anchors, dotted; solid: centre and size moved by their deltas"
    return headline(ax, "Anchors refined by the RPN", see)


def show_clipped(trace: Trace, ax: Axes | None = None, limit: int = CLEAR) -> Axes:
    """Draw decoded boxes that leave the picture (dashed) and what clipping leaves of them (solid)."""
    decoded, clipped = trace["decoded"], trace["clipped"]
    outside = np.flatnonzero((decoded != clipped).any(axis=1))
    shown = outside[top_indices(trace["objectness"][outside], limit)]
    ax = transformed_picture(trace, ax)
    draw_boxes(ax, decoded[shown], VERMILLION, DASHED, width=0.9)
    draw_boxes(ax, clipped[shown], SKY)
    if len(shown):
        show_around(ax, decoded[shown])
    see = (
        f"{len(outside):,} of {len(decoded):,} refined boxes leave the picture; the {len(shown)} best: "
        "dashed before, solid after clipping"
    )
    return headline(ax, "Clipped to the picture", see)


@catalogued(
    8,
    "rpn-nms",
    Chapter.RPN,
    heading="After the RPN's NMS",
    note="On each level, a box goes that overlaps a better one by more than the threshold of NMS.",
)
def show_rpn_nms(trace: Trace, ax: Axes | None = None, limit: int = 60) -> Axes:
    """Draw the boxes that entered the RPN's NMS: kept (solid) or suppressed by a better one (dashed)."""
    fate = trace["anchor_fate"]
    entered = np.flatnonzero(np.isin(fate, (Fate.KEPT, Fate.SUPPRESSED, Fate.OVER_LIMIT)))
    shown = entered[top_indices(trace["objectness"][entered], limit)]
    gone = shown[fate[shown] == Fate.SUPPRESSED]
    kept = shown[fate[shown] != Fate.SUPPRESSED]
    ax = transformed_picture(trace, ax)
    if len(shown) == 0:
        show_message(ax, "no boxes")
    for group, colour, dash, width in ((gone, VERMILLION, DASHED, 0.8), (kept, GREEN, SOLID, 1.4)):
        draw_faintly(ax, trace["clipped"][group[CLEAR // 2 :]], colour)
        draw_boxes(ax, trace["clipped"][group[: CLEAR // 2]], colour, dash, width)
    suppressed = np.count_nonzero(fate == Fate.SUPPRESSED)
    see = (
        f"{plural(len(entered), 'box')} in, {suppressed:,} suppressed; of the best {len(shown)}, "
        f"{len(kept)} stay (green, solid) and {len(gone)} go (red, dashed), {CLEAR // 2} of each clear"
    )
    return headline(ax, "RPN boxes after NMS on each level", see)


@catalogued(
    9,
    "proposals",
    Chapter.RPN,
    heading="Final proposals",
    note="What the second stage receives: boxes without a class.",
)
def show_proposals(trace: Trace, ax: Axes | None = None, limit: int = 50) -> Axes:
    """Draw the `limit` proposals of highest objectness, dotted as all boxes before refinement are."""
    proposals, scores = trace["proposals"], trace["proposal_scores"]
    shown = top_indices(scores, limit)
    ax = transformed_picture(trace, ax)
    draw_faintly(ax, proposals[shown[CLEAR:]], SKY)
    draw_boxes(ax, proposals[shown[:CLEAR]], SKY, DOTTED)
    if len(shown) == 0:
        show_message(ax, "no proposals")
        return headline(ax, "RPN proposals", "the network saw nothing that looks like an object")
    boxes = plural(len(proposals), "box")
    which = boxes if len(shown) == len(proposals) else f"the {len(shown)} best of {boxes}"
    faint = f" (dotted the best {CLEAR})" if len(shown) > CLEAR else ""
    see = (
        f"{which}{faint}, objectness {scores[shown].min():.2f} to {scores[shown].max():.2f}; "
        "no class yet, and many for one object"
    )
    return headline(ax, "RPN proposals", see)
