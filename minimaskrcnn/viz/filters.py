"""The two filters before NMS: RoIs that are background go, and so do classes of low score."""

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.boxes import draw_boxes
from minimaskrcnn.viz.picture import transformed_picture
from minimaskrcnn.viz.refinement import ENTERED_NMS
from minimaskrcnn.viz.style import DOTTED, GREEN, GREY, VERMILLION, Dash, headline, plural, say

DASHED: Dash = (0, (4, 2))


def show_filters(trace: Trace, ax: Axes | None = None, limit: int = 40) -> Axes:
    """Each RoI as the box of its likeliest class: background (grey, dotted), unsure (dashed), or kept.

    An RoI is kept when one of its classes scores high enough for NMS to see it.
    """
    ax = transformed_picture(trace, ax)
    scores = trace["class_scores"]
    if len(scores) == 0:
        say(ax, "no RoIs")
        return headline(ax, "Background and confidence filters", "no proposal reached the box head")
    kept = np.zeros(len(scores), bool)
    kept[trace["candidate_roi"][np.isin(trace["candidate_fate"], ENTERED_NMS)]] = True
    background = ~kept & (scores.argmax(axis=1) == 0)
    unsure = ~kept & ~background
    likeliest = scores[:, 1:].argmax(axis=1) + 1
    boxes = trace["refined"][np.arange(len(scores)), likeliest]  # (P, K, 4) -> (P, 4)
    draw_boxes(ax, boxes[background][:limit], GREY, DOTTED, 0.8)
    draw_boxes(ax, boxes[unsure][:limit], VERMILLION, DASHED, 1.1)
    draw_boxes(ax, boxes[kept], GREEN, width=1.3)
    see = (
        f"of {plural(len(scores), 'RoI')}, {background.sum():,} are background (grey, dotted), "
        f"{unsure.sum():,} of a class but with too low a score (red, dashed); {kept.sum():,} go on to NMS "
        "(green, solid)"
    )
    return headline(ax, "Background and confidence filters", see)
