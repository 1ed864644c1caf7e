"""Pictures of a data set with their true masks: what the network is asked to learn."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.detection.structures import Target
from minimaskrcnn.viz.boxes import LABELLED, draw_boxes, label_boxes
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.masks import draw_masks
from minimaskrcnn.viz.object_colours import object_colours
from minimaskrcnn.viz.picture import draw_picture, panel_size
from minimaskrcnn.viz.style import headline, panels, show_message
from minimaskrcnn.viz.words import class_name, count_classes, plural


def show_sample(
    image: np.ndarray, target: Target, class_names: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw a picture with the true mask, box and class of each object.

    Parameters
    ----------
    image : (3, H, W) float array in [0, 1]
    target : Target, input pixels; with masks or without
    class_names : names by label, 0 the background
    """
    ax = draw_picture(image, ax)
    count = len(target.boxes)
    name = f"Picture {target.image_id}"
    if count == 0:
        show_message(ax, "no objects")
        return headline(ax, name, "a picture without objects; it teaches what background is")
    colours = object_colours(image, target.boxes, target.masks)
    if target.masks is not None:
        draw_masks(ax, target.masks, colours)
    if count <= LABELLED:
        draw_boxes(ax, target.boxes, colours, width=1)
        names = (
            [class_name(label, class_names) for label in target.labels] if len(set(target.labels)) > 1 else []
        )
        label_boxes(ax, target.boxes[: len(names)], names, colours[: len(names)])
    see = f"{plural(count, 'true object')} ({count_classes(target.labels, class_names)})"
    crowd = np.count_nonzero(target.iscrowd)
    return headline(ax, name, f"{see}, {crowd} of them crowds" if crowd else see)


@catalogued(
    25,
    "samples",
    Chapter.DATA,
    heading="Samples with masks",
    note="Pictures and true objects, as the loader gives them.",
)
def samples_figure(
    samples: Sequence[tuple[np.ndarray, Target]], class_names: Sequence[str] | None = None
) -> Figure:
    """Draw several samples side by side, four per row."""
    columns = min(4, max(1, len(samples)))
    rows = -(-max(1, len(samples)) // columns)
    width, height = panel_size(samples[0][0]) if samples else (3.3, 3.3)
    figure, axes = panels(rows, columns, width, height)
    for (image, target), ax in zip(samples, axes, strict=False):
        show_sample(image, target, class_names, ax)
    for ax in axes[len(samples) :]:
        ax.remove()
    return figure
