"""Outlines as COCO writes them, polygons or run lengths, drawn into windows of the picture.

A picture with a hundred thousand annotations is drawn in seconds, and none of its masks is ever whole. All
polygons are drawn together.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minimaskrcnn.detection import rle
from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.polygons import polygon_crops
from minimaskrcnn.errors import InputError

Outline = dict[str, Any] | Sequence[Sequence[float]] | None
"""Run lengths, a list of polygons, or nothing."""
Crop = tuple[np.ndarray, tuple[int, int]]


def draw_outlines(outlines: Sequence[Outline], size: tuple[int, int]) -> BoxMasks:
    """Draw each outline as a mask of a picture of `size` (height, width); nothing gives an empty mask.

    Raises
    ------
    InputError
        If an outline is damaged, or is of a picture of another size.

    Examples
    --------
    >>> draw_outlines([[[1, 1, 3, 1, 3, 3, 1, 3]], {"size": [4, 4], "counts": [4, 3, 9]}], (4, 4)).windows
    array([[1, 1, 3, 3],
           [1, 0, 2, 3]])
    """
    polygons = [polygon for outline in outlines if not isinstance(outline, dict) for polygon in outline or []]
    drawn = iter(polygon_crops(polygons, *size))
    crops = [
        _of_run_lengths(outline, size)
        if isinstance(outline, dict)
        else _united([next(drawn) for _ in outline or []])
        for outline in outlines
    ]
    corners = np.array([corner for _, corner in crops], np.int64).reshape(-1, 2)  # (N, x y)
    return BoxMasks([crop for crop, _ in crops], corners, size)


def _of_run_lengths(encoded: dict[str, Any], size: tuple[int, int]) -> Crop:
    if rle.sides(encoded["size"]) != tuple(size):
        raise InputError(
            f"rle: size is {encoded['size']!r:.60}, but the picture is {list(size)}; use the picture that "
            "the mask was drawn on."
        )
    return rle.decode_crop(encoded)


def _united(crops: list[Crop]) -> Crop:
    """All polygons of one object in one window."""
    if len(crops) == 1:
        return crops[0]
    seen = [(crop, corner) for crop, corner in crops if crop.size]
    if not seen:
        return np.zeros((0, 0), bool), (0, 0)
    sides = np.array([crop.shape[::-1] for crop, _ in seen])  # (polygons, w h)
    first = np.array([corner for _, corner in seen])  # (polygons, x y)
    start, stop = first.min(axis=0), (first + sides).max(axis=0)
    whole = np.zeros((stop - start)[::-1], bool)
    for (crop, _), (x, y) in zip(seen, first - start, strict=True):
        whole[y : y + crop.shape[0], x : x + crop.shape[1]] |= crop
    return whole, (int(start[0]), int(start[1]))
