"""Check the list of annotations: what each belongs to, its box, crowd and area (outlines: `outlines`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from minimaskrcnn.data.annotations.categories import category_id
from minimaskrcnn.data.annotations.entries import (
    Annotation,
    Category,
    Id,
    Outline,
    Picture,
    as_id,
    as_number,
    as_object,
    described,
    entry_name,
    texts_prevail,
)
from minimaskrcnn.data.annotations.findings import EntryError, Finding, Findings, Severity, shown
from minimaskrcnn.data.annotations.keypoints import check_keypoints
from minimaskrcnn.data.annotations.outlines import check_outline, damaged_strings, enclosed, extent

LEAST_SIDE = 0.01  # pixels; float32, or a resize, makes a shorter side vanish
OVERHANG = 0.1  # of the picture's side that a box may leave it by
CROWD = {0: False, 1: True, "0": False, "1": True, None: False}
Box = tuple[float, float, float, float]


def check_annotations(
    entries: list[Any],
    pictures: Mapping[Id, Picture],
    categories: Sequence[Category],
    content: Mapping[str, list[Any]],
    findings: Findings,
    keypoints: int = 0,
) -> list[Annotation]:
    """Return the annotations that can be used, in the order of the file.

    Parameters
    ----------
    entries : the file's own list
    pictures, categories : that were found usable
    content : the whole file, which also lists the pictures that were not
    keypoints : how many keypoints an object has; with 0 none are read
    """
    check = _Check(pictures, categories, content, keypoints)
    kept: list[Annotation] = []
    places: list[int] = []
    for position, entry in enumerate(entries):
        try:
            kept.append(check(as_object(entry)))
            places.append(position)
        except EntryError as fault:
            findings.append(_finding(fault, entries, position))
    damaged = damaged_strings(kept)
    findings.extend(_finding(fault, entries, places[k]) for k, fault in damaged.items())
    kept = [annotation for k, annotation in enumerate(kept) if k not in damaged]
    _note_twins(kept, findings)
    return kept


def _finding(fault: EntryError, entries: list[Any], position: int) -> Finding:
    entry = entries[position]
    return fault.of(entry_name("annotation", entry, position), entry)


def _note_twins(annotations: list[Annotation], findings: Findings) -> None:
    """Note ids that several annotations have; the objects are used all the same."""
    ids = Counter(annotation.id for annotation in annotations if annotation.id is not None)
    findings.extend(
        Finding(
            Severity.NOTE,
            "id of several annotations",
            f"annotation {shown(key)}",
            f"is listed {count} times",
            "all are used; pycocotools would lose some",
        )
        for key, count in ids.items()
        if count > 1
    )


class _Check:
    """Turns one entry into an `Annotation`, or raises an `EntryError`."""

    def __init__(
        self,
        pictures: Mapping[Id, Picture],
        categories: Sequence[Category],
        content: Mapping[str, list[Any]],
        keypoints: int,
    ):
        self.keypoints = keypoints
        self.pictures, self.categories = pictures, {category.id for category in categories}
        self.listed = _listed_ids(content["images"])
        self.listed_categories = _listed_ids(content["categories"])
        self.text_categories = texts_prevail(content["categories"])
        self.has_outlines = any(isinstance(a, dict) and a.get("segmentation") for a in content["annotations"])

    def __call__(self, entry: dict[str, Any]) -> Annotation:
        key = None if entry.get("id") is None else as_id(entry["id"])
        picture = self._picture(entry.get("image_id"))
        category = self._category(entry.get("category_id"))
        box = _box(entry.get("bbox"))
        outline = self._outline(entry.get("segmentation"), picture)
        _compare(box, picture, extent(outline) if isinstance(outline, list) else None)
        crowd, area = _crowd(entry.get("iscrowd")), _area(entry.get("area"), box, outline)
        points = check_keypoints(entry.get("keypoints"), self.keypoints) if self.keypoints else None
        return Annotation(key, picture.id, category, box, outline, crowd, area, points)

    def _picture(self, value: Any) -> Picture:
        key = self._reference(value, "image")
        if key in self.pictures:
            return self.pictures[key]
        if key in self.listed:
            raise EntryError(
                "picture left out",
                f"belongs to image {shown(key)}, which is left out",
                "see what is said of that image",
                Severity.LEFT_OUT,
            )
        raise EntryError(
            "unlisted image",
            f"belongs to image {described(key)}, which the file does not list",
            "list the picture, or correct image_id",
        )

    def _category(self, value: Any) -> int:
        key = self._reference(value, "category")
        if isinstance(key, str) == self.text_categories and key in self.listed_categories:
            number = category_id(key, self.text_categories)
            if number in self.categories:
                return number
        raise EntryError(
            "unlisted category",
            f"has category {described(key)}, which the file does not list",
            "list the category, or correct category_id",
        )

    @staticmethod
    def _reference(value: Any, kind: str) -> Id:
        try:
            return as_id(value)
        except EntryError:
            raise EntryError(
                f"{kind}_id", f"has {kind}_id {shown(value)}", f"write the id of one listed {kind}"
            ) from None

    def _outline(self, segmentation: Any, picture: Picture) -> Any:
        if not self.has_outlines:
            return None
        if not segmentation:
            raise EntryError(
                "box without an outline",
                "has no usable segmentation, but others of the file have one",
                "draw its outline, or remove those of all to train on boxes alone",
            )
        return check_outline(segmentation, picture)


def _listed_ids(entries: list[Any]) -> set[Any]:
    """The ids of a list as they stand in the file, usable or not."""
    keys = (entry.get("id") for entry in entries if isinstance(entry, dict))
    return {key for key in keys if type(key) in (int, float, str)}  # 3.0 equals 3 in a set


def _box(value: Any) -> Box:
    """Return x, y, width, height; a box without width or height is left out as torchvision's script does."""
    numbers = [as_number(v) for v in value] if isinstance(value, list) and len(value) == 4 else []
    fix = "write finite x, y, width, height with positive width and height"
    if not numbers or any(v != v or abs(v) > 2**31 for v in numbers):
        raise EntryError("box", f"has bbox {shown(value)}", fix)
    x, y, width, height = numbers
    if width < 0 or height < 0:
        raise EntryError("box", f"has bbox {shown(value)}, a negative width or height", fix)
    if width < LEAST_SIDE or height < LEAST_SIDE:
        raise EntryError(
            "flat box",
            f"has bbox {shown(value)}, a width or height below {LEAST_SIDE} pixels",
            "it is left out; draw it again if it is an object",
            Severity.LEFT_OUT,
        )
    return x, y, width, height


