"""What the mask head is asked for: the true mask, cut out by the RoI and resized to the mask's own grid.

Training asks this of every RoI that overlaps an object by the IoU it calls foreground, and of no other.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.detection.boxes import box_iou, resize_boxes
from minimaskrcnn.detection.masks import mask_targets
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.inspection import Trace
from minimaskrcnn.models import paste
from minimaskrcnn.viz.boxes import draw_boxes, label_boxes
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.masks import draw_outline
from minimaskrcnn.viz.object_colours import detection_colours, object_colours
from minimaskrcnn.viz.picture import draw_picture, panel_size
from minimaskrcnn.viz.style import DOTTED, HIGH_SCORE, LABEL, MAP, headline, inches, panels, show_message
from minimaskrcnn.viz.words import class_name, plural

GAP = 4  # cells between tiles


@catalogued(
    18,
    "mask-targets",
    Chapter.MASKS,
    heading="Mask targets",
    note="What training asks of each box: the true mask, RoIAligned to the box; beside it the predicted "
    "mask.",
    needs=("trace.mask_probs", "target.masks"),
)
def show_mask_targets(
    trace: Trace,
    target: Target,
    ax: Axes | None = None,
    limit: int = 8,
) -> Axes:
    """Draw pairs of tiles for the best detections: the target of the box, and beside it the predicted mask.

    Parameters
    ----------
    trace : Trace of a model with masks
    target : true objects with masks, input pixels
    limit : pairs
    """
    ax = panels(1, 1, 7, 6)[1][0] if ax is None else ax
    boxes = trace["boxes"]
    nearest, iou = _nearest(target, boxes)
    foreground = trace.context.box_fg_iou_thresh
    shown = np.flatnonzero((iou >= foreground) & (trace["scores"] >= HIGH_SCORE))[:limit]
    if len(shown) == 0 or target.masks is None or "mask_probs" not in trace:
        return _nothing(
            ax, "Mask targets", f"no sure detection overlaps a true object with a mask by IoU {foreground:g}"
        )
    probabilities = trace["mask_probs"][shown]
    side = probabilities.shape[-1]
    wanted = mask_targets(target.masks, boxes[shown], nearest[shown], side)
    apart = np.abs(wanted - probabilities).mean(axis=(1, 2))
    tiles = [
        np.hstack([w, np.full((side, 1), np.nan), p]) for w, p in zip(wanted, probabilities, strict=True)
    ]
    names = [
        f"{class_name(trace['labels'][k], trace.class_names)}: {a:.2f} apart"
        for k, a in zip(shown, apart, strict=True)
    ]
    colours = detection_colours(trace)
    _lay_out(ax, tiles, names, [colours[k] for k in shown])
    see = f"left the true mask, RoIAligned to the box, right the answer; {apart.mean():.2f} apart on average"
    return headline(ax, f"{side}x{side} mask targets", see)


@catalogued(
    28,
    "roi-targets",
    Chapter.DATA,
    heading="RoIs beside their targets",
    note="The same object seen through several RoIs.",
    needs=("target.masks",),
)
def roi_targets_figure(trace: Trace, target: Target, limit: int = 12) -> Figure:
    """Draw the RoIs that training takes for objects, numbered on the picture, beside their mask targets.

    Of each object the RoIs that overlap it most are shown first, and objects take turns.
    """
    figure, (left, right) = panels(1, 2, *panel_size(trace["input"], 5.5))
    foreground = trace.context.box_fg_iou_thresh
    rois = resize_boxes(trace["proposals"], trace.resized_size, trace.image_size)
    nearest, iou = _nearest(target, rois)
    objects = np.flatnonzero(iou >= foreground)
    objects = objects[np.argsort(-iou[objects], kind="stable")]
    turn = np.array([np.sum(nearest[objects[:place]] == nearest[k]) for place, k in enumerate(objects)])
    shown = objects[np.argsort(turn, kind="stable")][:limit] if len(objects) else objects
    draw_picture(trace["input"], left)
    if len(shown) == 0 or target.masks is None:
        _nothing(
            left, "RoIs of objects", f"no proposal overlaps a true object with a mask by IoU {foreground:g}"
        )
        _nothing(right, "Their targets", "nothing to ask for")
        return figure
    side = trace["mask_probs"].shape[-1] if "mask_probs" in trace else 28
    of_object = object_colours(trace["input"], target.boxes, target.masks)
    colours = [of_object[nearest[k]] for k in shown]
    draw_boxes(left, rois[shown], colours, DOTTED, 1.6)
    label_boxes(left, rois[shown], [str(number) for number in range(1, len(shown) + 1)], colours)
    see = (
        f"{plural(len(objects), 'proposal')} of {len(rois)} overlap an object by IoU {foreground:g}, "
        f"{len(shown)} drawn"
    )
    headline(left, "RoIs of objects", see)
    wanted = mask_targets(target.masks, rois[shown], nearest[shown], side)
    names = [
        f"{number}: {class_name(target.labels[nearest[k]], trace.class_names)}, IoU {iou[k]:.2f}"
        for number, k in enumerate(shown, start=1)
    ]
    _lay_out(right, list(wanted), names, colours)
    headline(right, f"Their {side}x{side} targets", "the true mask as each RoI sees it; the line is 0.5")
    return figure


@catalogued(
    26,
    "mini-masks",
    Chapter.DATA,
    heading="Mini-masks",
    note="How much of a mask survives the small grid of the mask head.",
)
def show_mini_masks(
    image: np.ndarray,
    target: Target,
    class_names: Sequence[str] | None = None,
    ax: Axes | None = None,
    paste_rule: str = "rounded",
    side: int = 28,
    limit: int = 12,
) -> Axes:
    """Draw each true mask cut to its box and resized to `side` x `side`: all that a mask head can express.

    The number is the IoU of the mask with itself after the way there and back: the best that can be reached.

    Parameters
    ----------
    image : (3, H, W) float array in [0, 1]
    target : true objects with masks, pixels of `image`
    class_names : names by label, 0 the background
    paste_rule : a name in `models.paste.RULES`; "rounded" is torchvision's
    side : cells of the small grid
    limit : most masks shown, the largest ones
    """
    ax = panels(1, 1, 6, 6)[1][0] if ax is None else ax
    if target.masks is None or len(target.boxes) == 0:
        return _nothing(ax, "Mini-masks", "no masks in this picture")
    minis, back = mini_masks(target, side, paste_rule)
    masks = target.masks
    kept = (back & masks).sum((1, 2)) / np.maximum((back | masks).sum((1, 2)), 1)
    colours = object_colours(image, target.boxes, target.masks)
    largest = np.argsort(-masks.sum((1, 2)), kind="stable")[:limit]
    names = [f"{class_name(target.labels[k], class_names)}: {kept[k]:.3f}" for k in largest]
    _lay_out(ax, [minis[k] for k in largest], names, [colours[k] for k in largest])
    see = (
        f"each cut to its box; number: IoU with the original once pasted back ({paste_rule}), "
        f"{kept.mean():.3f} on average over {plural(len(kept), 'object')}"
    )
    return headline(ax, f"{side}x{side} mini-masks", see)


def mini_masks(target: Target, side: int, paste_rule: str) -> tuple[np.ndarray, np.ndarray]:
    """True masks as (N, side, side) in [0, 1], and those pasted back (N, H, W) bool."""
    assert target.masks is not None
    minis = mask_targets(target.masks, target.boxes, np.arange(len(target.boxes)), side)
    size = (target.masks.shape[1], target.masks.shape[2])
    return minis, np.asarray(paste.RULES[paste_rule](minis, target.boxes, size, size, 0.5))


def _nearest(target: Target, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each box (K, 4) the object it overlaps most (K,), and the IoU (K,)."""
    if len(target.boxes) == 0 or len(boxes) == 0:
        return np.zeros(len(boxes), np.int64), np.zeros(len(boxes))
    iou = np.nan_to_num(box_iou(target.boxes, boxes))  # (N, K)
    return iou.argmax(axis=0), iou.max(axis=0)


