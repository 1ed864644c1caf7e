"""Keypoints against the truth: object keypoint similarity, drawn as the circles within which it forgives.

    OKS = mean over the annotated keypoints i of exp(-d_i^2 / (2 r_i^2))        r_i = 2 sigma_i s

s is the root of the object's area, that of its mask or, without one, of its box. A keypoint on the circle of
radius r_i counts exp(-1/2) = 0.61.
Source: cocodataset.org/#keypoints-eval.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle

from minimaskrcnn.checks import describe
from minimaskrcnn.detection.skeleton import sigmas_of
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.evaluation import object_areas
from minimaskrcnn.evaluation.keypoints import Poses, oks_matrix
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.boxes import label_boxes
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.keypoints import draw_keypoints, heatmaps_of
from minimaskrcnn.viz.object_colours import detection_colours
from minimaskrcnn.viz.picture import draw_picture
from minimaskrcnn.viz.style import GREEN, halo, headline, show_message
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

    Raises
    ------
    InputError
        If the model has no keypoints, or others than the objects.
    """
    true = _poses(trace, target)
    ax = draw_picture(trace["input"], ax)
    annotated = np.flatnonzero(true.annotated().any(1))
    found, sigmas = trace["keypoints"], np.array(sigmas_of(true.keypoints.shape[1]))
    if not len(annotated) or not len(found):
        show_message(ax, "no keypoints to compare")
        return headline(ax, "OKS", "no object has annotated keypoints, or none was found")
    similar = oks_matrix(found, true[annotated], sigmas)  # (D, G)
    of_its_class = trace["labels"][:, None] == target.labels[annotated]
    best = np.where(of_its_class, similar, -1).argmax(0)  # (G,), a detection for each annotated object
    met = of_its_class.any(0)
    values = np.where(met, similar[best, np.arange(len(best))], 0)
    colours = np.array(detection_colours(trace))[best]
    for detection, index, own, colour in zip(best, annotated, met, colours, strict=True):
        _draw_truth(ax, true.keypoints[index], 2 * sigmas * np.sqrt(true.areas[index]))
        if own:
            draw_keypoints(ax, found[None, detection], [colour], trace.context.skeleton)
            _draw_distances(ax, true.keypoints[index], found[detection])
    words = [f"OKS {value:.2f}" if own else "no detection" for value, own in zip(values, met, strict=True)]
    points = np.concatenate([found[best[met]], true.keypoints[annotated]])  # (drawn, K, 3)
    label_boxes(ax, target.boxes[annotated], words, list(colours), keypoints=points)
    see = (
        f"{np.sum(values >= 0.5)} of {plural(len(values), 'annotated object')} found at OKS 0.5; circles: "
        "the truth, and where a keypoint counts 0.61; dots and limbs: the most similar detection"
    )
    return headline(ax, "Keypoints against the truth", see)


def _poses(trace: Trace, target: Target) -> Poses:
    """The true keypoints, if they are those that the model finds."""
    count = heatmaps_of("show_oks", trace).shape[1]
    if target.keypoints is None or target.keypoints.shape[1] != count:
        raise InputError(
            f"show_oks: the target needs keypoints (N, {count}, 3), as the model finds them; got "
            f"{describe(target.keypoints)}."
        )
    return Poses(target.keypoints, target.boxes, object_areas(target))


def _draw_truth(ax: Axes, true: np.ndarray, radii: np.ndarray) -> None:
    """Draw the circles of the annotated ones of keypoints (K, 3)."""
    known = true[:, 2] > 0
    for place, radius in zip(true[known, :2], radii[known], strict=True):
        circle = Circle((place[0], place[1]), radius, fill=False, edgecolor=GREEN, linewidth=1.4)
        circle.set_path_effects(halo(2.4))
        ax.add_patch(circle)


def _draw_distances(ax: Axes, true: np.ndarray, found: np.ndarray) -> None:
    """Draw a line from each annotated keypoint (K, 3) to the one that was found."""
    known = true[:, 2] > 0
    ends = np.stack([true[known, :2], found[known, :2]], 1)  # (known, end, xy)
    lines = LineCollection(list(ends), colors="white", linewidths=1)
    lines.set_path_effects(halo(1.8))
    ax.add_collection(lines, autolim=False)
