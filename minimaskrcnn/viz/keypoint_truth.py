"""Keypoints against the truth: object keypoint similarity, drawn as the circles within which it forgives.

    OKS = mean over the annotated keypoints i of exp(-d_i^2 / (2 r_i^2))        r_i = 2 sigma_i s

s is the root of the object's area. A keypoint on the circle of radius r_i counts exp(-1/2) = 0.61.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle

from minimaskrcnn.detection.skeleton import sigmas_of
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.evaluation import object_areas
from minimaskrcnn.evaluation.keypoints import Poses, oks_matrix
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.boxes import label_boxes
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.keypoints import draw_keypoints
from minimaskrcnn.viz.picture import draw_picture
from minimaskrcnn.viz.style import GREEN, ORANGE, halo, headline, show_message
from minimaskrcnn.viz.words import plural


@catalogued(
    51,
    "oks",
    Chapter.KEYPOINTS,
    heading="Keypoints against the truth: OKS",
    note="Each true keypoint has a circle, as wide as annotators disagree; a prediction on the circle counts "
    "0.61, one in its centre 1. The mean over an object's keypoints stands in for IoU.",
    needs=("trace.keypoint_heatmaps", "target.keypoints"),
)
def show_oks(trace: Trace, target: Target, ax: Axes | None = None) -> Axes:
    """Draw each annotated object with the detection of its class that is most similar to it.

    Parameters
    ----------
    trace : Trace
        Of a model with keypoints.
    target : Target
        The true objects with keypoints, input pixels.
    """
    ax = draw_picture(trace["input"], ax)
    assert target.keypoints is not None
    true = Poses(target.keypoints, target.boxes, object_areas(target))
    annotated = np.flatnonzero(true.annotated().any(1))
    found, sigmas = trace["keypoints"], np.array(sigmas_of(target.keypoints.shape[1]))
    similar = oks_matrix(found, true, sigmas)  # (D, G)
    similar[trace["labels"][:, None] != target.labels] = 0
    if not len(annotated) or not len(found):
        show_message(ax, "no keypoints to compare")
        return headline(ax, "OKS", "no object has annotated keypoints, or none was found")
    best = similar[:, annotated].argmax(0)  # (G',), a detection for each annotated object
    values = similar[best, annotated]
    for detection, index in zip(best, annotated, strict=True):
        radii = 2 * sigmas * np.sqrt(true.areas[index])
        _draw_pair(ax, true.keypoints[index], radii, found[detection], trace)
    label_boxes(ax, target.boxes[annotated], [f"OKS {value:.2f}" for value in values], [ORANGE] * len(values))
    see = (
        f"{np.sum(values >= 0.5)} of {plural(len(values), 'annotated object')} found at OKS 0.5; green: the "
        "truth, and where a keypoint counts 0.61; orange: the most similar detection"
    )
    return headline(ax, "Keypoints against the truth", see)


def _draw_pair(ax: Axes, true: np.ndarray, radii: np.ndarray, found: np.ndarray, trace: Trace) -> None:
    """Draw the circles of the annotated keypoints (K, 3), the prediction, and a line between the two."""
    known = true[:, 2] > 0
    for place, radius in zip(true[known, :2], radii[known], strict=True):
        circle = Circle((place[0], place[1]), radius, fill=False, edgecolor=GREEN, linewidth=1.4)
        circle.set_path_effects(halo(2.4))
        ax.add_patch(circle)
    draw_keypoints(ax, found[None], [ORANGE], trace.context.skeleton)
    lines = LineCollection(
        list(np.stack([true[known, :2], found[known, :2]], 1)), colors="white", linewidths=1
    )
    lines.set_path_effects(halo(1.8))
    ax.add_collection(lines, autolim=False)
