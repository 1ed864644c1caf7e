"""One mask, step by step: 28x28 probabilities, resized into the box, cut at one half; beside its target."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.masks import mask_targets
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.inspection import Trace
from minimaskrcnn.models.paste import RULES
from minimaskrcnn.viz.boxes import draw_boxes
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.masks import draw_masks, draw_outline
from minimaskrcnn.viz.object_colours import detection_colours
from minimaskrcnn.viz.picture import draw_picture
from minimaskrcnn.viz.style import BLUE, MAP, VERMILLION, headline, panels, show_message


@catalogued(
    44,
    "mask-steps",
    Chapter.CLOSE_UPS,
    heading="One mask, step by step",
    note="From probabilities to an outline; then its target, and where outline and truth differ.",
    needs=("trace.mask_probs",),
)
def mask_figure(trace: Trace, detection: int = 0, target: Target | None = None) -> Figure:
    """Draw the way from the mask head's answer to the outline on the picture, for one detection.

    Parameters
    ----------
    trace : Trace of a model with masks
    detection : index into `trace["boxes"]`
    target : true objects in input pixels; adds what training would have asked for, and where the two differ
    """
    figure, axes = panels(1, 3 if target is None else 5, 3.2, 3.2)
    colour = detection_colours(trace)[detection]
    box, image = trace["boxes"][detection], trace["input"]
    probability = trace["mask_probs"][detection]
    side = probability.shape[-1]

    _tile(axes[0], probability, colour)
    headline(
        axes[0],
        f"{side}x{side} probabilities",
        f"the line is 0.5; {np.mean(probability >= 0.5):.0%} are inside",
    )

    paste, resized_box = RULES[trace.context.paste_rule], trace["detection_boxes"][[detection]]
    pasted = paste(probability[None], resized_box, trace.resized_size, trace.image_size, None)[0]
    height, width = image.shape[1:]
    axes[1].imshow(pasted, extent=(0, width, height, 0), cmap=MAP, vmin=0, vmax=1)
    draw_boxes(axes[1], box[None], colour)
    _zoom(axes[1], box)
    headline(axes[1], "Resized into its box", "each pixel between four of the mask's cells")

    mask = trace.masks[detection]
    draw_picture(image, axes[2])
    draw_masks(axes[2], mask[None], [colour])
    draw_boxes(axes[2], box[None], colour)
    _zoom(axes[2], box)
    headline(axes[2], "Cut at one half", f"{np.count_nonzero(mask):,} pixels of the picture")
    if target is not None:
        _against_truth(trace, detection, target, axes[3], axes[4])
    return figure


def _against_truth(trace: Trace, detection: int, target: Target, left: Axes, right: Axes) -> None:
    """The RoIAligned target of the detection's box, and the outlines of prediction and truth."""
    box, image = trace["boxes"][detection], trace["input"]
    for ax in (left, right):
        ax.set_xticks([])
        ax.set_yticks([])
    if target.masks is None or len(target.boxes) == 0:
        for ax in (left, right):
            show_message(ax, "no true object")
            headline(ax, "Truth", "nothing to compare with")
        return
    overlaps = box_iou(box[None], target.boxes)[0]
    nearest = int(np.nan_to_num(overlaps).argmax())
    side = trace["mask_probs"].shape[-1]
    wanted = mask_targets(target.masks, box[None], np.array([nearest]), side)[0]
    _tile(left, wanted, BLUE)
    apart = np.abs(wanted - trace["mask_probs"][detection]).mean()
    headline(left, "Its target", f"the true mask, RoIAligned to the box; {apart:.2f} away on average")

    mask, truth = trace.masks[detection], target.masks[nearest]
    draw_picture(image, right)
    height, width = truth.shape
    differ = np.zeros((height, width, 4), np.uint8)
    differ[mask & ~truth] = (213, 94, 0, 150)
    differ[truth & ~mask] = (0, 114, 178, 150)
    right.imshow(differ, extent=(0, width, height, 0))
    draw_outline(right, mask, VERMILLION, "-")
    draw_outline(right, truth, BLUE, "--")
    _zoom(
        right,
        np.concatenate(
            [np.minimum(box, target.boxes[nearest])[:2], np.maximum(box, target.boxes[nearest])[2:]]
        ),
    )
    iou = np.sum(mask & truth) / max(1, np.sum(mask | truth))
    headline(right, "Where they differ", f"mask IoU {iou:.2f}; red, solid: too much; blue, dashed: missed")


def _tile(ax: Axes, probability: np.ndarray, colour: str) -> None:
    side = probability.shape[-1]
    ax.imshow(probability, extent=(0, side, side, 0), cmap=MAP, vmin=0, vmax=1)
    draw_outline(ax, probability >= 0.5, "white", "-")
    for spine in ax.spines.values():
        spine.set(color=colour, linewidth=2)
    ax.set_xticks([])
    ax.set_yticks([])


def _zoom(ax: Axes, box: np.ndarray) -> None:
    """Show the box and a margin, square."""
    centre, half = (box[:2] + box[2:]) / 2, 0.65 * max((box[2:] - box[:2]).max(), 1)
    ax.set_xlim(centre[0] - half, centre[0] + half)
    ax.set_ylim(centre[1] + half, centre[1] - half)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_facecolor("#EEEEEE")
