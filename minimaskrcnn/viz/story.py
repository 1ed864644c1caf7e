"""A story as a picture: the boxes it speaks of, from dotted to solid, linked in order."""

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.inspection import Story, Trace
from minimaskrcnn.viz.boxes import draw_boxes, draw_links, label_boxes
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.picture import panel_size, show_around, transformed_picture
from minimaskrcnn.viz.style import (
    BLUE,
    DASHED,
    DOTTED,
    GREEN,
    HIGH_SCORE,
    ORANGE,
    SKY,
    SOLID,
    VERMILLION,
    Dash,
    headline,
    panels,
)

STYLES: dict[str, tuple[str, Dash]] = {
    "truth": (GREEN, SOLID),
    "anchor": (SKY, DOTTED),
    "RPN box": (BLUE, DASHED),
    "proposal": (BLUE, DASHED),
    "candidate": (VERMILLION, (0, (6, 1, 1, 1))),
    "refined": (ORANGE, SOLID),
    "detection": (ORANGE, SOLID),
}


@catalogued(
    45,
    "story",
    Chapter.CLOSE_UPS,
    heading="The story of one detection",
    note="From its anchor to its mask, with the numbers.",
    needs=("trace.boxes",),
)
def show_story(trace: Trace, story: Story | None = None, ax: Axes | None = None) -> Axes:
    """Draw the boxes of a story, each in its own style and named, under its sentences.

    Parameters
    ----------
    trace : Trace
    story : `trace.story(...)` or `trace.why_missed(...)`; by default the story of the best detection
    """
    story = trace.story(0) if story is None else story
    if ax is None:
        ax = panels(1, 1, *panel_size(trace["input"], 6), title=1.4)[1][0]
    ax = transformed_picture(trace, ax)
    names, boxes = list(story.boxes), np.array(list(story.boxes.values()))
    for name, box in zip(names, boxes, strict=True):
        colour, dash = STYLES[name]
        draw_boxes(ax, box[None], colour, dash, width=2)
    path = boxes[[name != "truth" for name in names]]
    for before, after, name in zip(path, path[1:], names[-len(path) + 1 :], strict=False):
        draw_links(ax, before[None], after[None], STYLES[name][0])
    show_around(ax, boxes)
    label_boxes(ax, boxes, names, [STYLES[name][0] for name in names])
    return headline(ax, story.title, " ".join(story.sentences))


@catalogued(
    46,
    "why-missed",
    Chapter.CLOSE_UPS,
    heading="The object that fared worst",
    note="Where it was lost, or how well it was found.",
    needs=("target.boxes",),
)
def show_why_missed(trace: Trace, target: Target, ax: Axes | None = None) -> Axes:
    """Draw why the object that is covered worst was missed, or how it was found."""
    iou = np.nan_to_num(box_iou(target.boxes, trace["boxes"]))  # (N, D)
    right = (target.labels[:, None] == trace["labels"]) & (trace["scores"] >= HIGH_SCORE)
    worst = int((iou * right).max(axis=1, initial=0).argmin())
    return show_story(trace, trace.why_missed(target.boxes[worst], int(target.labels[worst])), ax)
