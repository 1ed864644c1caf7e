"""RoIs before and after refinement: the box head moves each proposal onto the object it found.

Only RoIs that end with a high final score are drawn; thousands of others would hide them.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.boxes import draw_boxes, draw_links, label_boxes
from minimaskrcnn.viz.picture import transformed_picture
from minimaskrcnn.viz.style import (
    DOTTED,
    HIGH_SCORE,
    best,
    class_name,
    class_style,
    headline,
    plural,
    say,
)

ENTERED_NMS = (Fate.KEPT, Fate.SUPPRESSED, Fate.OVER_LIMIT)


def entered_nms(trace: Trace, min_score: float = 0.0) -> np.ndarray:
    """Indices of the candidates that NMS saw and that score at least `min_score`, best first."""
    scores = trace["candidate_score"]
    index = np.flatnonzero(np.isin(trace["candidate_fate"], ENTERED_NMS) & (scores >= min_score))
    return index[best(scores[index], len(index))]


def show_rois(
    trace: Trace, ax: Axes | None = None, class_names: Sequence[str] | None = None, limit: int = 30
) -> Axes:
    """Proposals before refinement, dotted, in the colour of the class they end with."""
    shown = entered_nms(trace, HIGH_SCORE)[:limit]
    ax = transformed_picture(trace, ax)
    rois, labels = trace["proposals"][trace["candidate_roi"][shown]], trace["candidate_label"][shown]
    for label in np.unique(labels):
        draw_boxes(ax, rois[labels == label], class_style(label).colour, DOTTED)
    _name_classes(ax, rois, labels, class_names)
    if len(shown) == 0:
        say(ax, "no RoI ends with a high score")
        return headline(
            ax, "RoIs before refinement", f"no proposal ends with a score of {HIGH_SCORE} or more"
        )
    see = f"{plural(len(shown), 'proposal')} with high final scores, where the RPN put them"
    return headline(ax, "RoIs before refinement", see)


def show_refinement(
    trace: Trace, ax: Axes | None = None, class_names: Sequence[str] | None = None, limit: int = 30
) -> Axes:
    """The same RoIs before (dotted) and after refinement (solid), a line from corner to corner."""
    shown = entered_nms(trace, HIGH_SCORE)[:limit]
    ax = transformed_picture(trace, ax)
    before = trace["proposals"][trace["candidate_roi"][shown]]
    after, labels = trace["candidate_box"][shown], trace["candidate_label"][shown]
    for label in np.unique(labels):
        mine, colour = labels == label, class_style(label).colour
        draw_boxes(ax, before[mine], colour, DOTTED, alpha=0.8)
        draw_boxes(ax, after[mine], colour)
        draw_links(ax, before[mine], after[mine], colour)
    _name_classes(ax, after, labels, class_names)
    if len(shown) == 0:
        say(ax, "nothing to refine")
        return headline(ax, "RoIs after refinement", f"no proposal ends with a score of {HIGH_SCORE} or more")
    moved = np.abs(after - before).mean()
    see = f"dotted to solid: sides move {moved:.1f} px on average, and boxes of one object draw together"
    return headline(ax, "RoIs after refinement", see)


def _name_classes(ax: Axes, boxes: np.ndarray, labels: np.ndarray, class_names: Sequence[str] | None) -> None:
    """Name each class once, at its best box, so that its colour can be read."""
    kinds, first = np.unique(labels, return_index=True)
    names = [class_name(label, class_names) for label in kinds]
    label_boxes(ax, boxes[first], names, [class_style(label).colour for label in kinds])
