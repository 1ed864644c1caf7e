"""Training as curves: the losses from where chance puts them, AP over time, what they are taken over.

An untrained network that knows nothing pays ln 2 for each yes-or-no question (objectness, mask pixels) and
ln K for a choice of one in K classes. A first loss far from these marks is the earliest sign of a fault.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LABEL,
    ORANGE,
    PURPLE,
    SKY,
    SOLID,
    VERMILLION,
    Dash,
    headline,
    new_figure,
    show_message,
)

LOSSES: dict[str, tuple[str, str, Dash]] = {
    "loss": ("sum", BLACK, SOLID),
    "loss_objectness": ("RPN objectness", BLUE, (0, (5, 1.5))),
    "loss_rpn_box_reg": ("RPN boxes", GREEN, (0, (5, 1, 1, 1))),
    "loss_classifier": ("classes", VERMILLION, (0, (2.2, 1))),
    "loss_box_reg": ("boxes", ORANGE, (0, (1, 1))),
    "loss_mask": ("masks", PURPLE, (0, (8, 2))),
    "loss_keypoint": ("keypoints", SKY, (0, (3, 1, 1, 1, 1, 1))),
}
PRECISIONS = (
    ("box_AP", BLUE, "s", "--"),
    ("mask_AP", VERMILLION, "o", "-"),
    ("keypoint_AP", GREEN, "^", "-."),
)


@catalogued(
    48,
    "training-curves",
    Chapter.TRAINING,
    heading="Training curves",
    note="The losses from the marks of pure guessing, AP over time, how many samples are objects, and "
    "the learning rate.",
)
def training_curves(log_records: Sequence[Mapping[str, Any]], num_classes: int | None = None) -> Figure:
    """Draw losses, AP, sampled anchors and RoIs, learning rate and gradient norm against the step.

    Parameters
    ----------
    log_records : records of a training log, in order
        Each has "step"; training steps hold "loss", the "loss_..." terms, "fg_anchors", "bg_anchors",
        "fg_rois", "bg_rois", "lr" and "grad_norm"; evaluations hold "box_AP", "mask_AP" and "keypoint_AP".
        Panels without data say so.
    num_classes : with the background; marks ln K, the classification loss of a guess

    Returns
    -------
    Figure
        six panels: losses, AP, anchors, RoIs, learning rate, gradient norm
    """
    figure = new_figure(8.4, 9)
    losses, precision, anchors, rois, rate, norm = figure.subplots(3, 2).ravel()
    _losses(losses, log_records, num_classes)
    _precision(precision, log_records)
    _counts(anchors, log_records, "anchors")
    _counts(rois, log_records, "rois")
    _line(rate, log_records, "lr", "Learning rate", "warm-up, then decay")
    _line(norm, log_records, "grad_norm", "Gradient norm", "before clipping; peaks are unusual batches")
    norm.set_yscale("log")
    return figure


def _losses(ax: Axes, records: Sequence[Mapping[str, Any]], num_classes: int | None) -> None:
    for key, (name, colour, dash) in LOSSES.items():
        steps, values = _series(records, key)
        if len(steps):
            ax.plot(steps, values, color=colour, linewidth=0.5, alpha=0.25)
            ax.plot(steps, smooth(values), color=colour, linestyle=dash, linewidth=1.5, label=name)
    if not ax.lines:
        show_message(ax, "no training steps in this log")
        headline(ax, "Losses", "nothing to show yet")
        return
    ax.set_yscale("log")
    _mark(ax, 2)
    if num_classes is not None:
        _mark(ax, num_classes)
    ax.set_xlabel("step")
    ax.legend(fontsize=LABEL, ncols=2, loc="lower left")
    headline(
        ax,
        "Losses",
        "a guess costs ln 2 (objectness, masks) or ln K (classes): each curve should start there",
    )


def _mark(ax: Axes, choices: int) -> None:
    """A grey line at the loss of a guess among `choices`, named at the right edge."""
    value = np.log(choices)
    ax.axhline(value, color=GREY, linewidth=0.8, linestyle=":")
    ax.annotate(f"ln {choices}", (1, value), (3, 0), ax.get_yaxis_transform(), "offset points", fontsize=7)


def _precision(ax: Axes, records: Sequence[Mapping[str, Any]]) -> None:
    last = []
    for key, colour, marker, dash in PRECISIONS:
        steps, values = _series(records, key)
        if len(steps):
            name = key.replace("_", " ")
            ax.plot(steps, values, color=colour, linestyle=dash, marker=marker, markersize=4, label=name)
            last.append(f"{name} {values[-1]:.3f}")
    if not last:
        show_message(ax, "no evaluation in this log")
        headline(ax, "Average precision", "measured on the validation set, COCO style")
        return
    ax.set_ylim(0, 1)
    ax.set_xlabel("step")
    ax.legend(fontsize=7, loc="lower right")
    headline(
        ax, "Average precision", f"on the validation set, IoU 0.50 to 0.95; at the end {', '.join(last)}"
    )


def _counts(ax: Axes, records: Sequence[Mapping[str, Any]], what: str) -> None:
    """How many of the sampled anchors or RoIs stand for an object, and how many for background."""
    name = {"anchors": "anchors", "rois": "RoIs"}[what]
    share = ""
    for key, kind, colour, dash in (("bg", "background", GREY, "--"), ("fg", "objects", VERMILLION, "-")):
        steps, values = _series(records, f"{key}_{what}")
        if len(steps):
            ax.plot(steps, values, color=colour, linewidth=0.5, alpha=0.25)
            ax.plot(steps, smooth(values), color=colour, linestyle=dash, linewidth=1.5, label=kind)
            share = f"at the end {smooth(values)[-1]:.0f} per batch stand for an object"
    headline(ax, f"Sampled {name}", share or "nothing to show yet")
    if not share:
        show_message(ax, f"no counts of {name} in this log")
        return
    ax.set_yscale("symlog", linthresh=1)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("step")
    ax.legend(fontsize=7, loc="lower right")


def _line(ax: Axes, records: Sequence[Mapping[str, Any]], key: str, what: str, see: str) -> None:
    steps, values = _series(records, key)
    ax.plot(steps, values, color=BLUE, linewidth=1)
    ax.set_xlabel("step")
    if len(steps) == 0:
        show_message(ax, f"no {key} in this log")
    headline(ax, what, see)


def _series(records: Sequence[Mapping[str, Any]], key: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps and values of the records that hold `key`."""
    pairs = [(record["step"], record[key]) for record in records if record.get(key) is not None]
    steps, values = np.array(pairs, np.float64).reshape(-1, 2).T  # (n, 2) -> two (n,)
    return steps, values


def smooth(values: np.ndarray) -> np.ndarray:
    """Mean of each value and those before it, over a fiftieth of the run.

    >>> smooth(np.array([1.0, 3.0])).tolist()
    [1.0, 3.0]
    """
    window = max(1, len(values) // 50)
    total = np.cumsum(np.insert(values, 0, 0.0))
    end = np.arange(1, len(values) + 1)
    start = np.maximum(0, end - window)
    return (total[end] - total[start]) / (end - start)
