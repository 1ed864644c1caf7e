"""VIA, the VGG Image Annotator 1 and 2: a project, its annotations as JSON, or as CSV.

    {"cat.jpg24631": {"filename": "cat.jpg", "size": 24631, "regions": [
        {"shape_attributes": {"name": "polygon", "all_points_x": [...], "all_points_y": [...]},
         "region_attributes": {"class": "cat"}}, ...]}, ...}

A project has this under `_via_img_metadata`; version 1 has an object of numbered regions in place of the
list; the CSV has one row per region, whose two attributes are JSON.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minimaskrcnn.data.annotations.findings import EntryError, Finding, Severity, shown
from minimaskrcnn.data.readers.entries import UNNAMED, Entries
from minimaskrcnn.data.readers.outlines import ellipse, numbers
from minimaskrcnn.errors import InputError

COLUMNS = {"region_shape_attributes", "region_attributes"}
CLASS = ("class", "label", "name", "category", "type")  # names of the attribute that holds the class
Region = tuple[str, int, dict[str, Any], dict[str, Any]]  # key, picture, shape and region attributes


def recognises(content: Any) -> bool:
    """Tell whether a JSON value is a project or an export of VIA."""
    if not isinstance(content, dict):
        return False
    return "_via_img_metadata" in content or any(
        isinstance(entry, dict) and "regions" in entry and "filename" in entry for entry in content.values()
    )


def read(content: dict[str, Any], path: Path) -> Entries:
    """Read a project, or annotations as JSON."""
    listed = content.get("_via_img_metadata", content)
    if not isinstance(listed, dict):
        raise InputError(f"{path} has {shown(listed)} for _via_img_metadata; export it again from VIA.")
    entries = Entries()
    regions: list[Region] = []
    for name, entry in listed.items():
        with entries.about(name, "image"):
            if not isinstance(entry, dict):
                raise EntryError("entry", f"is {shown(entry)}", "export it again from VIA")
            picture = entries.add_picture(entry.get("filename"))
            found = entry.get("regions") or []
            parts = list(found.values()) if isinstance(found, dict) else found
            if not isinstance(parts, list):
                raise EntryError("regions", f"has the regions {shown(parts)}", "export it again from VIA")
            for number, part in enumerate(parts, 1):
                key = f"{entry.get('filename')} region {number}"
                with entries.about(key):
                    regions.append((key, picture, *_attributes(part)))
    _add_regions(regions, entries, path)
    return entries


def read_csv(text: str, path: Path) -> Entries:
    """Read annotations as CSV."""
    entries = Entries()
    pictures: dict[str, int] = {}
    regions: list[Region] = []
    try:
        rows = list(csv.DictReader(io.StringIO(text.removeprefix("#"))))  # version 1 has "#filename"
    except csv.Error as fault:
        raise InputError(f"{path} is no whole CSV file ({fault}); export it again from VIA.") from None
    for row in rows:
        name = row.get("filename") or ""
        if name not in pictures:
            pictures[name] = entries.add_picture(name)
        if row.get("region_count") == "0":
            continue
        key = f"{name} region {row.get('region_id')}"
        with entries.about(key):
            shape, attributes = _json(row["region_shape_attributes"]), _json(row["region_attributes"])
            part = {"shape_attributes": shape, "region_attributes": attributes}
            regions.append((key, pictures[name], *_attributes(part)))
    _add_regions(regions, entries, path)
    return entries


def _json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise EntryError("attributes", f"has the attributes {shown(text)}", "export it again") from None


def _attributes(part: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The shape and the region attributes of one region."""
    shape = part.get("shape_attributes") if isinstance(part, dict) else None
    attributes = part.get("region_attributes", {}) if isinstance(part, dict) else None
    if not isinstance(shape, dict) or not isinstance(attributes, dict):
        raise EntryError("region", f"is {shown(part)}", "export it again from VIA")
    return shape, attributes


def _add_regions(regions: list[Region], entries: Entries, path: Path) -> None:
    attribute = _class_attribute([attributes for *_, attributes in regions], path)
    if attribute is None and regions:
        words = f"the file has no region attribute; its objects are of one class, {UNNAMED!r}"
        entries.findings.append(Finding(Severity.NOTE, "no class", str(path), "names no classes", words))
    for key, picture, shape, attributes in regions:
        with entries.about(key):
            name = UNNAMED if attribute is None else _class(attributes.get(attribute), attribute)
            if shape.get("name") == "rect":
                box = numbers([shape.get(side) for side in ("x", "y", "width", "height")])
                entries.add_rectangle(key, picture, name, box)
            else:
                entries.add_polygons(key, picture, name, [_outline(shape)])


def _class_attribute(attributes: list[dict[str, Any]], path: Path) -> str | None:
    """The region attribute that holds the class: the only one, or the one that is called so."""
    used = Counter(key for one in attributes for key in one)
    if len(used) < 2:
        return next(iter(used), None)
    named = [key for name in CLASS for key in used if key.lower() == name]
    if not named:
        raise InputError(
            f"{path} has the region attributes {', '.join(map(repr, used))}; rename the one that holds the "
            "class to 'class' in VIA, and export it again."
        )
    return named[0]


def _class(value: Any, attribute: str) -> str:
    """The class of a region: a text, or the one box that is ticked."""
    ticked = [key for key, on in value.items() if on] if isinstance(value, dict) else [value]
    if len(ticked) != 1 or not isinstance(ticked[0], str) or not ticked[0].strip():
        raise EntryError("class", f"has {shown(value)} for its attribute {attribute!r}", "choose one class")
    return ticked[0].strip()


def _outline(shape: dict[str, Any]) -> list[float]:
    """Return one region as a polygon."""
    kind = shape.get("name")
    if kind == "polygon":
        return [number for point in _points(shape) for number in point]
    if kind == "circle":
        cx, cy, r = numbers([shape.get(name) for name in ("cx", "cy", "r")])
        return ellipse(cx, cy, r, r)
    if kind == "ellipse":
        given = [shape.get(name) for name in ("cx", "cy", "rx", "ry")]
        return ellipse(*numbers([*given, shape.get("theta", 0)]))
    raise EntryError(
        "shape without an area",
        f"is a {shown(kind)} of VIA, which has no area",
        "it is left out; draw a polygon if it is an object",
        Severity.LEFT_OUT,
    )


def _points(shape: dict[str, Any]) -> Iterator[tuple[float, float]]:
    xs, ys = shape.get("all_points_x"), shape.get("all_points_y")
    if not isinstance(xs, list) or not isinstance(ys, list) or len(xs) != len(ys) or not xs:
        raise EntryError("points", f"has x {shown(xs)} and y {shown(ys)}", "write one y for each x")
    return zip(numbers(xs), numbers(ys), strict=True)
