"""Boxes and their labels on a picture."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from minimaskrcnn.viz.style import LABEL, SOLID, ClassStyle, Dash, halo, inches, text_colour

CLEAR = 12  # more boxes than this are a bundle in which nobody counts; the rest is drawn faintly
FAINT = 0.45  # alpha
DOT = 8  # points; the side of the square around a keypoint that labels leave free
LABELLED = 25  # with more boxes than this, labels would cover the picture


def draw_boxes(
    ax: Axes, boxes: np.ndarray, colour: Any, dash: Dash = SOLID, width: float = 1.4, alpha: float = 1.0
) -> LineCollection:
    """Outline boxes (N, 4) in one artist; `colour` is one colour or N of them."""
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3, 0, 1]].reshape(-1, 5, 2)  # (N, 4) -> (N, corner, xy), closed
    lines = LineCollection(
        list(corners), colors=colour, linestyles=[dash], linewidths=width, alpha=alpha, capstyle="butt"
    )
    lines.set_path_effects(halo(1.7 * width))
    ax.add_collection(lines, autolim=False)
    return lines


def draw_faintly(ax: Axes, boxes: np.ndarray, colour: Any) -> None:
    """Outline boxes (N, 4) that are there but need not be told apart: thin and pale, without a rim."""
    if len(boxes):
        draw_boxes(ax, boxes, colour, width=0.6, alpha=FAINT).set_path_effects([])


def draw_links(ax: Axes, before: np.ndarray, after: np.ndarray, colour: Any) -> LineCollection:
    """Draw a line from the top-left corner of each box (N, 4) before to the same corner after."""
    links = np.stack([before[:, :2], after[:, :2]], axis=1)  # (N, end, xy)
    lines = LineCollection(list(links), colors=colour, linewidths=1.2)
    lines.set_path_effects(halo(2.2))
    ax.add_collection(lines, autolim=False)
    return lines


def draw_key(ax: Axes, names: Sequence[str], styles: Sequence[ClassStyle]) -> None:
    """Say in a corner of the axes what the colours and dashes mean that belong to no single box."""
    lines = [
        ax.plot([], [], color=style.colour, linestyle=style.dash, linewidth=1.6, label=name)[0]
        for name, style in zip(names, styles, strict=True)
    ]
    ax.legend(handles=lines, fontsize=LABEL, loc="lower left", framealpha=0.9, handlelength=2.6)


def label_boxes(
    ax: Axes,
    boxes: np.ndarray,
    labels: Sequence[str],
    colours: Sequence[str],
    size: float = LABEL,
    keypoints: np.ndarray | None = None,
) -> int:
    """Write a label at each box where there is room, first come first served; returns how many found room.

    A label tries the outside of the top edge, then the inside, then the bottom edge, left and right. It never
    covers another label or leaves the axes; it covers other boxes and keypoints (..., 3) only where it is
    narrower than its own box.
    """
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    width, height = inches(ax)
    unit_x, unit_y = (right - left) / (width * 72), (bottom - top) / (height * 72)  # data units a point
    frame = np.array([left, top, right, bottom])
    seen = np.zeros((0, 3)) if keypoints is None else keypoints[keypoints[..., 2] > 0]  # (M, 3)
    dots = seen[:, [0, 1, 0, 1]] + DOT / 2 * np.array([-unit_x, -unit_y, unit_x, unit_y])  # (M, 4)
    taken = np.zeros((0, 4))
    for index, (box, text, colour) in enumerate(zip(boxes, labels, colours, strict=True)):
        wide, tall = (len(text) * 0.62 + 0.6) * size * unit_x, 1.7 * size * unit_y
        places = [
            (place, side)
            for place, side in _places(box, wide, tall)
            if _inside(place, frame) and not _touches(place, taken).any()
        ]
        others = np.delete(boxes, index, axis=0)
        others = others[~_inside(box, others.T)]  # a label may lie in a box that holds its own
        shown = np.vstack([others, dots])
        free = [choice for choice in places if not _touches(choice[0], shown).any()]
        chosen = free[:1] or (places[:1] if box[2] - box[0] > wide else [])
        for place, side in chosen:
            _write(ax, place, side, text, colour, size)
            taken = np.vstack([taken, place])
    return len(taken)


def _places(box: np.ndarray, wide: float, tall: float) -> Iterator[tuple[np.ndarray, str]]:
    """Rectangles (4,) where the label of a box may stand, best first, and the side the text starts from."""
    x1, y1, x2, y2 = box
    for y in (y1 - tall, y1, y2, y2 - tall):
        yield np.array([x1, y, x1 + wide, y + tall]), "left"
        yield np.array([x2 - wide, y, x2, y + tall]), "right"


def _inside(place: np.ndarray, frame: np.ndarray) -> Any:
    """Whether a rectangle (4,) lies in a frame (4,), or in each of several (4, N)."""
    x1, y1, x2, y2 = frame
    return (place[0] >= x1) & (place[1] >= y1) & (place[2] <= x2) & (place[3] <= y2)


def _touches(place: np.ndarray, taken: np.ndarray) -> Any:
    return ((place[:2] < taken[:, 2:]) & (taken[:, :2] < place[2:])).all(axis=1)


def _write(ax: Axes, place: np.ndarray, side: str, text: str, colour: str, size: float) -> None:
    ax.text(
        place[0] if side == "left" else place[2],
        (place[1] + place[3]) / 2,
        text,
        fontsize=size,
        ha=side,
        va="center",
        color=text_colour(colour),
        bbox={"facecolor": colour, "edgecolor": "none", "alpha": 0.85, "pad": 0.8},
        clip_on=True,
    )
