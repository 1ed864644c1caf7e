"""Check outlines and pack them: polygons as arrays of doubles, run lengths as they are; nothing is drawn."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np

from minimaskrcnn.data.annotations.entries import NUMBERS, Annotation, Outline, Picture
from minimaskrcnn.data.annotations.findings import EntryError, shown
from minimaskrcnn.detection import rle
from minimaskrcnn.detection.polygons import FARTHEST
from minimaskrcnn.errors import InputError

FORMS = (
    "write polygons [[x1, y1, x2, y2, x3, y3, ...], ...] or run lengths "
    "{'size': [height, width], 'counts': ...}"
)
Extent = tuple[float, float, float, float]


def check_outline(segmentation: Any, picture: Picture) -> Outline:
    """Return an outline in compact form.

    The numbers of a compressed string are not looked at here, but by `damaged_strings` for all annotations
    together.
    """
    if isinstance(segmentation, dict):
        return _run_lengths(segmentation, picture)
    if not isinstance(segmentation, list) or not segmentation:
        raise EntryError("outline", f"has no usable segmentation ({shown(segmentation)})", FORMS)
    polygons = [_polygon(polygon) for polygon in segmentation]
    if picture.size is not None:
        x1, y1, x2, y2 = extent(polygons)
        height, width = picture.size
        if x2 <= 0 or y2 <= 0 or x1 >= width or y1 >= height:
            raise EntryError(
                "outline outside the picture",
                f"has its outline outside the picture, from ({x1:g}, {y1:g}) to ({x2:g}, {y2:g}) of "
                f"{width} x {height}",
                "correct the coordinates; they are pixels of the whole picture",
            )
    return polygons


def extent(polygons: Sequence[array[float]]) -> Extent:
    """The box x1, y1, x2, y2 around polygons."""
    xs, ys = [p[::2] for p in polygons], [p[1::2] for p in polygons]
    return min(map(min, xs)), min(map(min, ys)), max(map(max, xs)), max(map(max, ys))


def enclosed(outline: Outline) -> float:
    """The area inside an outline, pixels; 0 for a string that `damaged_strings` is going to refuse."""
    if isinstance(outline, list):
        return sum(map(_shoelace, outline))
    try:
        return float(rle.area(outline))
    except InputError:
        return 0.0


def _shoelace(polygon: array[float]) -> float:
    """Area = |sum_i x_i y_{i+1} - x_{i+1} y_i| / 2 (Gauss)."""
    xs, ys = np.frombuffer(polygon).reshape(-1, 2).T  # x, y, x, y, ... -> (2, corners)
    xs, ys = xs - xs[0], ys - ys[0]  # around a corner, so that far polygons lose no digits
    return float(abs(xs @ np.roll(ys, -1) - np.roll(xs, -1) @ ys)) / 2


def _polygon(polygon: Any) -> array[float]:
    """Return one polygon as doubles, once it is known to have three corners or more, at finite places."""
    if not isinstance(polygon, list) or not set(map(type, polygon)) <= NUMBERS:
        raise EntryError("outline", f"has no usable segmentation ({shown(polygon)} for a polygon)", FORMS)
    if len(polygon) < 6 or len(polygon) % 2:
        raise EntryError(
            "polygon",
            f"has no usable segmentation (a polygon of {len(polygon)} numbers)",
            "a polygon has x and y of three corners or more",
        )
    try:
        packed = array("d", polygon)
    except OverflowError:
        packed = array("d", [math.inf])
    if not (math.isfinite(sum(packed)) and max(packed) <= FARTHEST and min(packed) >= -FARTHEST):
        raise EntryError(
            "polygon",
            f"has no usable segmentation (a corner of {shown(polygon)} is not finite, or farther than "
            f"{FARTHEST:.0f} pixels)",
            "correct the coordinates",
        )
    return packed


def _run_lengths(segmentation: dict[str, Any], picture: Picture) -> Outline:
    """Return run lengths with their size as whole numbers; counts of the uncompressed form are added up."""
    size, counts = segmentation.get("size"), segmentation.get("counts")
    try:
        sides = list(rle.sides(size))
    except InputError as fault:
        raise EntryError(
            "run lengths", f"has no usable segmentation ({str(fault).rstrip('.')})", FORMS
        ) from None
    if picture.size is not None and sides != list(picture.size):
        raise EntryError(
            "run lengths of another size",
            f"has a mask of size {sides} (height, width) but its picture is {list(picture.size)}",
            "export the annotations for this size of picture",
        )
    if isinstance(counts, str):
        return {"size": sides, "counts": counts}
    try:
        runs = rle.run_lengths({"size": sides, "counts": counts})
    except InputError as fault:
        raise EntryError(
            "run lengths", f"has no usable segmentation ({str(fault).rstrip('.')})", FORMS
        ) from None
    if not runs[1::2].any():
        raise _no_pixel()
    return {"size": sides, "counts": array("q", runs.tolist())}


def damaged_strings(annotations: Sequence[Annotation]) -> dict[int, EntryError]:
    """Which of these annotations have a compressed string that makes no mask, by position, and why."""
    compressed = {
        position: annotation.outline
        for position, annotation in enumerate(annotations)
        if isinstance(annotation.outline, dict) and isinstance(annotation.outline["counts"], str)
    }
    strings = [outline["counts"] for outline in compressed.values()]
    pixels = [math.prod(outline["size"]) for outline in compressed.values()]
    areas = rle.pixels_of_strings(strings, pixels)
    return {
        position: _why(compressed[position])
        for position, area in zip(compressed, areas.tolist(), strict=True)
        if area <= 0
    }


def _why(outline: dict[str, Any]) -> EntryError:
    try:
        rle.run_lengths(outline)
    except InputError as fault:
        return EntryError("run lengths", f"has no usable segmentation ({str(fault).rstrip('.')})", FORMS)
    return _no_pixel()


def _no_pixel() -> EntryError:
    return EntryError("empty mask", "has a mask without a pixel", "draw it again, or leave it out")
