"""Outlines as tools write them: points, rectangles, ellipses and runs of pixels.

The place (0, 0) is the upper left corner of the first pixel, whose middle is (0.5, 0.5), as in COCO. labelme,
VIA, YOLO and ImageJ draw in the same coordinates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minimaskrcnn.data.annotations.entries import as_number
from minimaskrcnn.data.annotations.findings import EntryError, shown
from minimaskrcnn.detection.polygons import FARTHEST

CORNERS = 72  # of the polygon that stands for an ellipse: its area is 0.13 % too small


def polygon(points: Any) -> list[float]:
    """Return pairs [[x1, y1], [x2, y2], ...] as one list [x1, y1, x2, y2, ...].

    Raises
    ------
    EntryError
        A point is no pair of finite numbers.
    """
    pairs = points if isinstance(points, list) else []
    if not pairs or any(not isinstance(pair, list) or len(pair) != 2 for pair in pairs):
        raise EntryError("points", f"has the points {shown(points)}", "write [[x1, y1], [x2, y2], ...]")
    return numbers([value for pair in pairs for value in pair])


def numbers(values: Sequence[Any]) -> list[float]:
    """Return finite numbers as floats.

    Raises
    ------
    EntryError
        One of them is something else, or farther than a polygon may reach.
    """
    floats = [as_number(value) for value in values]
    if not all(abs(value) <= FARTHEST for value in floats):  # also for NaN
        raise EntryError("points", f"has the coordinates {shown(list(values))}", "write numbers of pixels")
    return floats


def box_around(polygons: Sequence[list[float]]) -> list[float]:
    """Return the box [x, y, width, height] around polygons."""
    xs = [x for outline in polygons for x in outline[::2]]
    ys = [y for outline in polygons for y in outline[1::2]]
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


def area_of(outline: list[float]) -> float:
    """Return the area inside a polygon: half the sum of x_i y_(i+1) - x_(i+1) y_i around it.

    >>> area_of([0, 0, 4, 0, 4, 3])
    6.0
    """
    here = list(zip(outline[::2], outline[1::2], strict=True))
    following = here[1:] + here[:1]
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(here, following, strict=True))) / 2


def ellipse(cx: float, cy: float, rx: float, ry: float, theta: float = 0.0) -> list[float]:
    """Return an ellipse as a polygon; `theta` turns it from the x axis towards the y axis, in radians."""
    angle = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    u, v = rx * np.cos(angle), ry * np.sin(angle)
    x = cx + u * np.cos(theta) - v * np.sin(theta)
    y = cy + u * np.sin(theta) + v * np.cos(theta)
    return np.column_stack([x, y]).ravel().tolist()  # x1, y1, x2, y2, ...


@dataclass(frozen=True)
class Runs:
    """A set of pixels as runs down the columns of a picture, as COCO and Kaggle write masks.

    Attributes
    ----------
    starts, lengths : (R,) int64
        A run's first pixel, counted from 0 column by column, and its number of pixels.
    size : (height, width)

    Raises
    ------
    EntryError
        A run is empty, leaves the picture, or begins before the last one ends.

    Examples
    --------
    >>> runs = Runs(np.array([4]), np.array([2]), (3, 3))
    >>> runs.encoded(), runs.box()
    ({'size': [3, 3], 'counts': [4, 2, 3]}, [1.0, 1.0, 1.0, 2.0])
    """

    starts: np.ndarray
    lengths: np.ndarray
    size: tuple[int, int]

    def __post_init__(self) -> None:
        height, width = self.size
        if not len(self.starts) or self.lengths.min() < 1:
            raise EntryError("empty mask", "has a run without a pixel", "draw it again, or leave it out")
        gaps = self.starts[1:] - (self.starts + self.lengths)[:-1]
        last = int(self.starts[-1] + self.lengths[-1])
        if self.starts[0] < 0 or last > height * width or (gaps < 0).any():
            raise EntryError(
                "run lengths",
                f"has runs that overlap, or that leave the picture of {height * width} pixels",
                f"write runs in increasing order, for a picture of {height} x {width} (height x width)",
            )

    @classmethod
    def of(cls, mask: np.ndarray) -> Runs:
        """Return the runs of a mask (H, W) bool."""
        place = np.flatnonzero(mask.ravel(order="F"))
        first = np.flatnonzero(np.diff(place, prepend=-2) != 1)
        return cls(place[first], np.diff(np.append(first, len(place))), (mask.shape[0], mask.shape[1]))

    def encoded(self) -> dict[str, Any]:
        """Return COCO's uncompressed form: lengths of zeros and ones by turns."""
        ends = self.starts + self.lengths
        zeros = self.starts - np.concatenate([[0], ends[:-1]])
        counts = np.column_stack([zeros, self.lengths]).ravel()  # zeros, ones, zeros, ones, ...
        rest = self.size[0] * self.size[1] - int(ends[-1])
        return {"size": list(self.size), "counts": [*counts.tolist(), rest]}

    def area(self) -> int:
        """Return the number of pixels."""
        return int(self.lengths.sum())

    def box(self) -> list[float]:
        """Return the box [x, y, width, height] around the pixels."""
        height = self.size[0]
        last = self.starts + self.lengths - 1
        left, right = int(self.starts[0] // height), int(last[-1] // height)
        top, bottom = int((self.starts % height).min()), int((last % height).max())
        if (self.starts // height != last // height).any():  # such a run ends one column and begins the next
            top, bottom = 0, height - 1
        return [float(left), float(top), float(right - left + 1), float(bottom - top + 1)]
