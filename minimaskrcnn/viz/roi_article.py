"""The article's figure of RoIPool and RoIAlign: snapped boundaries, unequal bins, and 0.8 against 0.88.

Above, one box read by both operators. Below, what rounding does to a box of 4.5 x 4.7 cells: it loses some
cells and gains others, and its three bins over five cells have 2, 3 and 2 of them, and overlap.
Source: Hui 2018, "Image segmentation with Mask R-CNN".
"""

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from minimaskrcnn.inspection import RoIView, look
from minimaskrcnn.inspection.microscope import ARTICLE_BOX, ARTICLE_FEATURES
from minimaskrcnn.kernels.roi_rules import ROI_ALIGN_MAX, ROI_POOL
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.microscope import show_roi_grid, show_roi_output
from minimaskrcnn.viz.style import BLACK, BLUE, ORANGE, PURPLE, VERMILLION, headline, panels

ALIGNED_MAX = replace(ROI_ALIGN_MAX, aligned=True)
FIVE_CELLS = (0.7, 0.6, 5.2, 5.3)  # RoIPool makes cells 1 to 5 of it
SIDE = 7  # cells of the map under it
BINS = 3
BIN_LOOKS = ((BLACK, "-"), (PURPLE, "--"), (BLUE, "-."))
AREAS = {"lost": (VERMILLION, "////"), "gained": (BLUE, "....")}


@catalogued(
    38,
    "article-example",
    Chapter.CLOSE_UPS,
    heading="From 0.8 to 0.88",
    note="The article's figure. Above: snapped to cells, the top left bin has 0.8 at most; between the cells "
    "RoIAlign finds 0.88. Below: a rounded box loses cells and gains others, and its bins differ in size.",
)
def article_figure() -> Figure:
    """Draw RoIPool (left half) and aligned RoIAlign with a maximum (right half) on the article's examples."""
    figure, axes = panels(2, 4, 2.9, 2.9)
    for column, (name, rule) in enumerate({"RoIPool": ROI_POOL, "RoIAlign (max)": ALIGNED_MAX}.items()):
        view = look(ARTICLE_FEATURES, np.array(ARTICLE_BOX), (BINS, BINS), rule=rule)
        show_roi_grid(view, f"{name}: {view.output[0, 0]:.2g}", axes[2 * column])
        show_roi_output(view, axes[2 * column + 1])
        coarse = look(np.zeros((SIDE, SIDE)), np.array(FIVE_CELLS), (BINS, BINS), rule=rule)
        show_lost_and_gained(coarse, axes[4 + 2 * column])
        show_bin_sizes(coarse, axes[5 + 2 * column])
    return figure


def show_lost_and_gained(view: RoIView, ax: Axes | None = None) -> Axes:
    """Draw the box as given, dashed, and the window that the rule reads, solid; what differs is hatched."""
    ax = panels(1, 1, 3, 3)[1][0] if ax is None else ax
    _empty_map(ax, view)
    given, read = view.own_box, window(view)
    areas = {"lost": outside(given, read), "gained": outside(read, given)}
    for name, parts in areas.items():
        colour, hatch = AREAS[name]
        for x1, y1, x2, y2 in parts:
            ax.add_patch(
                Rectangle(
                    (x1, y1), x2 - x1, y2 - y1, facecolor="none", edgecolor=colour, hatch=hatch, linewidth=0
                )
            )
    _frame(ax, read, BLACK, "-", 1.6)
    _frame(ax, given, ORANGE, "--", 2.2)
    size = {name: sum((x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in parts) for name, parts in areas.items()}
    if not any(parts for parts in areas.values()):
        return headline(ax, "The window is the box", "nothing lost, nothing gained")
    see = f"lost, red strokes: {size['lost']:.1f} cells; gained, blue dots: {size['gained']:.1f}"
    return headline(ax, "The window is not the box", see)


def show_bin_sizes(view: RoIView, ax: Axes | None = None) -> Axes:
    """Draw the bins of a view, neighbours slightly apart, each with its width and height in cells."""
    ax = panels(1, 1, 3, 3)[1][0] if ax is None else ax
    _empty_map(ax, view)
    boxes = [view.bins(*cell) for cell in np.ndindex(view.output.shape)]
    sizes = [tuple((box[2:] - box[:2]).round(2)) for box in boxes]
    equal = len(set(sizes)) == 1
    for number, (box, (width, height)) in enumerate(zip(boxes, sizes, strict=True)):
        look = 0 if equal else sum(divmod(number, BINS)) % len(BIN_LOOKS)
        x1, y1, x2, y2 = box + np.array([1, 1, -1, -1]) * (0.05 + 0.06 * look)  # so that neighbours are seen
        _frame(ax, np.array([x1, y1, x2, y2]), *BIN_LOOKS[look], 1.3)
        middle = (x1 + x2) / 2, (y1 + y2) / 2
        background = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        ax.text(*middle, f"{width:.3g}x{height:.3g}", ha="center", va="center", fontsize=7, bbox=background)
    if equal:
        return headline(ax, "Equal bins", "width x height in cells")
    return headline(ax, "Unequal bins", "width x height in cells; neighbours overlap")


def window(view: RoIView) -> np.ndarray:
    """Return the rectangle of all bins of a view, (x1, y1, x2, y2) in positions."""
    first, last = view.bins(0, 0), view.bins(view.output.shape[0] - 1, view.output.shape[1] - 1)
    return np.array([*first[:2], *last[2:]])


def outside(a: np.ndarray, b: np.ndarray) -> list[tuple[float, float, float, float]]:
    """Return the parts of rectangle a that are outside of rectangle b, as rectangles without overlap.

    >>> outside(np.array([0, 0, 2, 2]), np.array([1, 0, 3, 3]))
    [(0.0, 0.0, 1.0, 2.0)]
    """
    (x1, y1, x2, y2), (bx1, by1, bx2, by2) = map(float, a), map(float, b)
    top, bottom = min(max(by1, y1), y2), max(min(by2, y2), y1)
    parts = [
        (x1, y1, x2, top),
        (x1, bottom, x2, y2),
        (x1, top, min(bx1, x2), bottom),
        (max(bx2, x1), top, x2, bottom),
    ]
    return [part for part in parts if part[2] - part[0] > 1e-9 and part[3] - part[1] > 1e-9]


def _frame(ax: Axes, box: np.ndarray, colour: str, line: str, width: float) -> None:
    x1, y1, x2, y2 = box
    ax.add_patch(
        Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=colour, linestyle=line, linewidth=width)
    )


def _empty_map(ax: Axes, view: RoIView) -> None:
    """Only the lines between the cells."""
    height, width = view.features.shape
    ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), aspect="equal", facecolor="white")
    ax.set_xticks(np.arange(width + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(height + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="#CCCCCC", linewidth=0.8)
    ax.tick_params(which="both", length=0, labelbottom=False, labelleft=False)
