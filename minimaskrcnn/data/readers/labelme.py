"""labelme: one JSON file per picture, beside it or in a folder of its own.

    {"shapes": [{"label": "cat", "points": [[x, y], ...], "group_id": null, "shape_type": "polygon"}, ...],
     "imagePath": "cat.jpg", "imageHeight": 480, "imageWidth": 640, ...}

Shapes of one label and one `group_id` are parts of one object. A shape of type "mask" holds a PNG of the
pixels from its first point to its second, both included.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from minimaskrcnn.data.annotations.findings import EntryError, Severity, shown
from minimaskrcnn.data.readers.entries import Entries
from minimaskrcnn.data.readers.outlines import Runs, box_around, ellipse, numbers, polygon
from minimaskrcnn.data.readers.text import as_json, read_bytes
from minimaskrcnn.detection import rle
from minimaskrcnn.errors import InputError

NO_OBJECT = ("_background_", "__ignore__")
POLYGONS = ("polygon", "rotation")
Size = tuple[int, int]


def recognises(content: Any) -> bool:
    """Tell whether a JSON value is a file of labelme."""
    return isinstance(content, dict) and "shapes" in content and "imagePath" in content


def read(paths: list[Path], folder: Path | None) -> Entries:
    """Read files of labelme, one per picture.

    Parameters
    ----------
    paths : the JSON files
    folder : folder of the pictures
    """
    entries = Entries()
    for path in paths:
        with entries.about(path.name, "image"):
            _read_file(path, folder, entries)
    if not entries.images:
        raise InputError(
            f"{paths[0].parent} holds no file of labelme that can be used: {entries.findings[0]}."
        )
    return entries


def _read_file(path: Path, folder: Path | None, entries: Entries) -> None:
    try:
        content = as_json(read_bytes(path), path)
    except InputError as fault:
        raise EntryError("file that cannot be read", f"cannot be read: {fault}", "mend the file") from None
    if not recognises(content):
        raise EntryError("file of another kind", "is no file of labelme", "it is left out", Severity.LEFT_OUT)
    height, width = content.get("imageHeight"), content.get("imageWidth")
    picture = entries.add_picture(_file_name(content["imagePath"], folder), (height, width))
    size = _size(height, width)
    for key, label, parts in _objects(content["shapes"], path.name):
        with entries.about(key):
            _add(entries, key, picture, label, parts, size)


def _size(height: Any, width: Any) -> Size | None:
    """The picture's size, if a mask of it can be drawn."""
    try:
        size = rle.sides([height, width])
    except InputError:
        return None
    return size if min(size) > 0 else None


def _file_name(image_path: Any, folder: Path | None) -> Any:
    """The picture's name: `imagePath` leads from the JSON to it, and --images names its folder."""
    if not isinstance(image_path, str) or folder is None:
        return image_path
    slashed = image_path.replace("\\", "/")
    return slashed if (folder / slashed).is_file() and ".." not in slashed else slashed.rpartition("/")[2]


def _objects(shapes: Any, file_name: str) -> Iterator[tuple[str, Any, list[Any]]]:
    """Yield a key, the label and the shapes of each object; a group is one object where it first appears."""
    groups: dict[Any, tuple[str, Any, list[Any]]] = {}
    for position, shape in enumerate(shapes if isinstance(shapes, list) else [shapes], 1):
        key = f"{file_name} shape {position}"
        label, group = (
            (shape.get("label"), shape.get("group_id")) if isinstance(shape, dict) else (None, None)
        )
        member = key if group is None else (repr(label), repr(group))
        groups.setdefault(member, (key, label, []))[2].append(shape)
    yield from groups.values()


def _add(entries: Entries, key: str, picture: int, label: Any, parts: list[Any], size: Size | None) -> None:
    if label in NO_OBJECT:
        raise EntryError(
            "label for no object",
            f"is labelled {label!r}, labelme's word for no object",
            "it is left out",
            Severity.LEFT_OUT,
        )
    if not isinstance(label, str) or not label:
        raise EntryError("label", f"has the label {shown(label)}", "write the name of its class")
    kinds = [shape.get("shape_type") or "polygon" for shape in parts]
    if kinds == ["rectangle"]:
        entries.add_rectangle(key, picture, label, box_around([polygon(parts[0].get("points"))]))
    elif "mask" in kinds:
        drawn = [_drawn(kind, shape, size) for kind, shape in zip(kinds, parts, strict=True)]
        united = np.logical_or.reduce(drawn)
        entries.add_runs(key, picture, label, Runs.of(united))
    else:
        outlines = [_outline(kind, shape) for kind, shape in zip(kinds, parts, strict=True)]
        entries.add_polygons(key, picture, label, outlines)


def _outline(kind: Any, shape: dict[str, Any]) -> list[float]:
    """Return one shape as a polygon."""
    if kind in POLYGONS:
        return polygon(shape.get("points"))
    if kind == "rectangle":
        x, y, w, h = box_around([polygon(shape.get("points"))])
        return [x, y, x + w, y, x + w, y + h, x, y + h]
    if kind == "circle":  # its middle and a point of its edge
        points = polygon(shape.get("points"))
        if len(points) == 4:
            cx, cy, x, y = points
            radius = math.hypot(x - cx, y - cy)
            return ellipse(cx, cy, radius, radius)
    raise EntryError(
        "shape without an area",
        f"is a {shown(kind)} of labelme, which has no area",
        "it is left out; draw a polygon if it is an object",
        Severity.LEFT_OUT,
    )


def _drawn(kind: Any, shape: dict[str, Any], size: Size | None) -> np.ndarray:
    """Draw one shape as a mask of the whole picture, (height, width) bool."""
    if size is None:
        raise EntryError(
            "size", "is a mask in a file without a usable imageHeight and imageWidth", "write both in pixels"
        )
    if kind != "mask":
        return rle.polygons_to_mask([_outline(kind, shape)], *size)
    points = polygon(shape.get("points"))
    left, top = numbers(points[:2])
    crop, canvas = _decoded(shape.get("mask"), points), np.zeros(size, bool)
    row, column = int(top), int(left)
    height, width = crop.shape
    if row < 0 or column < 0 or row + height > size[0] or column + width > size[1]:
        raise EntryError("mask", "has a mask that leaves its picture", "draw it again")
    canvas[row : row + height, column : column + width] = crop
    return canvas


def _decoded(text: Any, points: list[float]) -> np.ndarray:
    """The PNG of a mask as (h, w) bool, once its size is known to be that of its points."""
    try:
        data = base64.b64decode(text, validate=True)
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            left, top, right, bottom = map(int, points)
            if picture.size == (right - left + 1, bottom - top + 1):
                return np.asarray(picture.convert("L")) > 0
    except Exception as fault:  # the decoders raise whatever a stranger's bytes lead them to
        raise EntryError("mask", f"has a mask that cannot be read ({fault})", "draw it again") from None
    raise EntryError(
        "mask",
        f"has a mask of {picture.width} x {picture.height} pixels from ({points[0]:g}, {points[1]:g}) to "
        f"{shown(points[2:])}",
        "draw it again",
    )
