"""Per-class NMS before, after and as it happens: which box suppressed which others, and at what overlap."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.detection.boxes import resize_boxes
from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.box_head import entered_nms
from minimaskrcnn.viz.boxes import CLEAR, LABELLED, draw_boxes, draw_faintly, label_boxes
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.object_colours import object_colours
from minimaskrcnn.viz.picture import panel_size, transformed_picture
from minimaskrcnn.viz.style import (
    DASHED,
    HIGH_SCORE,
    LABEL,
    axes_or_new,
    class_style,
    headline,
    panels,
    show_message,
    top_indices,
)
from minimaskrcnn.viz.words import class_name, count_classes, object_names, plural

ROWS = 20  # more winners than this are not told apart by eye


@catalogued(
    42,
    "before-nms",
    Chapter.CLOSE_UPS,
    heading="Before per-class NMS",
    note="Several boxes per object, each with a score above the threshold.",
)
def show_before_nms(trace: Trace, ax: Axes | None = None) -> Axes:
    """Draw every refined box that passed the score threshold in the style of its class, the best clearly."""
    shown = entered_nms(trace)
    ax = transformed_picture(trace, ax)
    labels = trace["candidate_label"][shown]
    for label in np.unique(labels[CLEAR:]):
        rest = shown[CLEAR:][labels[CLEAR:] == label]
        draw_faintly(ax, trace["candidate_box"][rest], class_style(label).colour)
    _draw_by_class(trace, shown[:CLEAR], ax)
    if len(shown) == 0:
        show_message(ax, "no boxes")
        return headline(ax, "Before per-class NMS", "no box passed the score threshold")
    classes = count_classes(labels, trace.class_names)
    faint = "; all but the best are faint" if len(shown) > CLEAR else ""
    see = (
        f"{plural(len(shown), 'box')} ({classes}), several for each object{faint}; thin boxes score below "
        f"{HIGH_SCORE}"
    )
    return headline(ax, "Before per-class NMS", see)


@catalogued(
    17,
    "after-nms",
    Chapter.BOX_HEAD,
    heading="Detections after NMS",
    note="One box per object remains, with its class and score.",
)
def show_after_nms(trace: Trace, ax: Axes | None = None) -> Axes:
    """Draw the boxes that survive NMS and the limit, with class and score."""
    entered = entered_nms(trace)
    shown = entered[trace["candidate_fate"][entered] == Fate.KEPT]
    ax = transformed_picture(trace, ax)
    labels = _draw_by_class(trace, shown, ax)
    if len(shown) == 0:
        show_message(ax, "no box is left")
        return headline(ax, "After per-class NMS", "no detections in this picture")
    scores = trace["candidate_score"][shown]
    high = np.count_nonzero(scores >= HIGH_SCORE)  # the first ones, as the best come first
    if high <= LABELLED:
        names = object_names(labels[:high], scores[:high], trace.class_names)
        colours = [class_style(label).colour for label in labels[:high]]
        label_boxes(ax, trace["candidate_box"][shown[:high]], names, colours)
    gone = np.count_nonzero(trace["candidate_fate"] == Fate.SUPPRESSED)
    low = len(shown) - high
    unsure = f"; {low} of them, thin, score below {HIGH_SCORE} and are not shown as detections" if low else ""
    see = f"{plural(len(shown), 'box')} left, {gone} suppressed by a better box of the same class{unsure}"
    return headline(ax, "After per-class NMS", see)


def _draw_by_class(trace: Trace, shown: np.ndarray, ax: Axes) -> np.ndarray:
    boxes, labels = trace["candidate_box"][shown], trace["candidate_label"][shown]
    high = trace["candidate_score"][shown] >= HIGH_SCORE
    for label in np.unique(labels):
        style = class_style(label)
        draw_boxes(ax, boxes[(labels == label) & ~high], style.colour, style.dash, width=0.5, alpha=0.7)
        draw_boxes(ax, boxes[(labels == label) & high], style.colour, style.dash, width=1.1)
    return labels


@catalogued(
    16,
    "nms-by-class",
    Chapter.BOX_HEAD,
    heading="Per-class NMS as it happens",
    note="Which box suppresses which, at which overlap, class by class. Boxes of two classes never meet.",
)
def suppression_figure(trace: Trace, limit: int = 3) -> Figure:
    """Draw the suppressed boxes and their overlaps for the `limit` classes that have most boxes in NMS."""
    labels, counts = np.unique(trace["candidate_label"][entered_nms(trace)], return_counts=True)
    busiest = labels[np.argsort(-counts, kind="stable")][:limit] if len(labels) else np.array([1])
    figure, axes = panels(len(busiest), 2, *panel_size(trace["input"], 5))
    for row, label in enumerate(busiest):
        show_suppressors(trace, int(label), axes[2 * row])
        ax = axes[2 * row + 1]
        box = ax.get_position()
        ax.set_position(
            (box.x0 + 0.12 * box.width, box.y0 + 0.13 * box.height, 0.85 * box.width, 0.87 * box.height)
        )
        show_suppression_overlaps(trace, int(label), ax)
    return figure


def show_suppressors(trace: Trace, label: int, ax: Axes | None = None) -> Axes:
    """Draw each survivor of a class (solid, numbered) and the boxes it suppressed (dashed, in its colour)."""
    winners = winners_of(trace, label)
    boxes, by = trace["candidate_box"], trace["candidate_suppressed_by"]
    ax = transformed_picture(trace, ax)
    colours = winner_colours(trace, winners)
    for winner, colour in zip(winners, colours, strict=True):
        losers = np.flatnonzero(by == winner)
        losers = losers[top_indices(trace["candidate_score"][losers], len(losers))]
        each = max(1, CLEAR // len(winners))
        draw_faintly(ax, boxes[losers[each:]], colour)
        draw_boxes(ax, boxes[losers[:each]], colour, DASHED, width=0.8)
        draw_boxes(ax, boxes[[winner]], colour, width=2)
    scores = trace["candidate_score"][winners]
    names = [f"{rank}: {score:.2f}" for rank, score in enumerate(scores, start=1)]
    label_boxes(ax, boxes[winners], names, colours)
    name = class_name(label, trace.class_names)
    if len(winners) == 0:
        show_message(ax, f"no {name}")
    gone = plural(int(np.isin(by, winners).sum()), "box")
    see = f"{plural(len(winners), 'survivor')}, solid; {gone} they suppressed, dashed in their colour"
    return headline(ax, f"NMS of class {name}", see)


def show_suppression_overlaps(trace: Trace, label: int, ax: Axes | None = None) -> Axes:
    """Draw one row per survivor, with a dot at the IoU of each box that it suppressed."""
    ax = axes_or_new(ax)
    winners = winners_of(trace, label)
    by, iou = trace["candidate_suppressed_by"], trace["candidate_suppressed_iou"]
    least, colours = 1.0, winner_colours(trace, winners)
    for rank, winner in enumerate(winners):
        overlaps = iou[by == winner]
        least = min(least, overlaps.min(initial=1))
        ax.plot(
            overlaps,
            np.full(len(overlaps), rank + 1),
            "o",
            color=colours[rank],
            markeredgecolor="black",
        )
    threshold = trace.context.box_nms_thresh
    ax.axvline(threshold, color="black", linestyle=":", linewidth=1)
    ax.annotate(
        f"threshold {threshold:g}", (threshold, 1), (-3, -3), ("data", "axes fraction"), "offset points",
        ha="right", va="top", fontsize=LABEL,
    )  # fmt: skip
    ax.set_yticks(np.arange(len(winners)) + 1, [f"{rank + 1}" for rank in range(len(winners))])
    ax.set_ylim(len(winners) + 0.7, 0.3)
    ax.set_xlim(0, 1.02)
    ax.grid(axis="x", alpha=0.3)
    ax.set_xlabel("IoU with the survivor")
    ax.set_ylabel("survivor")
    see = f"each dot is a suppressed box, right of the threshold; the least of their overlaps is {least:.2f}"
    return headline(ax, "Overlaps that decided", see if least < 1 else "nothing was suppressed")


def winner_colours(trace: Trace, winners: np.ndarray) -> list[str]:
    """A colour for each survivor of NMS that its object does not have."""
    boxes = resize_boxes(trace["candidate_box"][winners], trace.resized_size, trace.image_size)
    return object_colours(trace["input"], boxes)


def winners_of(trace: Trace, label: int) -> np.ndarray:
    """Indices of the candidates of a class that survived NMS, best first, with those beyond the limit."""
    entered = entered_nms(trace)
    mine = entered[trace["candidate_label"][entered] == label]
    return mine[trace["candidate_fate"][mine] != Fate.SUPPRESSED][:ROWS]