def _nothing(ax: Axes, what: str, why: str) -> Axes:
    ax.set_axis_off()
    show_message(ax, "nothing to show")
    return headline(ax, what, why)


def _lay_out(ax: Axes, tiles: Sequence[np.ndarray], names: Sequence[str], colours: Sequence[str]) -> None:
    """Tiles (h, w) in rows, each with its 0.5 line and its name above."""
    height, width = tiles[0].shape
    paper_width, paper_height = inches(ax)
    room = height + 2 * GAP
    columns = round(np.sqrt(len(tiles) * room / (width + GAP) * paper_width / paper_height))
    columns = int(np.clip(columns, 1, len(tiles)))
    rows = -(-len(tiles) // columns)
    size = min(LABEL, 72 * paper_width / columns / 16)  # points: names of about 24 letters fit
    for place, (tile, name, colour) in enumerate(zip(tiles, names, colours, strict=True)):
        row, column = divmod(place, columns)
        left, top = column * (width + GAP), row * room
        ax.imshow(tile, extent=(left, left + width, top + height, top), cmap=MAP, vmin=0, vmax=1)
        draw_outline(ax, tile >= 0.5, "white", offset=(left, top))
        ax.text(
            left,
            top - 1,
            name,
            fontsize=size,
            va="bottom",
            bbox={"facecolor": colour, "edgecolor": "none", "alpha": 0.85, "pad": 0.8},
        )
    ax.set_xlim(-1, columns * (width + GAP) - GAP + 1)
    ax.set_ylim(rows * room - 2 * GAP + 1, -2 * GAP)
    ax.set_axis_off()
