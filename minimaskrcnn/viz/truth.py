"""Prediction against truth on one picture: the grid of overlaps, and recall at each step of the RPN."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from minimaskrcnn.detection.boxes import box_iou, resize_boxes
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.plain_text import name_ticks
from minimaskrcnn.viz.style import (
    BLUE,
    GREEN,
    GREY,
    MAP,
    VERMILLION,
    Dash,
    axes_or_new,
    headline,
    show_message,
)
from minimaskrcnn.viz.words import class_name, plural

READABLE = 15  # rows or columns up to which numbers are written
MOST = 40  # detections that have a column


@catalogued(
    3,
    "truth",
    Chapter.ANSWER,
    heading="True objects x predictions",
    note="The overlap of every true object with every prediction. A row without a frame is an object "
    "that was missed; a column without one is a false alarm.",
)
def show_overlaps(trace: Trace, target: Target, ax: Axes | None = None) -> Axes:
    """Draw the IoU of each true object (rows) with each detection (columns), best detection first.

    A cell of IoU 0.5 or more is framed: solid where the class is right, dashed where it is wrong.
    """
    ax = axes_or_new(ax, 7, 5)
    boxes, labels = trace["boxes"][:MOST], trace["labels"][:MOST]
    if len(boxes) == 0 or len(target.boxes) == 0:
        show_message(ax, "nothing to compare")
        return headline(ax, "Truth x detections", "no objects or no detections")
    iou = np.nan_to_num(box_iou(target.boxes, boxes))  # (N, D)
    ax.imshow(iou, cmap=MAP, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    right = target.labels[:, None] == labels[None]
    for row, column in np.argwhere(iou >= 0.5):
        dash, colour = ("-", GREEN) if right[row, column] else ("--", VERMILLION)
        corner = (column - 0.46, row - 0.46)
        ax.add_patch(Rectangle(corner, 0.92, 0.92, fill=False, linestyle=dash, edgecolor=colour, linewidth=2))
    if max(iou.shape) <= READABLE:
        for (row, column), value in np.ndenumerate(iou):
            if value > 0.005:
                colour = "black" if value > 0.5 else "white"
                ax.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=7, color=colour)
    _name_axes(ax, trace, target)
    found = ((iou >= 0.5) & right).any(axis=1).sum()
    see = (
        f"{found} of {plural(len(iou), 'object')} found at IoU 0.5; green, solid frame: right class, "
        "red, dashed: wrong class"
    )
    return headline(ax, "Truth x detections", see)


@catalogued(
    10,
    "recall",
    Chapter.RPN,
    heading="Recall of anchors, refined boxes and proposals",
    note="An object that no box of a step covers is lost for all steps after it. Refinement gains "
    "recall, and NMS gives some of it back. All boxes are compared in the same pixels.",
)
def show_recall(trace: Trace, target: Target, ax: Axes | None = None) -> Axes:
    """Draw the share of the objects that some box covers, at each IoU threshold, for each step of the RPN.

    Parameters
    ----------
    trace : Trace
    target : true objects, input pixels
    """
    ax = axes_or_new(ax)
    truth = resize_boxes(target.boxes, trace.image_size, trace.resized_size)  # all boxes in the same pixels
    steps: dict[str, tuple[np.ndarray, str, Dash | str]] = {
        "anchors": (trace["anchors"], GREY, ":"),
        "refined and clipped": (trace["clipped"], BLUE, "-"),
        "proposals (after NMS)": (trace["proposals"], VERMILLION, "-"),
    }
    if len(truth) == 0:
        show_message(ax, "no objects")
        return headline(ax, "Recall", "nothing to find in this picture")
    thresholds = np.linspace(0.3, 1, 71)
    at_half = {}
    for name, (boxes, colour, dash) in steps.items():
        best = np.nan_to_num(box_iou(truth, boxes)).max(axis=1, initial=0)  # (N,)
        recall = (best[:, None] >= thresholds).mean(axis=0)
        under = name.startswith("refined")  # mostly the same curve as that of the proposals, which is on top
        ax.plot(
            thresholds, recall, color=colour, linestyle=dash, linewidth=5 if under else 1.6,
            alpha=0.4 if under else 1, label=f"{len(boxes):,} {name}",
        )  # fmt: skip
        at_half[name] = np.mean(best >= 0.5)
    ax.set_ylim(-0.02, 1.05)
    ax.set_xlabel("IoU threshold")
    ax.set_ylabel("share of the objects covered")
    ax.legend(fontsize=8, loc="lower left")
    half = ", ".join(f"{name} {share:.0%}" for name, share in at_half.items())
    see = f"an object that no box covers is lost for good; at IoU 0.5: {half}"
    return headline(ax, "Recall before the box head", see)


def _name_axes(ax: Axes, trace: Trace, target: Target) -> None:
    ax.set_ylabel("true objects")
    ax.set_xlabel("detections")
    labels, scores = trace["labels"][:MOST], trace["scores"][:MOST]
    if len(labels) <= READABLE:
        names = [f"{class_name(n, trace.class_names)}\n{s:.2f}" for n, s in zip(labels, scores, strict=True)]
        name_ticks(ax.xaxis, names, fontsize=7)
    if len(target.labels) <= READABLE:
        names = [class_name(label, trace.class_names) for label in target.labels]
        name_ticks(ax.yaxis, names, fontsize=7)
