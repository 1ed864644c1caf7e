"""A whole data set judged: precision against recall, and the average precision that sums it up.

Dataset AP pools the detections of all pictures before it sorts them by score. The mean of each picture's own
AP is another number, and not what papers report.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.evaluation import Curves
from minimaskrcnn.evaluation.curves import IOU_THRESHOLDS, NOTHING
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.plain_text import name_ticks
from minimaskrcnn.viz.style import (
    BLUE,
    GREEN,
    SKY,
    SOLID,
    VERMILLION,
    Dash,
    axes_or_new,
    headline,
    show_message,
)
from minimaskrcnn.viz.words import class_name

SHOWN: tuple[tuple[float, str, Dash], ...] = (
    (0.5, BLUE, SOLID),
    (0.75, GREEN, (0, (5, 1.5))),
    (0.9, VERMILLION, (0, (2.2, 1))),
)
KINDS = {"box": (SKY, ""), "mask": (VERMILLION, "//"), "keypoint": (GREEN, "..")}
WIDEST = 20  # classes whose bars still have room for a name


@catalogued(
    2,
    "precision-recall",
    Chapter.ANSWER,
    heading="Precision against recall",
    note="Over a whole data set, best score first: how many answers are right, and how much is found.",
)
def show_precision_recall(curves: Curves, ax: Axes | None = None, label: int | None = None) -> Axes:
    """Draw the precision at each recall, for three IoU thresholds.

    Parameters
    ----------
    curves : Curves, from `CocoEvaluator.curves`
    label : a class; by default the mean over classes
    """
    ax = axes_or_new(ax)
    told = []
    for iou, colour, dash in SHOWN:
        recall, precision = curves.at(iou, label) if curves.labels else (np.zeros(0), np.zeros(0))
        if precision.max(initial=NOTHING) > NOTHING:
            ap = f"AP{round(100 * iou)} {precision.mean():.3f}"
            ax.plot(
                recall, precision, color=colour, linestyle=dash, linewidth=1.8, label=f"IoU {iou:g}: {ap}"
            )
            told.append(ap)
    ax.set_xlabel("recall: share of the objects found so far")
    ax.set_ylabel("precision: share that is right")
    ax.set_xlim(0, 1.01)
    ax.set_ylim(0, 1.03)
    if not told:
        show_message(ax, "no objects to find")
        return headline(ax, "Precision against recall", "nothing to measure")
    ax.legend(fontsize=8, loc="lower left")
    see = f"going down the list by score; AP is the area under a curve: {', '.join(told)}"
    return headline(ax, "Precision against recall", see)


@catalogued(
    4,
    "average-precision",
    Chapter.ANSWER,
    heading="Dataset AP",
    note="The number that papers report: detections of all pictures are pooled before they are ranked. "
    "The mean of each picture's own AP would be another number.",
)
def show_average_precision(
    curves_by_kind: Mapping[str, Curves], class_names: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the AP of a data set, the mean over IoU 0.50 to 0.95: of all classes together, and of each.

    Parameters
    ----------
    curves_by_kind : "box" and, where there are any, "mask" and "keypoint", each with its Curves; keypoints
        are compared by OKS instead of IoU
    class_names : names by label, 0 the background
    """
    ax = axes_or_new(ax)
    labels = next(iter(curves_by_kind.values())).labels
    names = ["all classes", *(class_name(label, class_names) for label in labels[:WIDEST])]
    height = 0.8 / len(curves_by_kind)
    told = []
    for place, (kind, of_kind) in enumerate(curves_by_kind.items()):
        values = [average_precision(of_kind), *(average_precision(of_kind, k) for k in labels[:WIDEST])]
        rows = np.arange(len(values)) + (place - (len(curves_by_kind) - 1) / 2) * height
        colour, hatch = KINDS[kind]
        lengths = [max(value, 0) for value in values]
        bars = ax.barh(
            rows,
            lengths,
            height,
            color=colour,
            hatch=hatch,
            edgecolor="black",
            linewidth=0.6,
            label=f"{kind} AP",
        )
        ax.bar_label(bars, ["-" if value < 0 else f"{value:.3f}" for value in values], fontsize=8, padding=3)
        told.append(f"{kind} AP {values[0]:.3f}" if values[0] >= 0 else f"no {kind} AP")
    name_ticks(ax.yaxis, names)
    ax.set_xlim(0, 1.1)
    ax.invert_yaxis()
    ax.legend(fontsize=8, loc="lower right", framealpha=1)
    ax.set_xlabel("average precision")
    first, last = IOU_THRESHOLDS[[0, -1]]
    measure = "IoU (keypoints: OKS)" if "keypoint" in curves_by_kind else "IoU"
    span = f"{measure} {first:.2f} to {last:.2f}"
    see = f"{', '.join(told)}: all pictures pooled, mean over {span} and over classes"
    return headline(ax, "Dataset AP", see)


def average_precision(curves: Curves, label: int | None = None) -> float:
    """COCO's AP of one class or of all, at the last of `max_dets`; -1 where there was no object."""
    precision = curves.precision[:, :, :, 0, -1]  # (T, R, K)
    if label is not None:
        precision = precision[:, :, [curves.labels.index(label)]]
    known = precision[precision > NOTHING]
    return float(known.mean()) if known.size else NOTHING
