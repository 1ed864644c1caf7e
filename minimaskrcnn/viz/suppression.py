"""Per-class NMS: of the boxes of one class that overlap, the best one stays."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.boxes import draw_boxes, label_boxes
from minimaskrcnn.viz.picture import transformed_picture
from minimaskrcnn.viz.refinement import entered_nms
from minimaskrcnn.viz.style import (
    HIGH_SCORE,
    class_style,
    count_classes,
    headline,
    object_names,
    plural,
    say,
)

LABELLED = 25  # with more boxes than this, labels would cover the picture


def show_before_nms(trace: Trace, ax: Axes | None = None, class_names: Sequence[str] | None = None) -> Axes:
    """Every refined box that passed the score threshold, in the colour and dash of its class."""
    shown = entered_nms(trace)
    ax = transformed_picture(trace, ax)
    labels = _draw_by_class(trace, shown, ax)
    if len(shown) == 0:
        say(ax, "no boxes")
        return headline(ax, "Before per-class NMS", "no box passed the score threshold")
    classes = count_classes(labels, class_names)
    see = f"{plural(len(shown), 'box')} ({classes}), several an object; thin: score below {HIGH_SCORE}"
    return headline(ax, "Before per-class NMS", see)


def show_after_nms(trace: Trace, ax: Axes | None = None, class_names: Sequence[str] | None = None) -> Axes:
    """The boxes that survive NMS and the limit, with class and score."""
    entered = entered_nms(trace)
    shown = entered[trace["candidate_fate"][entered] == Fate.KEPT]
    ax = transformed_picture(trace, ax)
    labels = _draw_by_class(trace, shown, ax)
    if len(shown) == 0:
        say(ax, "no box is left")
        return headline(ax, "After per-class NMS", "no detections in this picture")
    scores = trace["candidate_score"][shown]
    high = np.count_nonzero(scores >= HIGH_SCORE)  # the first ones, as the best come first
    if high <= LABELLED:
        names = object_names(labels[:high], scores[:high], class_names)
        colours = [class_style(label).colour for label in labels[:high]]
        label_boxes(ax, trace["candidate_box"][shown[:high]], names, colours)
    gone = np.count_nonzero(trace["candidate_fate"] == Fate.SUPPRESSED)
    see = f"{plural(len(shown), 'box')} left, {gone} suppressed by a better box of the same class"
    return headline(ax, "After per-class NMS", see)


def _draw_by_class(trace: Trace, shown: np.ndarray, ax: Axes) -> np.ndarray:
    boxes, labels = trace["candidate_box"][shown], trace["candidate_label"][shown]
    high = trace["candidate_score"][shown] >= HIGH_SCORE
    for label in np.unique(labels):
        style = class_style(label)
        draw_boxes(ax, boxes[(labels == label) & ~high], style.colour, style.dash, width=0.5, alpha=0.7)
        draw_boxes(ax, boxes[(labels == label) & high], style.colour, style.dash, width=1.1)
    return labels
