"""The explorer inside a notebook: the same page as the command writes, in a frame of its own.

    viz.explore(model.trace(image))

The page comes with the output itself, so it works offline; the frame keeps it from the notebook.
"""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from minimaskrcnn.checks import check_whole, describe
from minimaskrcnn.detection.checks import as_real
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.explorer import WORLDS, bench_page, explorer_page, world_page
from minimaskrcnn.inspection import Trace

MOST_CELLS = 64  # per side of a map on the bench


class Embedded:
    """A page that a notebook shows in a frame.

    Attributes
    ----------
    title : str
    page : str, the HTML
    height : int, of the frame in pixels
    """

    def __init__(self, title: str, page: str, height: int):
        self.title, self.page, self.height = title, page, height

    def __repr__(self) -> str:
        return f"{self.title} (a page of {len(self.page):,} characters; shown in a notebook)"

    def _repr_html_(self) -> str:
        return (
            f'<iframe title="{escape(self.title)}" srcdoc="{escape(self.page)}" sandbox="allow-scripts" '
            f'style="width:100%;height:{self.height}px;border:1px solid #767c84"></iframe>'
        )


def explore(
    trace: Trace, target: Target | None = None, title: str = "a picture", height: int = 1000
) -> Embedded:
    """Show the explorer of a trace in a notebook.

    Parameters
    ----------
    trace : Trace
    target : Target, optional
        The true objects, in pixels of the picture that was given.
    title : str
        The name of the picture.
    height : int
        Height of the frame, pixels.
    """
    height = check_whole("explore", height, "height", 200, 10_000)
    return Embedded(f"Mask R-CNN explored: {title}", explorer_page(trace, target, title), height)


def explore_roi(
    features: np.ndarray | None = None,
    box: np.ndarray | tuple[float, float, float, float] | None = None,
    title: str = "your map",
    height: int = 1100,
) -> Embedded:
    """Show the RoI bench in a notebook: a box to drag on a map, and every switch of the operators.

    Parameters
    ----------
    features : (H, W) float array, optional
        One channel of a feature map, at most 64 cells per side; without it, the article's example is shown.
    box : (4,) x1 y1 x2 y2 in cells, optional
        The box at the start; by default the middle half of the map.
    title : str
        The name of the map.
    height : int
        Height of the frame, pixels.

    Raises
    ------
    InputError
        If the map is not one channel of numbers, is too large, or the box is not four numbers.
    """
    height = check_whole("explore_roi", height, "height", 200, 10_000)
    maps = [] if features is None else [_bench_map(features, box, title)]
    return Embedded("RoI operators explored", bench_page(maps), height)


def explore_world(name: str, height: int = 720) -> Embedded:
    """Show one small world in a notebook: two boxes, NMS, precision, anchors or the gradient check.

    Parameters
    ----------
    name : str
        "iou", "nms", "precision", "anchors" or "valley".
    height : int
        Height of the frame, pixels.
    """
    height = check_whole("explore_world", height, "height", 200, 10_000)
    page = world_page(name)
    return Embedded(WORLDS[name], page, height)


def _bench_map(features: np.ndarray, box: np.ndarray | tuple[Any, ...] | None, title: str) -> dict[str, Any]:
    """A map in the form in which the bench reads it."""
    values = as_real("explore_roi", features, "features").astype(np.float64)
    if values.ndim != 2 or not values.size or max(values.shape) > MOST_CELLS or not np.isfinite(values).all():
        raise InputError(
            f"explore_roi: features must be one channel (H, W) of finite numbers, at most {MOST_CELLS} cells "
            f"per side; got {describe(features)}. Cut out a piece of the map."
        )
    height, width = values.shape
    middle = [width / 4, height / 4, width * 3 / 4, height * 3 / 4]
    corners = as_real("explore_roi", middle if box is None else box, "box").astype(np.float64)
    if corners.shape != (4,) or not np.isfinite(corners).all():
        raise InputError(f"explore_roi: box must be x1, y1, x2, y2; got {describe(box)}.")
    return {
        "name": title,
        "height": height,
        "width": width,
        "values": values.ravel().tolist(),
        "box": corners.tolist(),
    }
