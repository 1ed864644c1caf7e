"""Masks: 28x28 probabilities as the head gives them, and outlines that follow pixel edges exactly."""

from collections.abc import Sequence
from functools import reduce

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.object_colours import detection_colours
from minimaskrcnn.viz.picture import draw_picture, thinning
from minimaskrcnn.viz.style import (
    CLASS_COLOURS,
    HIGH_SCORE,
    LABEL,
    MAP,
    headline,
    inches,
    panels,
    show_message,
    top_indices,
)
from minimaskrcnn.viz.words import class_name, plural


@catalogued(
    19,
    "mask-probabilities",
    Chapter.MASKS,
    heading="Raw masks",
    note="The mask head answers with a small grid of probabilities over each box, one grid per class.",
    needs=("trace.mask_probs",),
)
def show_mask_probabilities(trace: Trace, ax: Axes | None = None, limit: int = 16) -> Axes:
    """Draw the 28x28 mask of each detection's own class, from 0 (dark) to 1 (bright), with its 0.5 line."""
    ax = panels(1, 1, 6, 6)[1][0] if ax is None else ax
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
    if "mask_probs" not in trace:
        show_message(ax, "no masks")
        return headline(ax, "No masks", "this model has no mask head: it is Faster R-CNN")
    probabilities, scores = trace["mask_probs"], trace["scores"]
    shown = top_indices(scores, int(np.sum(scores >= HIGH_SCORE)))[:limit]
    if len(shown) == 0:
        show_message(ax, "no masks")
        return headline(ax, "28x28 masks", "no detection scores high enough to be shown")
    side, colours = probabilities.shape[-1], detection_colours(trace)
    width, height = inches(ax)
    columns = min(len(shown), round(np.ceil(np.sqrt(len(shown) * width / height))))
    for place, index in enumerate(shown):
        row, column = divmod(place, columns)
        left, top = column * (side + 3), row * (side + 6)
        tile = probabilities[index]
        ax.imshow(tile, extent=(left, left + side, top + side, top), cmap=MAP, vmin=0, vmax=1)
        x, y = _pen(mask_edges(tile >= 0.5))
        ax.plot(x + left, y + top, color="white", linewidth=0.8)
        name = class_name(trace["labels"][index], trace.class_names)
        ax.text(
            left,
            top - 1,
            f"{name} {scores[index]:.2f}",
            fontsize=LABEL if columns < 4 else LABEL - 1,
            bbox={"facecolor": colours[index], "edgecolor": "none", "alpha": 0.85, "pad": 0.8},
        )
    rows = -(-len(shown) // columns)
    ax.set_xlim(-1, columns * (side + 3) - 2)
    ax.set_ylim(rows * (side + 6) - 5, -6)
    which = "every detection" if len(shown) == len(scores) else f"the {len(shown)} best"
    name = f"{side}x{side} masks"
    return headline(ax, name, f"{which}: dark 0, bright 1, white line where the probability passes 0.5")


@catalogued(
    20,
    "pasted-masks",
    Chapter.MASKS,
    heading="Pasted masks",
    note="Resized into its box and cut at one half.",
    needs=("trace.mask_probs",),
)
def show_pasted_masks(trace: Trace, ax: Axes | None = None, limit: int = 100) -> Axes:
    """Draw the masks at the size of the picture, cut at 0.5, without boxes: only the outlines are judged."""
    ax = draw_picture(trace["input"], ax)
    if "masks" not in trace:
        show_message(ax, "no masks")
        return headline(ax, "Pasted masks", "this model has no mask head: it is Faster R-CNN")
    shown = top_indices(trace["scores"], int(np.sum(trace["scores"] >= HIGH_SCORE)))[:limit]
    if len(shown) == 0:
        show_message(ax, "no masks")
        return headline(ax, "Pasted masks", "no detection scores high enough to be shown")
    masks = trace.masks[shown]
    colours = detection_colours(trace)
    draw_masks(ax, masks, [colours[index] for index in shown])
    side = trace["mask_probs"].shape[-1]
    see = (
        f"{plural(len(masks), 'mask')}, each {side}x{side} resized into its box and cut at 0.5; "
        f"together {np.count_nonzero(reduce(np.logical_or, masks)):,} pixels"
    )
    return headline(ax, "Pasted masks", see)


def mask_edges(mask: np.ndarray) -> np.ndarray:
    """Pixel edges between inside and outside of a mask (H, W): segments (S, 2, 2) of (x, y).

    Pixel (0, 0) covers [0, 1) x [0, 1).

    Examples
    --------
    >>> mask_edges(np.ones((1, 2), bool)).tolist()[0]
    [[0, 0], [1, 0]]
    >>> len(mask_edges(np.ones((1, 2), bool)))
    6
    """
    cut = BoxMasks.of(mask[None])
    padded = np.pad(cut.crops[0].astype(np.int8), 1)
    y, x = np.nonzero(np.diff(padded, axis=0)[:, 1:-1])  # between row y-1 and row y
    across = np.stack([np.stack([x, y], 1), np.stack([x + 1, y], 1)], 1)
    y, x = np.nonzero(np.diff(padded, axis=1)[1:-1])  # between column x-1 and column x
    down = np.stack([np.stack([x, y], 1), np.stack([x, y + 1], 1)], 1)
    return np.concatenate([across, down]) + cut.windows[0, :2]  # (S, end, xy)


def _pen(segments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Segments as one polyline that lifts the pen (NaN) between them: a single artist, quick to draw."""
    lifted = np.concatenate([segments, np.full((len(segments), 1, 2), np.nan)], axis=1)  # (S, 3, 2)
    x, y = lifted.reshape(-1, 2).T  # (3S, 2) -> two (3S,)
    return x, y


def draw_masks(ax: Axes, masks: np.ndarray | BoxMasks, colours: Sequence[str]) -> None:
    """Fill masks (D, H, W) translucently over the picture and draw their outlines, the first on top."""
    masks = BoxMasks.of(masks)
    height, width = masks.shape[1:]
    step = thinning((height, width))
    overlay = np.zeros((-(-height // step), -(-width // step), 4), np.uint8)
    for crop, (x1, y1, *_), colour in reversed(list(zip(masks.crops, masks.windows, colours, strict=True))):
        # Rows and columns 0, step, 2 step, ... of the picture are drawn; these are the first in the crop.
        thin, top, left = crop[-y1 % step :: step, -x1 % step :: step], -(-y1 // step), -(-x1 // step)
        seen = overlay[top : top + thin.shape[0], left : left + thin.shape[1]]
        seen[thin] = [*(round(255 * part) for part in to_rgb(colour)), 110]
    ax.imshow(overlay, extent=(0, width, height, 0), interpolation="nearest")
    for crop, (x1, y1, *_), colour in zip(masks.crops, masks.windows, colours, strict=True):
        draw_outline(ax, crop, colour, offset=(x1, y1))


def draw_outline(
    ax: Axes, mask: np.ndarray, colour: str, dash: str = "-", offset: tuple[float, float] = (0, 0)
) -> None:
    """Draw the pixel edges of a mask (H, W) as one line; `offset` (x, y) is where its first pixel lies."""
    x, y = _pen(mask_edges(mask) + np.array(offset))
    ax.plot(x, y, color=colour, linestyle=dash, linewidth=1.2, solid_capstyle="projecting")


def object_colour(index: int) -> str:
    """Colour `index` of the palette, for what has no object under it; neighbours in the list differ."""
    return CLASS_COLOURS[index % len(CLASS_COLOURS)]