def _compare(box: Box, picture: Picture, outline: Box | None) -> None:
    """Hold a box against its picture and its polygons, which tell two corners from a width and a height."""
    x, y, width, height = box
    corners = outline is not None and max(map(abs, map(float.__sub__, box, outline))) < 1 and (x > 1 or y > 1)
    if picture.size is not None:
        rows, columns = picture.size
        outside = x >= columns or y >= rows or x + width <= 0 or y + height <= 0
        over = max(-x, x + width - columns) / columns, max(-y, y + height - rows) / rows
        corners = corners or (max(over) > OVERHANG and 0 <= x < width <= columns and 0 <= y < height <= rows)
        if outside or max(over) > OVERHANG:
            hint = "; as two corners it would fit" if corners else ""
            raise EntryError(
                "box outside the picture",
                f"has bbox {shown(list(box))}, which ends at ({x + width:g}, {y + height:g}) of a picture of "
                f"{columns} x {rows}{hint}",
                "write x, y, width, height in pixels of this picture",
            )
    if corners:
        raise EntryError(
            "two corners",
            f"has bbox {shown(list(box))}, the two corners of its outline",
            "write x, y, width, height",
        )
    if outline is not None and not _meet(box, outline):
        raise EntryError(
            "box beside its outline",
            f"has bbox {shown(list(box))}, but its outline goes from ({outline[0]:g}, {outline[1]:g}) to "
            f"({outline[2]:g}, {outline[3]:g})",
            "write the box of the outline",
        )


def _meet(box: Box, outline: Box) -> bool:
    """Tell whether a box (x, y, width, height) touches or overlaps the extent (x1, y1, x2, y2)."""
    x, y, width, height = box
    x1, y1, x2, y2 = outline
    return x <= x2 and y <= y2 and x + width >= x1 and y + height >= y1


def _crowd(value: Any) -> bool:
    """Return iscrowd as a truth value: 0, 1, 0.0, false, null or nothing, and the texts "0" and "1"."""
    known = isinstance(value, int | float | str | None) and value in CROWD
    if not known:
        raise EntryError("iscrowd", f"has iscrowd {shown(value)}", "write 0 or 1")
    return CROWD[value]


def _area(value: Any, box: Box, outline: Outline | None) -> float:
    """Return the area in pixels; where the file states none, that of the outline, or else of the box."""
    if value is None:
        return box[2] * box[3] if outline is None else enclosed(outline)
    area = as_number(value)
    if not area >= 0:
        raise EntryError("area", f"has area {shown(value)}", "write a number from 0 on, or leave it out")
    return area
