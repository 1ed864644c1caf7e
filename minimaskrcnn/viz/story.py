"""A story as a picture: the boxes it speaks of, from dotted to solid, linked in order."""

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.inspection import Story, Trace
from minimaskrcnn.viz.boxes import draw_boxes, draw_links, label_boxes
from minimaskrcnn.viz.picture import panel_size, show_around, transformed_picture
from minimaskrcnn.viz.style import (
    BLUE,
    DOTTED,
    GREEN,
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
    "RPN box": (BLUE, (0, (4, 2))),
    "proposal": (BLUE, (0, (4, 2))),
    "candidate": (VERMILLION, (0, (6, 1, 1, 1))),
    "refined": (ORANGE, SOLID),
    "detection": (ORANGE, SOLID),
}


def show_story(trace: Trace, story: Story, ax: Axes | None = None) -> Axes:
    """Draw the boxes of `trace.story(...)` or `trace.why_missed(...)`, each in its own style and named."""
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
