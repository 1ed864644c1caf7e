"""One keypoint, step by step: its heat map, what the loss sees of it, the map resized, and its peak.

    probabilities = softmax(heat map)        L = -log probabilities[true cell]
    place = box corner + (peak + 1/2) * side of the box / pixels of the resized map

Source: He et al. 2017, "Mask R-CNN", section 5, "Mask R-CNN for Human Pose Estimation".
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.detection.keypoints import resize_bicubic
from minimaskrcnn.detection.skeleton import numbered
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.boxes import draw_boxes
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.keypoints import draw_keypoints, heatmaps_of
from minimaskrcnn.viz.object_colours import detection_colours
from minimaskrcnn.viz.picture import draw_picture
from minimaskrcnn.viz.style import MAP, headline, panels


@catalogued(
    50,
    "keypoint-steps",
    Chapter.KEYPOINTS,
    heading="One keypoint, step by step",
    note="One cell of the map is right, so the loss is that of a choice among all cells. The place is read "
    "where the map peaks once it is as large as the box.",
    needs=("trace.keypoint_heatmaps",),
)
def keypoint_figure(trace: Trace, detection: int = 0, keypoint: int = 0) -> Figure:
    """Draw the way from one heat map to a place on the picture.

    Parameters
    ----------
    trace : Trace
        Of a model with keypoints.
    detection, keypoint : int
        Their numbers, from 0 on.

    Raises
    ------
    InputError
        If the trace has no keypoints, no such detection or no such keypoint.
    """
    heatmap = heatmaps_of("keypoint_figure", trace, detection, keypoint)[detection, keypoint]  # (M, M)
    name = (trace.context.skeleton or numbered(trace["keypoint_heatmaps"].shape[1])).names[keypoint]
    figure, axes = panels(1, 4, 3.2, 3.2)
    cells = f"{heatmap.shape[1]} x {heatmap.shape[0]} cells"

    _draw_map(axes[0], heatmap)
    headline(
        axes[0],
        f"Heat map of {name.replace('_', ' ')!r}",
        f"{cells} over the box, logits from {heatmap.min():.1f} to {heatmap.max():.1f}",
    )

    probabilities = np.exp(heatmap - heatmap.max())
    probabilities /= probabilities.sum()
    _draw_map(axes[1], probabilities)
    headline(
        axes[1],
        "What the loss sees",
        f"softmax over all {heatmap.size:,} cells; the highest has {probabilities.max():.3f}, a guess "
        f"{1 / heatmap.size:.4f}",
    )

    x1, y1, x2, y2 = trace["detection_boxes"][detection]
    columns, rows = (int(np.ceil(max(side, 1))) for side in (x2 - x1, y2 - y1))
    resized = resize_bicubic(heatmap[None], (rows, columns))[0]  # (rows, columns)
    _draw_map(axes[2], resized)
    headline(
        axes[2],
        "Resized to the box",
        f"bicubic, to {columns} x {rows} pixels of the resized picture; the dot is the peak",
    )

    _draw_place(trace, detection, keypoint, axes[3])
    return figure


def _draw_map(ax: Axes, values: np.ndarray) -> None:
    """Draw values (rows, columns), each as a square, and a dot on the highest."""
    rows, columns = values.shape
    ax.imshow(values, extent=(0, columns, rows, 0), cmap=MAP, interpolation="nearest")
    y, x = np.divmod(int(values.argmax()), columns)
    ax.plot(x + 0.5, y + 0.5, "o", color="white", markersize=5, markeredgecolor="black")
    ax.set_xticks([])
    ax.set_yticks([])


def _draw_place(trace: Trace, detection: int, keypoint: int, ax: Axes) -> None:
    """Draw the box, the skeleton and, larger, the keypoint on the picture, and around them a margin."""
    box, places = trace["boxes"][detection], trace["keypoints"][detection]  # (4,), (K, 3)
    colour = detection_colours(trace)[detection]
    draw_picture(trace["input"], ax)
    draw_boxes(ax, box[None], colour)
    draw_keypoints(ax, places[None], [colour], trace.context.skeleton)
    x, y = places[keypoint, :2]
    ax.plot(x, y, "o", color="white", markersize=7, markeredgecolor="black")
    centre, half = (box[:2] + box[2:]) / 2, 0.65 * max((box[2:] - box[:2]).max(), 1)
    ax.set_xlim(centre[0] - half, centre[0] + half)
    ax.set_ylim(centre[1] + half, centre[1] - half)
    score = trace["keypoint_scores"][detection, keypoint]
    headline(ax, "On the picture", f"({x:.1f}, {y:.1f}) in pixels of the picture; logit {score:.1f}")
