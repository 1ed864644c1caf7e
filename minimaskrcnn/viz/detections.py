"""Figures of the answer: each object with its mask, its box, its class and its score."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.skeleton import Skeleton
from minimaskrcnn.detection.structures import Detections
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.boxes import LABELLED, draw_boxes, label_boxes
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.keypoints import draw_keypoints
from minimaskrcnn.viz.masks import draw_masks
from minimaskrcnn.viz.object_colours import object_colours
from minimaskrcnn.viz.picture import draw_picture
from minimaskrcnn.viz.style import HIGH_SCORE, class_style, headline, show_message
from minimaskrcnn.viz.words import count_classes, object_names, plural


def draw_detections(
    image: np.ndarray,
    detections: Detections,
    class_names: Sequence[str] | None = None,
    ax: Axes | None = None,
    skeleton: Skeleton | None = None,
) -> Axes:
    """Draw detections on the picture in which they were found, one colour per object.

    Parameters
    ----------
    image : (3, H, W) float array in [0, 1]
    detections : Detections
        `boxes` (D, 4) in pixels of `image`, `labels` (D,), `scores` (D,), `masks` (D, H, W) bool or None,
        `keypoints` (D, K, 3) or None
    class_names : names by label, 0 the background
    ax : axes to draw on; a new figure by default
    skeleton : the limbs between keypoints; by default those of a person if there are 17
    """
    ax = draw_picture(image, ax)
    boxes, labels, scores = detections.boxes, detections.labels, detections.scores
    if len(boxes) == 0:
        show_message(ax, "nothing detected")
        return headline(ax, "Detections", "no object scores high enough to be shown")
    colours = object_colours(image, boxes, detections.masks)
    if detections.masks is not None:
        draw_masks(ax, detections.masks, colours)
    crowded = len(boxes) > LABELLED
    draw_boxes(ax, boxes, colours, width=0.7 if crowded else 1.3)
    if detections.keypoints is not None:
        draw_keypoints(ax, detections.keypoints, colours, skeleton)
    if not crowded:
        names = object_names(labels, scores, class_names)
        label_boxes(ax, boxes, names, colours, keypoints=detections.keypoints)
    classes = count_classes(labels, class_names)
    span = f"scores {scores.min():.2f} to {scores.max():.2f}"
    see = f"{plural(len(boxes), 'object')} ({classes}), {span}; each object has a colour of its own"
    return headline(ax, "Detections", see)


@catalogued(
    1,
    "detections",
    Chapter.ANSWER,
    heading="Predictions",
    note="What the network answers: masks, boxes, classes and scores.",
)
def show_detections(
    trace: Trace,
    ax: Axes | None = None,
    min_score: float = HIGH_SCORE,
) -> Axes:
    """Draw the detections of a trace that score at least `min_score`, in input pixels."""
    sure = trace["scores"] >= min_score
    masks = trace.masks[sure] if "masks" in trace else None
    points = trace["keypoints"][sure] if "keypoints" in trace else None
    found = Detections(trace["boxes"][sure], trace["labels"][sure], trace["scores"][sure], masks, points)
    return draw_detections(trace["input"], found, trace.class_names, ax, trace.context.skeleton)


@catalogued(
    11,
    "detection-boxes",
    Chapter.BOX_HEAD,
    heading="Detections",
    note="The answer of the Faster R-CNN part alone, before any mask.",
)
def show_detection_boxes(
    trace: Trace,
    ax: Axes | None = None,
    min_score: float = HIGH_SCORE,
) -> Axes:
    """Draw what Faster R-CNN alone would answer: boxes, classes and scores, without masks."""
    sure = trace["scores"] >= min_score
    boxes, labels, scores = trace["boxes"][sure], trace["labels"][sure], trace["scores"][sure]
    ax = draw_picture(trace["input"], ax)
    for label in np.unique(labels):
        style = class_style(label)
        draw_boxes(ax, boxes[labels == label], style.colour, style.dash, width=1.5)
    if len(boxes) <= LABELLED:
        colours = [class_style(label).colour for label in labels]
        label_boxes(ax, boxes, object_names(labels, scores, trace.class_names), colours)
    if len(boxes) == 0:
        show_message(ax, "nothing detected")
    see = f"{plural(len(boxes), 'box')} that score {min_score} or more, in the colour and dash of their class"
    rest = np.count_nonzero(~sure)
    return headline(ax, "Top boxes", f"{see}; {rest} less sure ones are not drawn" if rest else see)
