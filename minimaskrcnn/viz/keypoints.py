"""Keypoints: the skeleton on the picture, and the heat maps over a box whose peaks they are."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.detection.skeleton import Skeleton, numbered
from minimaskrcnn.errors import InputError
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.picture import draw_picture
from minimaskrcnn.viz.plain_text import plain
from minimaskrcnn.viz.style import LABEL, MAP, halo, panels
from minimaskrcnn.viz.words import class_name

COLUMNS = 6


def draw_keypoints(
    ax: Axes, keypoints: np.ndarray, colours: Sequence[str], skeleton: Skeleton | None = None
) -> None:
    """Draw keypoints (N, K, 3) in the colours of their objects, and the limbs of a skeleton.

    Without a skeleton 17 keypoints are a person's, and others have no limbs.

    A keypoint with the visibility 0 is not drawn, and no limb goes to it.
    """
    limbs = (skeleton or numbered(keypoints.shape[1])).limbs
    for places, colour in zip(keypoints, colours, strict=True):
        for ends in limbs:
            if all(places[end, 2] > 0 for end in ends):
                x, y = places[list(ends), :2].T
                ax.plot(x, y, color=colour, linewidth=1.6, solid_capstyle="round", path_effects=halo(2.6))
        x, y = places[places[:, 2] > 0, :2].T
        ax.plot(x, y, "o", color=colour, markersize=3.5, markeredgecolor="black", markeredgewidth=0.5)


@catalogued(
    49,
    "heat-maps",
    Chapter.KEYPOINTS,
    heading="The heat maps of one object",
    note="One map for each kind of keypoint, over the object's box: a keypoint lies where its map peaks.",
    needs=("trace.keypoint_heatmaps",),
)
def heatmap_figure(trace: Trace, detection: int = 0) -> Figure:
    """Draw every heat map of one detection over its box, with its peak.

    Parameters
    ----------
    trace : Trace
        Of a model with keypoints.
    detection : int
        Its number, from 0 on; detections are sorted by score.

    Raises
    ------
    InputError
        If the trace has no keypoints, or no such detection.
    """
    heatmaps = heatmaps_of("heatmap_figure", trace, detection)  # (D, K, M, M)
    maps, names = heatmaps[detection], (trace.context.skeleton or numbered(heatmaps.shape[1])).names
    x1, y1, x2, y2 = trace["boxes"][detection]
    rows = -(-len(maps) // COLUMNS)
    height = 1.8 * float(np.clip((y2 - y1) / max(x2 - x1, 1e-6), 0.4, 2.5))
    figure, axes = panels(rows, COLUMNS, 1.8, height, 0.35)
    spread = dict(zip(("vmin", "vmax"), np.quantile(maps, (0.01, 0.999)), strict=True))
    for ax, heatmap, name, place in zip(axes, maps, names, trace["keypoints"][detection], strict=False):
        draw_picture(trace["input"], ax)
        ax.imshow(heatmap, extent=(x1, x2, y2, y1), cmap=MAP, alpha=0.65, **spread)
        ax.plot(*place[:2], "o", color="white", markersize=4, markeredgecolor="black")
        ax.set_xlim(x1, x2)
        ax.set_ylim(y2, y1)
        plain(ax.set_title(name.replace("_", " "), fontsize=LABEL, loc="left"))
    for ax in axes[len(maps) :]:
        ax.remove()
    label = class_name(trace["labels"][detection], trace.class_names)
    cells = f"{maps.shape[-1]} x {maps.shape[-1]} cells each"
    axes[0].set_label(
        f"The {len(maps)} heat maps of detection {detection} ({label}), {cells}, over its box: logits on one "
        "scale. A white dot marks each peak."
    )
    return figure


def heatmaps_of(where: str, trace: Trace, *numbers: int) -> np.ndarray:
    """Return the heat maps (D, K, M, M) of a trace that has this detection and this keypoint, if named.

    Raises
    ------
    InputError
        If it has no keypoints, no such detection or no such keypoint.
    """
    if "keypoint_heatmaps" not in trace:
        raise InputError(f"{where}: this model has no keypoint head, so there are no heat maps.")
    heatmaps = trace["keypoint_heatmaps"]
    for what, number, count in zip(("detection", "keypoint"), numbers, heatmaps.shape, strict=False):
        if not 0 <= number < count:
            raise InputError(f"{where}: {what} {number} of {count}; they count from 0.")
    return heatmaps
